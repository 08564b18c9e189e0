/** Query strings in which a name may come several times, in the order in which they came. */
import { decodePercent } from '#base/names.ts'
import { badRequest, type Refusal } from '../refusal.ts'

export type Parameters = readonly (readonly [name: string, value: string])[]

/** 400 for bytes that are not UTF-8. */
export function readParameters(query: string): Parameters | Refusal {
  const pairs: [string, string][] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const value = decoded(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return badRequest('The query is not UTF-8.')
    pairs.push([name, value])
  }
  return pairs
}

export function valuesOf(parameters: Parameters, name: string): readonly string[] {
  return parameters.filter(([one]) => one === name).map(([, value]) => value)
}

/** The last of several. */
export function valueOf(parameters: Parameters, name: string): string | undefined {
  return valuesOf(parameters, name).at(-1)
}

/** The query again, with `changes` in place of what it had; of a repeated name the last counts. */
export function writeParameters(
  parameters: Parameters,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const last = new Map(parameters)
  for (const [name, value] of Object.entries(changes)) {
    last.delete(name)
    if (value !== undefined) last.set(name, value)
  }
  return new URLSearchParams([...last]).toString()
}

function decoded(encoded: string): string | undefined {
  return decodePercent(encoded.replaceAll('+', ' '))
}
