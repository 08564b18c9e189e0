/**
 * The scripts against real OpenStack Swifts and against ours. Needs Debian's Swift and root; without them it is
 * skipped, except in CI (`MARTLET_CI=1`), where that is a failure.
 */
import t from 'tap'
import { whyNoReferenceSwift } from '#bench/reference-swift.ts'
import { explanationOf, unusedEntries } from './known-differences.ts'
import { ALL_STEPS, comparePairs } from './pairs.ts'

/** Three thousand requests, of which a loaded machine answers five a second, and six clusters that start. */
const TIMEOUT_MS = 900_000
/** More differences than a person would read say that one side is down. */
const SHOWN_MAX = 30
t.setTimeout(TIMEOUT_MS)
const obstacle = whyNoReferenceSwift()
const inCi = process.env['MARTLET_CI'] === '1'

t.test('no two requests have the same name', async (t) => {
  const names = ALL_STEPS.map(({ name }) => name)
  t.same(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  )
})

t.test(
  'every request is answered as by OpenStack Swift, save for the known differences',
  {
    skip: obstacle !== undefined && !inCi ? obstacle : false,
  },
  async (t) => {
    const differences = await comparePairs()
    const unexplained = differences.filter((difference) => explanationOf(difference) === undefined)
    t.same(unexplained.slice(0, SHOWN_MAX), [], `${ALL_STEPS.length} requests agree`)
    t.same(
      unusedEntries(differences).map(({ what }) => what),
      [],
      'every entry of the list of known differences still describes one',
    )
  },
)
