/** Text and times in listings of a bucket. */
import type { S3Error } from '../error.ts'
import { invalidArgument } from '../error.ts'

/** How names are written: as they are, or percent-encoded because XML cannot hold some of them. */
export type Encoding = 'url' | undefined

/** `encoding-type` of a request. */
export function encodingIn(query: ReadonlyMap<string, string>): { readonly encoding: Encoding } | S3Error {
  const written = query.get('encoding-type')
  if (written === undefined || written === '') return { encoding: undefined }
  if (written.toLowerCase() === 'url') return { encoding: 'url' }
  return invalidArgument('encoding-type', written, 'Invalid Encoding Method specified in Request')
}

const PLAIN = /^[A-Za-z0-9._/*-]*$/

/** A name as a listing in this encoding has it: AWS keeps slashes and writes a space as `+`. */
export function writtenName(name: string, encoding: Encoding): string {
  if (encoding === undefined || PLAIN.test(name)) return name
  return encodeURIComponent(name)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** `max-keys` and its like: 1,000 without, never more. */
const PAGE_MAX = 1_000
const LARGEST = 2_147_483_647

export function pageLimitIn(
  query: ReadonlyMap<string, string>,
  parameter: string,
): { readonly limit: number } | S3Error {
  const written = query.get(parameter)
  if (written === undefined || written === '') return { limit: PAGE_MAX }
  const isNumber = /^[+-]?\d{1,15}$/.test(written)
  if (!isNumber) {
    const message = `Provided ${parameter} not an integer or within integer range`
    return invalidArgument(parameter, written, message)
  }
  const limit = Number(written)
  if (limit >= 0 && limit <= LARGEST) return { limit: Math.min(limit, PAGE_MAX) }
  const message = `Argument ${parameter} must be an integer between 0 and ${LARGEST}`
  return invalidArgument(parameter, written, message)
}

const ONE_SECOND_MS = 1000

// Rows that were written together stand together in many listings.
let roundedSecond = ''
let roundedUp = ''

/**
 * `2023-11-14T22:13:21.000Z` of the time of a row, `2023-11-14T22:13:20.123450`: rounded up to the second that
 * `Last-Modified` says.
 */
export function listedTime(lastModified: string): string {
  const second = lastModified.slice(0, 19)
  if (/^\.?0*$/.test(lastModified.slice(19))) return `${second}.000Z`
  if (second !== roundedSecond) {
    roundedSecond = second
    roundedUp = new Date(Date.parse(`${second}Z`) + ONE_SECOND_MS).toISOString()
  }
  return roundedUp
}
