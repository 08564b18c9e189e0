/** Conditional puts, deletes and completions of uploads in a cluster in which proxies and storage servers die: one wins. */
import t from 'tap'
import { describe } from './describe.ts'
import { simulate } from './simulation.ts'

/** On a machine with much else to do, milliseconds. */
const PATIENCE_MS = 600_000

t.setTimeout(PATIENCE_MS)

t.test('each state of an object has one successor', async (t) => {
  const onlyFaults = ['kill', 'proxy killed', 'isolation', 'one-way cut', 'split']
  const choices = { operations: 250, faults: 6, chainPercent: 80, absence: 'never', onlyFaults } as const
  const report = await simulate({ seed: 2, ...choices })
  t.equal(report.violation, undefined, describe(report))
  t.ok(report.faults.length >= 4)
})
