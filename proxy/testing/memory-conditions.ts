/** Ranges and conditions of a read, on an object held in memory (RFC 9110, sections 13 and 14). */
import { MAX_NONASCENDING_RANGES, MAX_RANGE_OVERLAPS, MAX_RANGES } from '#base/limits.ts'
import type { HeaderMap } from '#http/message.ts'

export type Verdict = 'go_on' | 'not_modified' | 'failed'

/** In Swift's order (`common/swob.py`): If-None-Match, If-Match, then the dates. */
export function judge(conditions: HeaderMap, etag: string, lastModifiedSeconds: number): Verdict {
  const noneMatch = conditions['if-none-match']
  const match = conditions['if-match']
  if (noneMatch !== undefined && holds(noneMatch, etag)) return 'not_modified'
  if (match !== undefined && !holds(match, etag)) return 'failed'
  const modifiedSince = Date.parse(conditions['if-modified-since'] ?? '') / 1000
  const unmodifiedSince = Date.parse(conditions['if-unmodified-since'] ?? '') / 1000
  if (lastModifiedSeconds <= modifiedSince) return 'not_modified'
  return lastModifiedSeconds > unmodifiedSince ? 'failed' : 'go_on'
}

function holds(condition: string, etag: string): boolean {
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'))
  return tags.includes('*') || tags.includes(etag)
}

/** First and last byte, both included. */
export type ByteRange = readonly [first: number, last: number]

/** `undefined`: the header does not count. Empty: nothing of it can be satisfied. */
export function rangesOf(header: string | undefined, sizeBytes: number): readonly ByteRange[] | undefined {
  if (header === undefined || !/^bytes=/i.test(header)) return undefined
  const ranges: ByteRange[] = []
  for (const part of header.slice('bytes='.length).split(',')) {
    const match = /^(\d*)-(\d*)$/.exec(part.trim())
    const [first = '', last = ''] = match?.slice(1) ?? []
    if (match === null || (first === '' && last === '')) return undefined
    if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
    const range = clipped(first, last, sizeBytes)
    if (range !== undefined) ranges.push(range)
  }
  return isEgregious(ranges) ? [] : ranges
}

function clipped(first: string, last: string, sizeBytes: number): ByteRange | undefined {
  if (first === '') return last === '0' ? undefined : [Math.max(0, sizeBytes - Number(last)), sizeBytes - 1]
  if (Number(first) >= sizeBytes) return undefined
  return [Number(first), last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)]
}

function isEgregious(ranges: readonly ByteRange[]): boolean {
  if (ranges.length > MAX_RANGES) return true
  let overlaps = 0
  ranges.forEach(([first, last], at) => {
    for (const [otherFirst, otherLast] of ranges.slice(at + 1))
      if (first <= otherLast && otherFirst <= last) overlaps += 1
  })
  const ascends = ranges.every(([first], at) => at === 0 || first >= (ranges[at - 1] as ByteRange)[0])
  return overlaps > MAX_RANGE_OVERLAPS || (!ascends && ranges.length >= MAX_NONASCENDING_RANGES)
}
