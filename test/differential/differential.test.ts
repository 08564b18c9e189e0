/**
 * The script against a real OpenStack Swift and against ours. Needs Debian's Swift and root; without them it is
 * skipped, except in CI (`MARTLET_CI=1`), where that is a failure.
 */
import t from 'tap'
import { whyNoReferenceSwift } from '#bench/reference-swift.ts'
import { takePlace } from '#test/place.ts'
import { startMartletSide, startSwiftSide } from './clusters.ts'
import { explanationOf, unusedEntries } from './known-differences.ts'
import { runScript } from './run.ts'
import { SCRIPT } from './script.ts'
import { Side } from './side.ts'

const TIMEOUT_MS = 300_000
/** More differences than a person would read say that one side is down. */
const SHOWN_MAX = 30
t.setTimeout(TIMEOUT_MS)
const obstacle = whyNoReferenceSwift()
const inCi = process.env['MARTLET_CI'] === '1'

t.test(
  'every request is answered as by OpenStack Swift, save for the known differences',
  {
    skip: obstacle !== undefined && !inCi ? obstacle : false,
  },
  async (t) => {
    const place = takePlace()
    t.teardown(() => place.release())
    const swift = await startSwiftSide(place)
    t.teardown(() => swift.stop())
    const martlet = await startMartletSide(place)
    t.teardown(() => martlet.stop())
    const differences = await runScript(SCRIPT, await Side.open(swift.url), await Side.open(martlet.url))
    const unexplained = differences.filter((difference) => explanationOf(difference) === undefined)
    t.same(unexplained.slice(0, SHOWN_MAX), [], `${SCRIPT.length} requests agree`)
    t.same(
      unusedEntries(differences).map(({ what }) => what),
      [],
      'every entry of the list of known differences still describes one',
    )
  },
)
