/** The command that is printed for a run is read back as the same run. */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { choicesOf, RUN_OPTIONS, type RunChoices, replayCommand } from './replay.ts'

const names = fc.array(fc.constantFrom('disk lost', 'one-way cut', 'kill'), { minLength: 1, maxLength: 3 })
const choices: fc.Arbitrary<RunChoices> = fc.record(
  {
    operations: fc.nat(5000),
    faults: fc.nat(100),
    onlyFaults: names,
    racePercent: fc.nat(100),
    absence: fc.constantFrom('always' as const, 'never' as const),
    workersOff: fc.constant(['expirer', 'database-replicator']),
  },
  { requiredKeys: [] },
)

t.test('every choice of a run stands in the command that runs it again', async (t) => {
  fc.assert(
    fc.property(fc.nat(), choices, (seed, chosen) => {
      const command = replayCommand(seed, chosen, undefined)
      const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      const { values } = parseArgs({
        args: args.slice(args.indexOf('--') + 1),
        options: { seed: { type: 'string' }, ...RUN_OPTIONS },
      })
      t.equal(Number(values.seed), seed)
      t.same(choicesOf(values), chosen)
    }),
  )
})

t.test('what makes no sense is refused, and a broken variant is named', async (t) => {
  t.throws(() => choicesOf({ absence: 'sometimes' }))
  t.throws(() => choicesOf({ faults: 'many' }))
  t.match(replayCommand(3, {}, 'quorum of one'), "MUTANT='quorum of one' node --import ./sim/mutate.ts")
})
