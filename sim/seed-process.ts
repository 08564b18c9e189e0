/** Runs the seeds that its parent sends, one at a time. */
import { describe } from './describe.ts'
import type { SeedResult } from './explore.ts'
import { simulate } from './simulation.ts'

process.on('message', (seed: number) => {
  void run(seed)
})

async function run(seed: number): Promise<void> {
  const report = await simulate({ seed })
  const { operations, acknowledged, violation } = report
  const isGood = violation === undefined
  const check = violation?.check ?? ''
  const result: SeedResult = { seed, isGood, check, text: describe(report), operations, acknowledged }
  process.send?.(result)
}
