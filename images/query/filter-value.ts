/**
 * The operators that a filter's value may begin with: `in:a,b,"c,d"`, `gte:2026-01-01T00:00:00Z` (OpenStack Glance,
 * `common/utils.py`). Pure; linear in the value's length.
 */
import { badRequest, type Refusal } from '../refusal.ts'

export interface FilterValue {
  /** `eq` when none was written. */
  readonly operator: string
  readonly operand: string
}

/** Splits at the first colon, unless the whole is a time. */
export function splitOperator(written: string): FilterValue {
  const colon = written.indexOf(':')
  if (colon < 0 || parseIsoTime(written) !== undefined) return { operator: 'eq', operand: written }
  return { operator: written.slice(0, colon), operand: written.slice(colon + 1) }
}

/** The values of a comma-separated list, of which some may be quoted. */
export function splitList(written: string): readonly string[] | Refusal {
  const wrong = wrongQuotes(written)
  if (wrong !== undefined) return badRequest(`Invalid filter value ${written}. ${wrong}`)
  const values: string[] = []
  let at = 0
  while (at < written.length) {
    const taken = written[at] === '"' ? takeQuoted(written, at) : takePlain(written, at)
    values.push(taken.value)
    at = taken.end + (written[taken.end] === ',' ? 1 : 0)
  }
  return values
}

function wrongQuotes(written: string): string | undefined {
  let isOpen = false
  for (let at = 0; at < written.length; at += 1) {
    if (written[at] !== '"' || written[at - 1] === '\\') continue
    if (!isOpen && at > 0 && written[at - 1] !== ',')
      return 'There is no comma before opening quotation mark.'
    if (isOpen && at + 1 < written.length && written[at + 1] !== ',') {
      return 'There is no comma after closing quotation mark.'
    }
    isOpen = !isOpen
  }
  return isOpen ? 'The quote is not closed.' : undefined
}

interface Taken {
  readonly value: string
  readonly end: number
}

function takeQuoted(written: string, start: number): Taken {
  let end = start + 1
  while (end < written.length && written[end] !== '"') end += written[end] === '\\' ? 2 : 1
  return { value: written.slice(start + 1, end).replaceAll('\\"', '"'), end: end + 1 }
}

function takePlain(written: string, start: number): Taken {
  const comma = written.indexOf(',', start)
  const end = comma < 0 ? written.length : comma
  return { value: written.slice(start, end), end }
}

const ISO_TIME =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/

/** ISO 8601 as milliseconds since the epoch, UTC unless an offset says otherwise; `undefined` when it is none. */
export function parseIsoTime(written: string): number | undefined {
  const match = ISO_TIME.exec(written)
  if (match === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = match
  const [, sign, hours, minutes = '00'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [
    undefined,
    '+',
    '00',
    '00',
  ]
  const offset = `${sign}${hours}:${minutes}`
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? undefined : ms
}
