/**
 * Up to three times in one string, as Swift writes them into the `created_at` of a listing row: when the data was put,
 * when the content type was set, when the metadata was set. `t1+d2+d3`, the later ones as signed hexadecimal differences
 * in ticks from the one before (OpenStack Swift, `common/utils`: `encode_timestamps`). Only the first keeps its offset.
 */
import { offsetOf, parseTimestamp, type Timestamp, ticksOf, timestampFromTicks } from '#base/timestamp.ts'

export interface RowTimestamps {
  /** When the data was written or deleted; with offset. */
  readonly data: Timestamp
  /** When the content type was set; without offset. */
  readonly contentType: Timestamp
  /** When the metadata was set, which is what listings call last modified; without offset. */
  readonly meta: Timestamp
}

const ENCODED = /^([0-9._a-f]+?)(?:([+-])([0-9a-f]+))?(?:([+-])([0-9a-f]+))?$/

export function encodeTimestamps({ data, contentType, meta }: RowTimestamps): string {
  const toContentType = ticksOf(contentType) - ticksOf(data)
  const toMeta = ticksOf(meta) - ticksOf(contentType)
  if (toContentType === 0 && toMeta === 0) return short(data)
  return `${short(data)}${signedHex(toContentType)}${signedHex(toMeta)}`
}

/** `undefined` when it is not such a string, or a time in it is out of range. */
export function decodeTimestamps(encoded: string): RowTimestamps | undefined {
  const match = ENCODED.exec(encoded)
  if (match === null) return undefined
  const [, written = '', sign2, delta2, sign3, delta3] = match
  const data = parseTimestamp(written)
  if (data === undefined) return undefined
  const contentTypeTicks = ticksOf(data) + signedNumber(sign2, delta2)
  const metaTicks = contentTypeTicks + signedNumber(sign3, delta3)
  const contentType = timestampOf(contentTypeTicks)
  const meta = timestampOf(metaTicks)
  return contentType === undefined || meta === undefined ? undefined : { data, contentType, meta }
}

/** The time without its offset. */
export function withoutOffset(timestamp: Timestamp): Timestamp {
  return timestamp.length === 16 ? timestamp : timestampFromTicks(ticksOf(timestamp))
}

/** The offset without its leading zeros, as Swift's `Timestamp.short`. */
function short(timestamp: Timestamp): string {
  const offset = offsetOf(timestamp)
  return offset === 0 ? timestamp : `${timestamp.slice(0, 16)}_${offset.toString(16)}`
}

function signedHex(ticks: number): string {
  return ticks < 0 ? `-${(-ticks).toString(16)}` : `+${ticks.toString(16)}`
}

function signedNumber(sign: string | undefined, digits: string | undefined): number {
  if (digits === undefined) return 0
  const size = Number.parseInt(digits, 16)
  return sign === '-' ? -size : size
}

const LARGEST_TICKS = 9_999_999_999_99999

function timestampOf(ticks: number): Timestamp | undefined {
  return Number.isSafeInteger(ticks) && ticks >= 0 && ticks <= LARGEST_TICKS
    ? timestampFromTicks(ticks)
    : undefined
}
