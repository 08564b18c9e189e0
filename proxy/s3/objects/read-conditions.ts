/**
 * Conditions and range of a read, as the store is asked them. S3 follows RFC 9110, section 13.2.2: with `If-Match` a date
 * before which it must not have changed is not looked at, nor with `If-None-Match` one since when it must have. Storage
 * servers look at all of them.
 */
import { parseHttpDate, parseTags } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import { parseRange } from '#http/ranges.ts'
import { type S3Error, s3Error } from '../error.ts'
import { shownEtag } from './shown-object.ts'

/** The conditions of a read, in the names that the headers have with this prefix: `x-amz-copy-source-` of a copy's source. */
export function conditionsIn(headers: HeaderMap, prefix = ''): Record<string, string> {
  const conditions: Record<string, string> = {}
  const take = (name: string): boolean => {
    const value = headers[prefix + name]
    if (value !== undefined) conditions[name] = value
    return value !== undefined
  }
  if (!take('if-match')) take('if-unmodified-since')
  if (!take('if-none-match')) take('if-modified-since')
  return conditions
}

/**
 * The range that is asked for. A header that is no range of bytes says nothing, and of one with several ranges S3 gives
 * none but the whole.
 */
export function rangeIn(headers: HeaderMap): string | undefined {
  const written = headers['range']
  if (written === undefined) return undefined
  return parseRange(written)?.length === 1 ? written : undefined
}

/** Which condition failed, of one that did. */
export function preconditionFailed(headers: HeaderMap, prefix = ''): S3Error {
  const failed = headers[`${prefix}if-match`] === undefined ? 'If-Unmodified-Since' : 'If-Match'
  const words = prefix === '' ? failed : `${prefix}${failed.toLowerCase()}`
  return s3Error('PreconditionFailed', { extra: { Condition: words } })
}

/** Storage servers say "not modified" before they look at `If-Match`; S3 the other way round. */
export function isMatchedToo(conditions: HeaderMap, stored: HeaderMap): boolean {
  const wanted = conditions['if-match']
  if (wanted !== undefined) return parseTags(wanted)?.matches(shownEtag(stored)) === true
  const unmodifiedSince = parseHttpDate(conditions['if-unmodified-since'])
  const modified = parseHttpDate(stored['last-modified'])
  return unmodifiedSince === undefined || modified === undefined || modified <= unmodifiedSince
}
