/**
 * The parameters of a query string, decoded as forms are (`+` is a blank). Of a name given twice the last value counts,
 * as in OpenStack Swift. Values that are not UTF-8 are kept apart, since only the parameters a handler uses may be
 * refused for it.
 */
import { decodePercent } from '#base/names.ts'

const NONE: ReadonlyMap<string, string> = new Map()
/** Stands for a value whose bytes are not UTF-8; no decoded value can hold a lone surrogate. */
export const NOT_UTF8 = '\udfff'

export function queryParameters(query: string): ReadonlyMap<string, string> {
  if (query === '') return NONE
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    parameters.set(name, equals < 0 ? '' : decoded(pair.slice(equals + 1)))
  }
  return parameters
}

function decoded(text: string): string {
  return decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text) ?? NOT_UTF8
}
