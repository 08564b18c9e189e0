/**
 * The `Range` header and the answers to it, as OpenStack Swift understands them (`common/swob.py`: `Range`,
 * `Response._response_iter`; RFC 9110, section 14).
 *
 * A header with any syntactic error is ignored as a whole. Requests that cost much and mean little, too many ranges,
 * or overlapping or unordered ones, are not satisfiable.
 */
import { MAX_NONASCENDING_RANGES, MAX_RANGE_OVERLAPS, MAX_RANGES } from '#base/limits.ts'

/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** One range as asked for: from `first` to `last` inclusive, or the final `last` bytes when `first` is missing. */
export type RangeSpec =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly first: undefined; readonly last: number }

export type ResolvedRange =
  /** Send everything, with 200. */
  | { readonly kind: 'whole' }
  /** 206 with `Content-Range`. */
  | { readonly kind: 'single'; readonly range: ByteRange }
  /** 206 with `multipart/byteranges`; two ranges or more. */
  | { readonly kind: 'multiple'; readonly ranges: readonly ByteRange[] }
  /** 416 with `Content-Range` as `unsatisfiedRange` gives it. */
  | { readonly kind: 'unsatisfiable' }

const SPEC = /^(\d*)-(\d*)$/

/** The ranges of a header; `undefined` when there is none or it is to be ignored. */
export function parseRange(header: string | undefined): readonly RangeSpec[] | undefined {
  if (header === undefined) return undefined
  const written = header.replaceAll(' ', '')
  if (written.slice(0, 6).toLowerCase() !== 'bytes=') return undefined
  const specs: RangeSpec[] = []
  for (const text of written.slice(6).split(',')) {
    const spec = parseSpec(text)
    if (spec === undefined) return undefined
    specs.push(spec)
  }
  return specs
}

function parseSpec(text: string): RangeSpec | undefined {
  const match = SPEC.exec(text)
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : { first: undefined, last: position(last) }
  if (last === '') return { first: position(first), last: undefined }
  const spec = { first: position(first), last: position(last) }
  return spec.last < spec.first ? undefined : spec
}

/** Nothing is longer than what a double holds exactly. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

/** What to send of `lengthBytes` bytes. */
export function resolveRanges(specs: readonly RangeSpec[] | undefined, lengthBytes: number): ResolvedRange {
  if (specs === undefined || specs.length === 0) return { kind: 'whole' }
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = satisfiable(spec, lengthBytes)
    if (range !== undefined) ranges.push(range)
  }
  const [first] = ranges
  if (first === undefined || isEgregious(ranges)) return { kind: 'unsatisfiable' }
  // The last bytes of nothing are nothing, and no Content-Range can say so.
  if (lengthBytes === 0) return { kind: 'whole' }
  return ranges.length === 1 ? { kind: 'single', range: first } : { kind: 'multiple', ranges }
}

function satisfiable(spec: RangeSpec, lengthBytes: number): ByteRange | undefined {
  if (spec.first === undefined) {
    return spec.last === 0 ? undefined : { start: Math.max(0, lengthBytes - spec.last), end: lengthBytes }
  }
  if (spec.first >= lengthBytes) return undefined
  return {
    start: spec.first,
    end: spec.last === undefined ? lengthBytes : Math.min(spec.last + 1, lengthBytes),
  }
}

/** RFC 9110, section 17.15: ranges that only serve to exhaust the server. */
function isEgregious(ranges: readonly ByteRange[]): boolean {
  if (ranges.length > MAX_RANGES) return true
  if (countOverlaps(ranges) > MAX_RANGE_OVERLAPS) return true
  return ranges.length >= MAX_NONASCENDING_RANGES && !isAscending(ranges)
}

function countOverlaps(ranges: readonly ByteRange[]): number {
  let overlaps = 0
  for (const [at, one] of ranges.entries()) {
    for (const other of ranges.slice(at + 1))
      if (reachesInto(one, other) || reachesInto(other, one)) overlaps += 1
  }
  return overlaps
}

/** One end of `other` lies inside `one`; equal ranges do not count, as in Swift. */
function reachesInto(one: ByteRange, other: ByteRange): boolean {
  return (one.start < other.start && other.start < one.end) || (one.start < other.end && other.end < one.end)
}

function isAscending(ranges: readonly ByteRange[]): boolean {
  return ranges.every((range, at) => at === 0 || (ranges[at - 1] as ByteRange).start <= range.start)
}

/** The value of `Content-Range` for one range. */
export function contentRange(range: ByteRange, lengthBytes: number): string {
  return `bytes ${range.start}-${range.end - 1}/${lengthBytes}`
}

/** The value of `Content-Range` that goes with 416. */
export function unsatisfiedRange(lengthBytes: number): string {
  return `bytes */${lengthBytes}`
}

/** `bytes 0-9/100` read back: where a partial answer lies in the whole. `undefined` if it is none. */
export function parseContentRange(
  header: string | undefined,
): { readonly range: ByteRange; readonly lengthBytes: number } | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '')
  if (match === null) return undefined
  const [start, last, lengthBytes] = match.slice(1).map(Number) as [number, number, number]
  if (last < start || last >= lengthBytes) return undefined
  return { range: { start, end: last + 1 }, lengthBytes }
}
