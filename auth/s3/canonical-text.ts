/**
 * The parts of a request in the one form that signer and verifier both sign (AWS Signature Version 4, "Create a canonical
 * request"). They are made from what stood in the request line and the headers, byte for byte: nothing about slashes, dots
 * or the forms of Unicode is put right. Strings are bytes (latin1 code units).
 *
 * All of it takes time linear in the length of its input, and never throws.
 */
import type { HeaderMap } from '#http/message.ts'

/** What stands for itself in a canonical path. */
const PLAIN_PATH = /^[A-Za-z0-9\-._~/]*$/
const PLAIN = /^[A-Za-z0-9\-._~]*$/
const PERCENT = 0x25
const SLASH = 0x2f

/** `%XX` for each byte, the byte itself where RFC 3986 calls it unreserved. */
const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** The path of a request line: each escape undone once, and every byte but the unreserved ones and `/` escaped anew. */
export function canonicalPath(encoded: string): string {
  if (PLAIN_PATH.test(encoded)) return encoded
  let canonical = ''
  for (let at = 0; at < encoded.length; at += 1) {
    const byte = byteAt(encoded, at)
    if (encoded.charCodeAt(at) === PERCENT && byte.escaped) at += 2
    canonical += byte.value === SLASH ? '/' : (ESCAPED[byte.value] ?? '')
  }
  return canonical
}

/** Bytes as they stand in a canonical query. */
export function escapeBytes(bytes: string): string {
  if (PLAIN.test(bytes)) return bytes
  let escaped = ''
  for (let at = 0; at < bytes.length; at += 1) escaped += ESCAPED[bytes.charCodeAt(at) & 0xff] ?? ''
  return escaped
}

/** A parameter of a query, decoded: bytes. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/** The parameters in their order, repeated ones included; `+` is a space. */
export function parametersOf(query: string): readonly Parameter[] {
  if (query === '') return []
  const parameters: Parameter[] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    parameters.push({ name: unescape(name), value: equals < 0 ? '' : unescape(pair.slice(equals + 1)) })
  }
  return parameters
}

/** All parameters but the signature, sorted by name, then by value. */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  const pairs: (readonly [string, string])[] = []
  for (const { name, value } of parameters) {
    if (name !== 'X-Amz-Signature') pairs.push([escapeBytes(name), escapeBytes(value)])
  }
  pairs.sort(([oneName, one], [otherName, other]) => compare(oneName, otherName) || compare(one, other))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function unescape(encoded: string): string {
  if (PLAIN.test(encoded)) return encoded
  let bytes = ''
  for (let at = 0; at < encoded.length; at += 1) {
    const byte = byteAt(encoded, at)
    if (byte.escaped) at += 2
    bytes += byte.value === PLUS && !byte.escaped ? ' ' : String.fromCharCode(byte.value)
  }
  return bytes
}

const PLUS = 0x2b

/** The byte at this place, which may be written `%xy`; a `%` that begins no escape is itself. */
function byteAt(encoded: string, at: number): { readonly value: number; readonly escaped: boolean } {
  const unit = encoded.charCodeAt(at) & 0xff
  if (unit !== PERCENT) return { value: unit, escaped: false }
  const digits = encoded.slice(at + 1, at + 3)
  return /^[0-9A-Fa-f]{2}$/.test(digits)
    ? { value: Number.parseInt(digits, 16), escaped: true }
    : { value: unit, escaped: false }
}

/** Values of one header that came in several lines, which our server joins with a comma and a space. */
export type JoinedWith = ', ' | ','

/** `name:value` lines of these headers, each with a line feed; a header that is not there has an empty value. */
export function canonicalHeaders(
  names: readonly string[],
  headers: HeaderMap,
  host: string,
  joined: JoinedWith = ', ',
): string {
  let lines = ''
  for (const name of names) {
    const value = name === 'host' ? host : (headers[name] ?? '')
    const trimmed = singleSpaced(value)
    lines += `${name}:${joined === ',' ? trimmed.replaceAll(', ', ',') : trimmed}\n`
  }
  return lines
}

/** Without white space at the ends, and with one space where there were several. */
function singleSpaced(value: string): string {
  if (!value.includes(' ') && !value.includes('\t')) return value
  return value
    .split(/[ \t]+/)
    .filter((word) => word !== '')
    .join(' ')
}
