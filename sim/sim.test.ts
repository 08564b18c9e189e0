/** A seed that found something once is run for ever. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import t from 'tap'
import { describe } from './describe.ts'
import { choicesOf, RUN_OPTIONS } from './replay.ts'
import { SeedRunner } from './seed-runner.ts'
import { simulate } from './simulation.ts'

/** Seed, with what else was chosen as on a command line, to what it found. */
const KEPT: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'),
)
/** On a machine with much else to do, milliseconds. */
const PATIENCE_MS = 1_800_000

t.setTimeout(PATIENCE_MS)

t.test('the same seed gives the same events, to the last', async (t) => {
  const options = { seed: 7, operations: 200, faults: 4 }
  const one = await simulate(options)
  const other = await simulate(options)
  t.equal(one.violation, undefined, describe(one))
  t.ok(one.events > 1_000)
  t.equal(other.digest, one.digest)
  const third = await simulate({ ...options, seed: 8 })
  t.not(third.digest, one.digest)
})

t.test('kept seeds', async (t) => {
  const runner = new SeedRunner()
  t.teardown(() => runner.stop())
  for (const [kept, found] of Object.entries(KEPT)) {
    const [seed, ...args] = kept.split(' ')
    const { values } = parseArgs({ args, options: RUN_OPTIONS })
    const result = await runner.run({ seed: Number(seed), choices: choicesOf(values) })
    t.ok(result.isGood, `seed ${kept} is good: ${found}`)
    if (!result.isGood) t.comment(result.text)
    t.ok(result.operations >= 2_000)
    t.ok(result.faults >= 10)
  }
})
