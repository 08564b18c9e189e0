/**
 * `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since`, in the order and with the leniency of
 * OpenStack Swift (`common/swob.py`: `Match`, `Response._get_conditional_response_status`): quotes around a tag are
 * optional, weak tags match nothing but themselves, dates that cannot be read are ignored.
 */
import type { HeaderMap } from './message.ts'

/** What the conditions are held against. */
export interface Entity {
  /** Something is stored under the name. */
  readonly exists: boolean
  readonly etag: string | undefined
  /** Whole seconds since the epoch, as `Last-Modified` says. */
  readonly lastModifiedSeconds: number | undefined
}

export type ConditionOutcome =
  | 'proceed'
  /** 304 */
  | 'not_modified'
  /** 412 */
  | 'precondition_failed'

/** The outcome for a read. */
export function evaluateConditions(headers: HeaderMap, entity: Entity): ConditionOutcome {
  const byTag = evaluateTags(headers, entity)
  return byTag === 'proceed' ? evaluateDates(headers, entity) : byTag
}

function evaluateTags(headers: HeaderMap, entity: Entity): ConditionOutcome {
  const unwanted = parseTags(headers['if-none-match'])
  if (entity.etag !== undefined && unwanted?.matches(entity.etag) === true) return 'not_modified'
  const wanted = parseTags(headers['if-match'])
  if (wanted === undefined) return 'proceed'
  if (entity.etag !== undefined && !wanted.matches(entity.etag)) return 'precondition_failed'
  if (!entity.exists && wanted.isAny) return 'precondition_failed'
  return 'proceed'
}

function evaluateDates(headers: HeaderMap, entity: Entity): ConditionOutcome {
  const { lastModifiedSeconds } = entity
  if (lastModifiedSeconds === undefined) return 'proceed'
  const modifiedSince = parseHttpDate(headers['if-modified-since'])
  if (modifiedSince !== undefined && lastModifiedSeconds <= modifiedSince) return 'not_modified'
  const unmodifiedSince = parseHttpDate(headers['if-unmodified-since'])
  if (unmodifiedSince !== undefined && lastModifiedSeconds > unmodifiedSince) return 'precondition_failed'
  return 'proceed'
}

/** A list of entity tags. */
export interface TagList {
  /** `*` is among them. */
  readonly isAny: boolean
  readonly matches: (etag: string) => boolean
}

/** The tags of an `If-Match` or `If-None-Match`; `undefined` without the header. An empty one matches nothing. */
export function parseTags(header: string | undefined): TagList | undefined {
  if (header === undefined) return undefined
  const tags = new Set<string>()
  for (const written of header.split(',')) {
    const tag = written.trim()
    if (tag !== '') tags.add(unquoted(tag))
  }
  const isAny = tags.has('*')
  return { isAny, matches: (etag) => isAny || tags.has(unquoted(etag)) }
}

/** The tag without the quotes around it. */
export function unquoted(tag: string): string {
  return tag.length > 1 && tag.startsWith('"') && tag.endsWith('"') ? tag.slice(1, -1) : tag
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** `Sun, 06 Nov 1994 08:49:37 GMT` and the older `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DAY_FIRST =
  /^(?:[a-z]{3,9},? )?(\d{1,2})[ -]([a-z]{3})[ -](\d{2}|\d{4}) (\d{2}):(\d{2})(?::(\d{2}))?(?: .*)?$/i
/** `Sun Nov  6 08:49:37 1994` */
const MONTH_FIRST = /^(?:[a-z]{3,9} )?([a-z]{3}) {1,2}(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i

/** Whole seconds since the epoch of any date RFC 9110 allows (section 5.6.7); `undefined` if it is none. */
export function parseHttpDate(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  const text = written.trim()
  const dayFirst = DAY_FIRST.exec(text)
  if (dayFirst !== null) {
    const [, day, month, year, hour, minute, second] = dayFirst
    return secondsOf({ day, month, year, hour, minute, second })
  }
  const monthFirst = MONTH_FIRST.exec(text)
  if (monthFirst === null) return undefined
  const [, month, day, hour, minute, second, year] = monthFirst
  return secondsOf({ day, month, year, hour, minute, second })
}

type DateParts = Readonly<Record<'day' | 'month' | 'year' | 'hour' | 'minute' | 'second', string | undefined>>

function secondsOf(parts: DateParts): number | undefined {
  const month = MONTHS.indexOf((parts.month ?? '').toLowerCase())
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second ?? '0'].map(Number)
  const ms = Date.UTC(fullYear(parts.year ?? ''), month, day, hour, minute, second)
  const date = new Date(ms)
  const isReal = month >= 0 && date.getUTCDate() === day && date.getUTCHours() === hour
  return isReal && date.getUTCMinutes() === minute ? ms / 1000 : undefined
}

/** Two digits mean 1969 to 2068, as Python's `email.utils` and POSIX have it. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length > 2) return year
  return year > 68 ? 1900 + year : 2000 + year
}
