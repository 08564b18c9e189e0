/**
 * Can the wall clock of this machine be believed? Held against what its own disk remembers and against the clocks of other
 * hosts. Pure. A clock that is set wrong must lose nothing: what is given up for good when it has become old, or when its
 * time has come, is held back while there is a doubt (`clock-watch.ts`).
 */
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'

export type ClockStanding =
  | { readonly kind: 'good' }
  /** Earlier than the disk remembers, or than most other hosts say: time is taken from those. */
  | { readonly kind: 'behind'; readonly byMs: number }
  /** Much later than it was when it was last seen, and nobody else says so. */
  | { readonly kind: 'leapt'; readonly byMs: number }
  /** Later than most other hosts say. */
  | { readonly kind: 'ahead'; readonly byMs: number }
  /** Others say something else, and they are too few, or do not agree, to tell who is right. */
  | { readonly kind: 'unsure'; readonly byMs: number }

/** All of one moment, milliseconds since the epoch. */
export interface ClockEvidence {
  readonly wallMs: number
  /** The latest time that was believed before, and what has passed since; `undefined` where nothing is known. */
  readonly keptMs: number | undefined
  /** What other hosts take the time to be: those that answered. */
  readonly othersMs: readonly number[]
}

export interface ClockVerdict {
  readonly standing: ClockStanding
  /** What the time is taken to be. */
  readonly timeMs: number
  /** Most hosts say so, so what was kept before counts no more. */
  readonly confirmed: boolean
}

/** Clocks of hosts in order differ less: more is refused by every storage server. Milliseconds. */
export const APART_MAX_MS = MAX_CLOCK_AHEAD_SECONDS * 1000
/** A clock that is corrected goes back less. Milliseconds. */
export const BACK_MAX_MS = 10_000
/** Longer than a machine that nobody cares about is usually off, milliseconds. */
export const LEAP_MS = 86_400_000

const GOOD: ClockStanding = { kind: 'good' }

export function judgeClock(evidence: ClockEvidence): ClockVerdict {
  const { wallMs, othersMs } = evidence
  const agreeing = near(wallMs, othersMs)
  if (othersMs.length > 0 && isMost(agreeing + 1, othersMs))
    return { standing: GOOD, timeMs: wallMs, confirmed: true }
  const theirs = timeOfMost(othersMs)
  if (theirs !== undefined) {
    const byMs = Math.abs(wallMs - theirs)
    return wallMs < theirs
      ? { standing: { kind: 'behind', byMs }, timeMs: theirs, confirmed: false }
      : { standing: { kind: 'ahead', byMs }, timeMs: wallMs, confirmed: false }
  }
  const alone = judgeAlone(evidence)
  const [other] = othersMs
  if (other === undefined || alone.standing.kind === 'behind') return alone
  return { ...alone, standing: { kind: 'unsure', byMs: Math.abs(wallMs - other) } }
}

/** By what the disk remembers. */
function judgeAlone({ wallMs, keptMs = wallMs }: ClockEvidence): ClockVerdict {
  const byMs = Math.abs(wallMs - keptMs)
  if (wallMs < keptMs - BACK_MAX_MS)
    return { standing: { kind: 'behind', byMs }, timeMs: keptMs, confirmed: false }
  const standing: ClockStanding = wallMs > keptMs + LEAP_MS ? { kind: 'leapt', byMs } : GOOD
  return { standing, timeMs: wallMs, confirmed: false }
}

/** The time that more than half of all hosts agree on without this one. */
function timeOfMost(othersMs: readonly number[]): number | undefined {
  return othersMs.find((one) => isMost(near(one, othersMs), othersMs))
}

function near(timeMs: number, othersMs: readonly number[]): number {
  return othersMs.filter((one) => Math.abs(one - timeMs) <= APART_MAX_MS).length
}

/** More than half of the others and this one? */
function isMost(count: number, othersMs: readonly number[]): boolean {
  return count * 2 > othersMs.length + 1
}
