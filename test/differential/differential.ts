/**
 * Compares two clusters request by request and prints what differs.
 *
 *     node test/differential/differential.ts                        a real Swift and ours, both started for it
 *     node test/differential/differential.ts --ours URL             a real Swift and a cluster that already runs
 *     node test/differential/differential.ts --theirs URL --ours URL
 *     … [--group NAME] [--all]      only steps whose name begins so (and what they need); known differences too
 *
 * Both sides must be empty, and know the users of `side.ts`.
 */
import { parseArgs } from 'node:util'
import { takePlace } from '#test/place.ts'
import { startMartletSide, startSwiftSide } from './clusters.ts'
import { explanationOf, unusedEntries } from './known-differences.ts'
import { runScript } from './run.ts'
import { SCRIPT } from './script.ts'
import { Side } from './side.ts'

const { values } = parseArgs({
  options: {
    theirs: { type: 'string' },
    ours: { type: 'string' },
    all: { type: 'boolean', default: false },
    group: { type: 'string', default: '' },
  },
})

const place = takePlace()
const theirs =
  values.theirs === undefined ? await startSwiftSide(place) : { url: values.theirs, stop: async () => {} }
try {
  const ours =
    values.ours === undefined ? await startMartletSide(place) : { url: values.ours, stop: async () => {} }
  try {
    const sides = [await Side.open(theirs.url), await Side.open(ours.url)] as const
    const differences = await runScript(SCRIPT, ...sides)
    const stale = values.group === '' ? unusedEntries(differences) : []
    for (const { what } of stale) console.log(`no longer differs: ${what}`)
    const shown = differences
      .filter(({ step }) => step.startsWith(values.group))
      .filter((difference) => values.all || explanationOf(difference) === undefined)
    const bySteps = Map.groupBy(shown, (difference) => difference.step)
    for (const [step, found] of bySteps) {
      const { method, path } = SCRIPT.find(({ name }) => name === step) ?? { method: '', path: '' }
      console.log(`\n${step}   (${method} ${path})`)
      for (const { field, theirs: left, ours: right } of found) {
        console.log(`  ${field}\n    theirs ${JSON.stringify(left)}\n    ours   ${JSON.stringify(right)}`)
      }
    }
    console.log(`\n${SCRIPT.length} requests, ${shown.length} differences in ${bySteps.size} of them`)
    if (shown.length > 0) process.exitCode = 1
  } finally {
    await ours.stop()
  }
} finally {
  await theirs.stop()
  place.release()
}
