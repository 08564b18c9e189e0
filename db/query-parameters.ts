/** The parameters of a request's query: percent-decoded UTF-8, `+` for a space, the last of a name wins. */
import { decodePercent } from '#base/names.ts'

export class QueryParameters {
  readonly #values: ReadonlyMap<string, string>

  constructor(query: string) {
    const values = new Map<string, string>()
    for (const pair of query.split('&')) {
      const equals = pair.indexOf('=')
      const name = equals < 0 ? pair : pair.slice(0, equals)
      values.set(name, equals < 0 ? '' : pair.slice(equals + 1))
    }
    this.#values = values
  }

  /** The decoded value; `not_utf8` when its bytes are no text; `undefined` when there is no such parameter. */
  get(name: string): { readonly text: string } | 'not_utf8' | undefined {
    const encoded = this.#values.get(name)
    if (encoded === undefined) return undefined
    const text = decodePercent(encoded.replaceAll('+', ' '))
    return text === undefined ? 'not_utf8' : { text }
  }
}
