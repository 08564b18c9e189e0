import { takePlace } from '#test/place.ts'
import { startMartletSide, startSwiftSide } from './clusters.ts'
import { explanationOf } from './known-differences.ts'
import { largeObjectRequests as SCRIPT } from './requests/large-objects.ts'
import { runScript } from './run.ts'
import { Side } from './side.ts'

const place = takePlace()
const theirs = await startSwiftSide(place)
try {
  const ours = await startMartletSide(place)
  try {
    const begin = Date.now()
    const sides = [await Side.open(theirs.url), await Side.open(ours.url)] as const
    const differences = await runScript(SCRIPT, ...sides)
    const shown = differences.filter((d) => explanationOf(d) === undefined)
    for (const [step, found] of Map.groupBy(shown, (d) => d.step)) {
      const { method, path } = SCRIPT.find(({ name }) => name === step)!
      console.log(`\n${step}   (${method} ${path})`)
      for (const { field, theirs: l, ours: r } of found)
        console.log(`  ${field}\n    theirs ${JSON.stringify(l)}\n    ours   ${JSON.stringify(r)}`)
    }
    console.log(SCRIPT.length, shown.length, Date.now() - begin)
  } finally {
    await ours.stop()
  }
} finally {
  await theirs.stop()
  place.release()
}
