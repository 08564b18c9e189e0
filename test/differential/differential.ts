/**
 * Compares two clusters request by request and prints what differs.
 *
 *     node test/differential/differential.ts                        real Swifts and ours, all started for it
 *     node test/differential/differential.ts --theirs URL --ours URL [--switched]
 *                                                  two that run; with `switched`, the script for rates, names and read-only mode
 *     … [--group NAME] [--all]      only steps whose name begins so (and what they need); known differences too
 *
 * Both sides must be empty, and know the users of `side.ts`.
 */
import { parseArgs } from 'node:util'
import type { Difference } from './comparison.ts'
import { explanationOf, unusedEntries } from './known-differences.ts'
import { ALL_STEPS, comparePairs } from './pairs.ts'
import { SWITCHED_SCRIPT } from './requests/switched.ts'
import { runScript } from './run.ts'
import { SCRIPT } from './script.ts'
import { Side } from './side.ts'

const { values } = parseArgs({
  options: {
    theirs: { type: 'string' },
    ours: { type: 'string' },
    switched: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    group: { type: 'string', default: '' },
  },
})

const differences = await found()
const isWhole = values.group === '' && values.theirs === undefined
for (const { what } of isWhole ? unusedEntries(differences) : []) console.log(`no longer differs: ${what}`)
const shown = differences
  .filter(({ step }) => step.startsWith(values.group))
  .filter((difference) => values.all || explanationOf(difference) === undefined)
const bySteps = Map.groupBy(shown, (difference) => difference.step)
for (const [step, ofStep] of bySteps) {
  const { method, path } = ALL_STEPS.find(({ name }) => name === step) ?? { method: '', path: '' }
  console.log(`\n${step}   (${method} ${path})`)
  for (const { field, theirs, ours } of ofStep) {
    console.log(`  ${field}\n    theirs ${JSON.stringify(theirs)}\n    ours   ${JSON.stringify(ours)}`)
  }
}
console.log(`\n${shown.length} differences in ${bySteps.size} requests`)
if (shown.length > 0) process.exitCode = 1

async function found(): Promise<readonly Difference[]> {
  const { theirs, ours, switched } = values
  if (theirs === undefined || ours === undefined) return comparePairs()
  return runScript(switched ? SWITCHED_SCRIPT : SCRIPT, await Side.open(theirs), await Side.open(ours))
}
