/**
 * The requests that a bulk request is made of. Each goes through the same layers and the same door as if the client had
 * sent it alone, with the client's rights and nothing else of its headers.
 */
import { EMPTY_BODY, type HeaderMap, type RequestBody } from '#http/message.ts'
import type { Transaction } from '../transaction.ts'

export interface Item {
  readonly method: string
  /** Decoded: `/v1/AUTH_test/c/o`. */
  readonly path: string
  readonly headers?: HeaderMap
  readonly body?: RequestBody
}

/** The transaction of one item of a bulk request. What a signature allows is one request, not those inside it. */
export function itemOf(bulk: Transaction, { method, path, headers, body = EMPTY_BODY }: Item): Transaction {
  const { host } = bulk.request.headers
  const inner = { method, path: quotePath(path), query: '', headers: { host, ...headers }, body }
  const item = bulk.derived({ ...bulk.request, ...inner }, path)
  item.grant = undefined
  return item
}

/** What Python's `quote` leaves as it is; Swift's reports show names so. */
const UNQUOTED = /[^A-Za-z0-9_.~/-]/g

/** Percent-encodes a path or name, slashes kept. */
export function quotePath(path: string): string {
  return quoteBytes(Buffer.from(path))
}

/** The same for a name that is bytes, UTF-8 or not. */
export function quoteBytes(name: Buffer): string {
  return name
    .toString('latin1')
    .replace(UNQUOTED, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
