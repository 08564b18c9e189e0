/** Starts the pairs of clusters that are compared, sends each its script, and stops them again. */
import type { ReferenceSwift } from '#bench/reference-swift.ts'
import { type Place, takePlace } from '#test/place.ts'
import { type RunningSide, startMartletSide, startSwiftSide } from './clusters.ts'
import type { Difference } from './comparison.ts'
import {
  startAliases,
  startMoreSwitchedMartlet,
  startMoreSwitchedSwift,
  startOurEndpoints,
} from './more-switched.ts'
import { ENDPOINTS_SCRIPT, MORE_SWITCHED_SCRIPT } from './requests/more-switched.ts'
import { SWITCHED_SCRIPT } from './requests/switched.ts'
import { runScript } from './run.ts'
import { SCRIPT } from './script.ts'
import { Side } from './side.ts'
import type { Step } from './step.ts'
import { startSwitchedMartlet, startSwitchedSwift } from './switched.ts'

/** All requests that are compared, in all scripts. */
export const ALL_STEPS: readonly Step[] = [
  ...SCRIPT,
  ...SWITCHED_SCRIPT,
  ...MORE_SWITCHED_SCRIPT,
  ...ENDPOINTS_SCRIPT,
]

/** All differences of all pairs. Throws one sentence when a cluster does not come up. */
export async function comparePairs(): Promise<readonly Difference[]> {
  await using stack = new AsyncDisposableStack()
  const place = (): Place => {
    const taken = takePlace()
    stack.defer(() => taken.release())
    return taken
  }
  const running = async <T extends RunningSide>(starting: Promise<T>): Promise<T> => {
    const side = await starting
    stack.defer(() => side.stop())
    return side
  }
  const [first, second, third] = [place(), place(), place()]
  const swift: ReferenceSwift = await running(startSwiftSide(first))
  const martlet = await running(startMartletSide(first))
  const differences = [...(await compare(SCRIPT, swift, martlet))]
  const switchedSwift = await running(startSwitchedSwift(second, swift))
  const switchedMartlet = await running(startSwitchedMartlet(second))
  differences.push(...(await compare(SWITCHED_SCRIPT, switchedSwift, switchedMartlet)))
  const lifetime = { teardown: (clear: () => unknown) => stack.defer(async () => void (await clear())) }
  const nameServer = await startAliases(lifetime)
  const moreSwift = await running(startMoreSwitchedSwift(third, swift, nameServer))
  const moreMartlet = await running(startMoreSwitchedMartlet(third, nameServer))
  differences.push(...(await compare(MORE_SWITCHED_SCRIPT, moreSwift, moreMartlet)))
  const url = await startOurEndpoints(lifetime, third, swift)
  return [...differences, ...(await compare(ENDPOINTS_SCRIPT, moreSwift, { url }))]
}

async function compare(
  script: readonly Step[],
  theirs: Pick<RunningSide, 'url'>,
  ours: Pick<RunningSide, 'url'>,
): Promise<readonly Difference[]> {
  return runScript(script, await Side.open(theirs.url), await Side.open(ours.url))
}
