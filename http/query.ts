/** Query strings, read as Python's `parse_qsl` with blank values kept, which is what OpenStack Swift uses. */
import { decodePercent } from '#base/names.ts'

export interface Query {
  /** Decoded names and values; of a repeated name the last counts. */
  readonly values: ReadonlyMap<string, string>
  /** Names whose value is not UTF-8: asking for one of them is the client's error (400). */
  readonly invalid: ReadonlySet<string>
}

const EMPTY: Query = { values: new Map(), invalid: new Set() }

/** Reads a query string (without `?`). `a`, `a=` and `a=b` are all accepted; `+` is a space. */
export function parseQuery(query: string): Query {
  if (query === '') return EMPTY
  const values = new Map<string, string>()
  const invalid = new Set<string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeField(equals < 0 ? pair : pair.slice(0, equals))
    // A name that is not UTF-8 is none of ours.
    if (name === undefined) continue
    const value = decodeField(equals < 0 ? '' : pair.slice(equals + 1))
    values.delete(name)
    invalid.delete(name)
    if (value === undefined) invalid.add(name)
    else values.set(name, value)
  }
  return { values, invalid }
}

function decodeField(encoded: string): string | undefined {
  return decodePercent(encoded.replaceAll('+', ' '))
}
