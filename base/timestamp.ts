/**
 * Swift's timestamps: seconds since the epoch with five decimals, sixteen characters, and an optional offset of
 * sixteen hex digits (`1700000000.12345_0000000000000001`). Because the width is fixed, comparing the strings
 * compares the times. (OpenStack Swift, `common/utils/timestamp.py`: `Timestamp.normal`, `.internal`.)
 *
 * A tick is 10 microseconds, the resolution of the decimals.
 */
import type { Brand } from './brand.ts'

export type Timestamp = Brand<string, 'Timestamp'>

export const TICKS_PER_SECOND = 100_000
export const ZERO_TIMESTAMP = '0000000000.00000' as Timestamp
const LARGEST_TICKS = 9_999_999_999_99999
const WRITTEN = /^(\d{1,10})(?:\.(\d{1,40}))?(?:_([0-9a-f]{1,16}))?$/

/** The timestamp of a number of ticks since the epoch. Throws `RangeError` outside what sixteen characters hold. */
export function timestampFromTicks(ticks: number, offset = 0): Timestamp {
  if (!Number.isSafeInteger(ticks) || ticks < 0 || ticks > LARGEST_TICKS) {
    throw new RangeError(`timestamp out of range: ${ticks} ticks`)
  }
  const seconds = Math.floor(ticks / TICKS_PER_SECOND)
  const rest = ticks - seconds * TICKS_PER_SECOND
  const normal = `${String(seconds).padStart(10, '0')}.${String(rest).padStart(5, '0')}`
  return (offset === 0 ? normal : `${normal}_${offset.toString(16).padStart(16, '0')}`) as Timestamp
}

/** Reads what a client or peer wrote (`1700000000`, `1700000000.1`, internal form). `undefined` if it is none. */
export function parseTimestamp(written: string): Timestamp | undefined {
  const match = WRITTEN.exec(written.trim())
  if (match === null) return undefined
  const [, seconds = '', decimals = '', offset] = match
  const micro = Math.round(Number(`0.${decimals.slice(0, 9) || '0'}`) * TICKS_PER_SECOND)
  const ticks = Number(seconds) * TICKS_PER_SECOND + micro
  if (ticks > LARGEST_TICKS) return undefined
  return timestampFromTicks(ticks, offset === undefined ? 0 : Number(`0x${offset}`))
}

/** Ticks since the epoch, the offset left out. */
export function ticksOf(timestamp: Timestamp): number {
  return Number(timestamp.slice(0, 10)) * TICKS_PER_SECOND + Number(timestamp.slice(11, 16))
}

export function offsetOf(timestamp: Timestamp): number {
  return timestamp.length > 16 ? Number(`0x${timestamp.slice(17)}`) : 0
}

/** Without the offset: what clients see (`X-Timestamp`). */
export function normalForm(timestamp: Timestamp): string {
  return timestamp.length > 16 ? timestamp.slice(0, 16) : timestamp
}

/** The next timestamp later than this one: one tick more. */
export function nextTick(timestamp: Timestamp): Timestamp {
  return timestampFromTicks(ticksOf(timestamp) + 1)
}

/** Whole seconds, rounded up as Swift does for `Last-Modified`, so that an object is never newer than its header. */
export function lastModifiedSeconds(timestamp: Timestamp): number {
  return Math.ceil(ticksOf(timestamp) / TICKS_PER_SECOND)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` of whole seconds (RFC 9110, section 5.6.7). */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}

/** `2023-11-14T22:13:20.123450`, the form of Swift's JSON and XML listings. */
export function isoForm(timestamp: Timestamp): string {
  const whole = new Date(Number(timestamp.slice(0, 10)) * 1000).toISOString().slice(0, 19)
  return `${whole}.${timestamp.slice(11, 16)}0`
}
