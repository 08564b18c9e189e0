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
const CANONICAL = /^\d{10}\.\d{5}(?:_[0-9a-f]{16})?$/
/** What Python's `float` reads, as far as it can be a time; the offset is hexadecimal. */
const WRITTEN = /^(\+?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[+-]?\d{1,3})?)(?:_([0-9a-f]{0,16}))?$/i
const NO_OFFSET = '0'.repeat(16)

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

/**
 * Reads what a client or peer wrote (`1700000000`, `1700000000.1`, internal form). `undefined` if it is none, or later
 * than sixteen characters hold. More decimals than five are rounded as Python prints a double.
 */
export function parseTimestamp(written: string): Timestamp | undefined {
  if (CANONICAL.test(written))
    return (written.endsWith(NO_OFFSET) ? written.slice(0, 16) : written) as Timestamp
  const match = WRITTEN.exec(written.trim())
  if (match === null) return undefined
  const ticks = roundedTicks(Number(match[1]))
  if (ticks > LARGEST_TICKS) return undefined
  const offset = (match[2] ?? '').toLowerCase().padStart(16, '0')
  const normal = timestampFromTicks(ticks)
  return offset === NO_OFFSET ? normal : (`${normal}_${offset}` as Timestamp)
}

/**
 * `toFixed` rounds by the exact value of the double, as Python does, but a tie up where Python goes to the even digit.
 * A tie at five decimals is an odd number of 64ths: everything else has no exact half of a tick.
 */
function roundedTicks(seconds: number): number {
  if (!(seconds < 1e10)) return Number.POSITIVE_INFINITY
  const ticks = Number(seconds.toFixed(5).replace('.', ''))
  const isTie = Number.isInteger(seconds * 64) && (seconds * 64) % 2 === 1
  return isTie && ticks % 2 === 1 ? ticks - 1 : ticks
}

/** Ticks since the epoch, the offset left out. */
export function ticksOf(timestamp: Timestamp): number {
  return Number(timestamp.slice(0, 10)) * TICKS_PER_SECOND + Number(timestamp.slice(11, 16))
}

/** Milliseconds since the epoch, with fractions; the offset left out. */
export function millisecondsOf(timestamp: Timestamp): number {
  return ticksOf(timestamp) / (TICKS_PER_SECOND / 1000)
}

/** The offset; exact up to 2^53. */
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

/** The next timestamp that there is, by the offset: later than this one, and earlier than every other that is. */
export function justAfter(timestamp: Timestamp): Timestamp {
  return timestampFromTicks(ticksOf(timestamp), offsetOf(timestamp) + 1)
}

/** Whole seconds, rounded up as Swift does for `Last-Modified`, so that an object is never newer than its header. */
export function lastModifiedSeconds(timestamp: Timestamp): number {
  return Math.ceil(ticksOf(timestamp) / TICKS_PER_SECOND)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` of whole seconds (RFC 9110, section 5.6.7). */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}

const SECONDS_PER_DAY = 86_400
/** Dates of recently rendered timestamps: most of a listing was written on few days. */
let renderedDay = -1
let renderedDate = ''

/** `2023-11-14T22:13:20.123450`, the form of Swift's JSON and XML listings. */
export function isoForm(timestamp: Timestamp): string {
  const seconds = Number(timestamp.slice(0, 10))
  const day = Math.floor(seconds / SECONDS_PER_DAY)
  if (day !== renderedDay) {
    renderedDay = day
    renderedDate = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 11)
  }
  const ofDay = seconds - day * SECONDS_PER_DAY
  const time = `${twoDigits(ofDay / 3600)}:${twoDigits((ofDay / 60) % 60)}:${twoDigits(ofDay % 60)}`
  return `${renderedDate}${time}.${timestamp.slice(11, 16)}0`
}

function twoDigits(value: number): string {
  const whole = Math.floor(value)
  return whole < 10 ? `0${whole}` : String(whole)
}
