/** Sends the script to both sides, step by step, and collects what differs. */
import { type Difference, differencesOf } from './comparison.ts'
import { explanationOf } from './known-differences.ts'
import type { Side } from './side.ts'
import type { Step } from './step.ts'

/** A read is repeated when it differs in what nobody knows of: container updates may arrive a moment later on one side. */
const TRIES = 4
const PAUSE_MS = 250

/** All differences, in the order of the script. Each step is sent to both sides at the same time. */
export async function runScript(
  script: readonly Step[],
  theirs: Side,
  ours: Side,
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  for (const step of script) found.push(...(await runStep(step, theirs, ours)))
  return found
}

async function runStep(step: Step, theirs: Side, ours: Side): Promise<readonly Difference[]> {
  const tries = step.method === 'GET' || step.method === 'HEAD' ? TRIES : 1
  for (let left = tries; ; ) {
    const [one, other] = await Promise.all([theirs.send(step), ours.send(step)])
    const differences = differencesOf(
      step,
      { ...one, secrets: theirs.secrets() },
      { ...other, secrets: ours.secrets() },
    )
    left -= 1
    const isSettled = differences.every((difference) => explanationOf(difference) !== undefined)
    if (isSettled || left === 0) return differences
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
