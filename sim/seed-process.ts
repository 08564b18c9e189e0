/** Runs the seeds that its parent sends, one at a time. */
import { describe, replayOf } from './describe.ts'
import { MUTANTS } from './mutants.ts'
import type { SeedResult, SeedToRun } from './seed-runner.ts'
import { simulate } from './simulation.ts'

// Thousands of requests fail in a run, and nobody reads where each error was made; who replays a seed is told.
Error.stackTraceLimit = 0

process.on('message', (wanted: SeedToRun) => {
  void run(wanted)
})

async function run({ seed, choices }: SeedToRun): Promise<void> {
  const mutant = MUTANTS.find(({ name }) => name === process.env['MUTANT'])
  const before = process.cpuUsage()
  const report = await simulate({ seed, ...mutant?.options, ...choices })
  const { operations, acknowledged, faults, violation } = report
  const isGood = violation === undefined
  const check = violation?.check ?? ''
  const { user, system } = process.cpuUsage(before)
  const result: SeedResult = {
    seed,
    isGood,
    check,
    replay: replayOf(report),
    text: describe(report),
    operations,
    acknowledged,
    faults: faults.length,
    cpuSeconds: (user + system) / 1e6,
  }
  process.send?.(result)
}
