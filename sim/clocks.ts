/** How wrong the clocks of a simulated cluster may be. */

const DAY_MS = 86_400_000

/** Proxies' clocks are apart by at most so much at the start, milliseconds. */
export const SKEW_MS = 2_000
/** A clock jumps by at most so much, forwards or backwards, milliseconds. */
export const JUMP_MS = 10_000
/** A clock that is set wrong is so by about a week: as long as deletions are remembered. Milliseconds. */
export const WRONG_MS = 7 * DAY_MS
export const WRONG_MORE_MS = DAY_MS
/** What two clocks may say of the same moment differs by less, milliseconds: few of them jump more than twice. */
export const CLOCKS_APART_MS = 2 * SKEW_MS + 4 * JUMP_MS
