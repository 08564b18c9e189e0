/** How wrong the clocks of a simulated cluster may be. */

/** Proxies' clocks are apart by at most so much at the start, milliseconds. */
export const SKEW_MS = 2_000
/** A clock jumps by at most so much, forwards or backwards, milliseconds. */
export const JUMP_MS = 10_000
/** What two clocks may say of the same moment differs by less, milliseconds: few of them jump more than twice. */
export const CLOCKS_APART_MS = 2 * SKEW_MS + 4 * JUMP_MS
