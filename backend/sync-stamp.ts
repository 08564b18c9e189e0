/** When a range of hashes on a device was last made equal with its peers, and its form in the store. */
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'

/** Wall clock, milliseconds since the epoch; 0 for never. */
export interface SyncStamp {
  /**
   * Begin of the last sync in which everything was heard that a majority of the primaries had: no delete before it was
   * missed. Says nothing of whether they have what is here.
   */
  readonly touchedMs: number
  /** Begin of the last sync after which a majority of the primaries, this replica among them, held the same. */
  readonly majorityMs: number
  /** The same with every primary of the ring. */
  readonly allMs: number
  /**
   * For a range that the ring gives to others: when it was first known that something of it lies here, or later, when a
   * majority of the primaries last held all of that.
   */
  readonly noticedMs: number
  /** Out of touch for longer than the reclaim age, and not made equal since. */
  readonly stale: boolean
}

/** The stamp of a range that does not change is renewed so often, milliseconds. */
export const STAMP_RENEW_MS = 3_600_000

export const NO_STAMP: SyncStamp = { touchedMs: 0, majorityMs: 0, allMs: 0, noticedMs: 0, stale: false }

/** A time that is so much later than now was noted by a clock that was wrong: how long ago it was is not known. Milliseconds. */
export const AHEAD_OF_NOW_MAX_MS = 3_600_000

/** The stamp without what a clock that was wrong noted: those times are before `nowMs`. `undefined` when there is none. */
export function withoutFuture(stamp: SyncStamp, nowMs: number): SyncStamp | undefined {
  const { touchedMs, majorityMs, allMs, noticedMs } = stamp
  const latestMs = Math.max(touchedMs, majorityMs, allMs, noticedMs)
  if (latestMs <= nowMs + AHEAD_OF_NOW_MAX_MS) return undefined
  const past = (ms: number): number => Math.min(ms, Math.max(0, nowMs - 1))
  return {
    ...stamp,
    touchedMs: past(touchedMs),
    majorityMs: past(majorityMs),
    allMs: past(allMs),
    noticedMs: past(noticedMs),
  }
}

/**
 * Was the device away for longer than deletes are remembered, or is that not known because its last sign of life lies in the
 * future? Milliseconds, wall clock.
 */
export function wasAwayForLong(
  aliveMs: number,
  nowMs: number,
  longestSeconds: number | undefined = RECLAIM_AGE_SECONDS,
): boolean {
  return nowMs - aliveMs > longestSeconds * 1000 || aliveMs > nowMs + AHEAD_OF_NOW_MAX_MS
}

/** Was it noted so lately that it need not be noted again? */
export function isFresh(notedMs: number, nowMs: number): boolean {
  return nowMs - notedMs < STAMP_RENEW_MS && notedMs <= nowMs + AHEAD_OF_NOW_MAX_MS
}

/** Of what lies in the place of others and was compared with a majority of them: nothing was missed until `atMs`. */
export function touchedAt({ majorityMs, noticedMs }: SyncStamp, atMs: number): SyncStamp {
  return { ...NO_STAMP, touchedMs: atMs, noticedMs: Math.max(majorityMs, noticedMs) }
}

/**
 * Of what still lies in the place of others after a majority of them was asked to take it, and what they had deleted of it was
 * learnt. `held`: that majority has all of it. `undefined` while the stamp says as much.
 */
export function renewedStamp(stamp: SyncStamp, atMs: number, they: 'held' | 'heard'): SyncStamp | undefined {
  const saidMs = they === 'held' ? stamp.noticedMs : stamp.touchedMs
  if (isFresh(saidMs, atMs)) return undefined
  return { ...stamp, touchedMs: atMs, noticedMs: they === 'held' ? atMs : stamp.noticedMs }
}

const VERSION = 2
const STALE_FLAG = 1
/** Version, flags, four times of eight bytes. */
const STAMP_BYTES = 34
/** Without the time of the last touch, which was the same as that of the majority. */
const FIRST_VERSION = 1
const FIRST_STAMP_BYTES = 26

export function encodeStamp({ touchedMs, majorityMs, allMs, noticedMs, stale }: SyncStamp): Buffer {
  const bytes = Buffer.alloc(STAMP_BYTES)
  bytes[0] = VERSION
  bytes[1] = stale ? STALE_FLAG : 0
  bytes.writeDoubleBE(majorityMs, 2)
  bytes.writeDoubleBE(allMs, 10)
  bytes.writeDoubleBE(noticedMs, 18)
  bytes.writeDoubleBE(touchedMs, FIRST_STAMP_BYTES)
  return bytes
}

/** `undefined` for bytes of another version: the range counts as never made equal. */
export function decodeStamp(bytes: Buffer): SyncStamp | undefined {
  const isFirst = bytes[0] === FIRST_VERSION && bytes.length === FIRST_STAMP_BYTES
  if (!isFirst && (bytes[0] !== VERSION || bytes.length !== STAMP_BYTES)) return undefined
  const majorityMs = bytes.readDoubleBE(2)
  return {
    touchedMs: isFirst ? majorityMs : bytes.readDoubleBE(FIRST_STAMP_BYTES),
    majorityMs,
    allMs: bytes.readDoubleBE(10),
    noticedMs: bytes.readDoubleBE(18),
    stale: ((bytes[1] ?? 0) & STALE_FLAG) !== 0,
  }
}
