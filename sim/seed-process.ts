/** Runs the seeds that its parent sends, one at a time. */
import { describe, replayOf } from './describe.ts'
import type { SeedResult, SeedToRun } from './explore.ts'
import { MUTANTS } from './mutants.ts'
import { simulate } from './simulation.ts'

process.on('message', (wanted: SeedToRun) => {
  void run(wanted)
})

async function run({ seed, choices }: SeedToRun): Promise<void> {
  const mutant = MUTANTS.find(({ name }) => name === process.env['MUTANT'])
  const report = await simulate({ seed, ...mutant?.options, ...choices })
  const { operations, acknowledged, violation } = report
  const isGood = violation === undefined
  const check = violation?.check ?? ''
  const result: SeedResult = {
    seed,
    isGood,
    check,
    replay: replayOf(report),
    text: describe(report),
    operations,
    acknowledged,
  }
  process.send?.(result)
}
