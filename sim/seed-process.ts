/** Runs the seeds that its parent sends, one at a time. */
import { describe } from './describe.ts'
import type { SeedResult } from './explore.ts'
import { MUTANTS } from './mutants.ts'
import { simulate } from './simulation.ts'

process.on('message', (seed: number) => {
  void run(seed)
})

async function run(seed: number): Promise<void> {
  const mutant = MUTANTS.find(({ name }) => name === process.env['MUTANT'])
  const report = await simulate({ seed, ...mutant?.options })
  const { operations, acknowledged, violation } = report
  const isGood = violation === undefined
  const check = violation?.check ?? ''
  const result: SeedResult = { seed, isGood, check, text: describe(report), operations, acknowledged }
  process.send?.(result)
}
