/**
 * Header lines as they leave this process: names in Swift's Title-Case (S3's in lower case), values that can never break the message.
 */
import { STATUS_CODES } from './node-http.ts'

/** Headers of S3, which are lower-case: clients take the names of user metadata as they are written. */
const LOWER_CASE = 'x-amz-'

/** Names met so far; bounded, because clients choose the names of metadata. */
const titleCased = new Map<string, string>()
const TITLE_CACHE_ENTRIES = 4096

/**
 * A name as it is written: `x-object-meta-colour` → `X-Object-Meta-Colour`, `etag` → `Etag`: every run of letters starts with a capital, as
 * Python's `bytes.title` and so every answer of OpenStack Swift has it.
 */
export function titleCase(name: string): string {
  if (name.startsWith(LOWER_CASE)) return name
  const known = titleCased.get(name)
  if (known !== undefined) return known
  const titled = name.toLowerCase().replace(/[a-z]+/g, (run) => run.charAt(0).toUpperCase() + run.slice(1))
  if (titleCased.size < TITLE_CACHE_ENTRIES) titleCased.set(name, titled)
  return titled
}

/** Reason phrases of OpenStack Swift (`common/swob.py`) where they differ from Node's. */
const REASONS: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request URI Too Long',
  416: 'Requested Range Not Satisfiable',
  497: 'Blacklisted',
  498: 'Rate Limited',
  499: 'Client Disconnect',
  500: 'Internal Error',
}

export function reasonOf(status: number): string {
  return REASONS[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// oxlint-disable-next-line no-control-regex -- exactly the control characters are what must go
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]/g
// oxlint-disable-next-line no-control-regex -- see above
const NOT_LATIN1 = /[^\x00-\xff]/

/** The name, if it may stand in a header line. */
export function isHeaderName(name: string): boolean {
  return NAME.test(name)
}

/**
 * A value that may stand in a header line: control characters become spaces, and text that somebody forgot to encode
 * is sent as UTF-8.
 */
export function sendableValue(value: string): string {
  const bytes = NOT_LATIN1.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
  return bytes.replace(UNSENDABLE, ' ')
}
