/**
 * User metadata, `x-amz-meta-…`. Stored as bytes of UTF-8 under Swift's name for it, so that Swift's clients read the same
 * text; S3's headers are ASCII, so what is not is written as RFC 2047 has it, both ways.
 */
import type { HeaderMap } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'
import { S3_META, STORED_META } from './object-facts.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const LIMIT_BYTES = 2_048

/** An encoded word can hold what no header line can. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g

/** The user metadata of an upload as it is stored. */
export function userMetadataIn(headers: HeaderMap): Record<string, string> | S3Error {
  const metadata: Record<string, string> = {}
  let sizeBytes = 0
  for (const name in headers) {
    if (!name.startsWith(S3_META)) continue
    const key = name.slice(S3_META.length)
    const value = headers[name]
    if (value === undefined || key === '') continue
    const stored = decodedWords(value).replace(CONTROL, ' ')
    sizeBytes += key.length + stored.length
    metadata[STORED_META + key] = stored
  }
  if (sizeBytes <= LIMIT_BYTES) return metadata
  return s3Error('MetadataTooLarge', {
    extra: { Size: String(sizeBytes), MaxSizeAllowed: String(LIMIT_BYTES) },
  })
}

/** The header that stored user metadata is shown as, or `undefined` when the stored header is none. */
export function shownUserMetadata(stored: string): string | undefined {
  return stored.startsWith(STORED_META) ? S3_META + stored.slice(STORED_META.length) : undefined
}

// oxlint-disable-next-line no-control-regex -- ASCII is what is looked for
const ASCII = /^[\x00-\x7f]*$/

/** A stored value as it may stand in a header: an encoded word unless it is ASCII. */
export function encodedWord(value: string): string {
  if (ASCII.test(value)) return value
  return `=?UTF-8?B?${Buffer.from(value, 'latin1').toString('base64')}?=`
}

/** RFC 2047, section 2, with the white space between two of them (section 6.2). */
const WORD = /=\?([A-Za-z0-9_-]{1,40})\?([BbQq])\?([^? ]{0,2048})\?=(?:[ \t]+(?==\?))?/g

/** A value of a header with its encoded words decoded, as bytes of UTF-8. Words in charsets besides it stay. */
export function decodedWords(value: string): string {
  if (!value.includes('=?')) return value
  return value.replace(WORD, (word, charset: string, encoding: string, text: string) => {
    const bytes = encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : quotedPrintable(text)
    switch (charset.toLowerCase()) {
      case 'utf-8':
      case 'us-ascii':
        return bytes.toString('latin1')
      case 'iso-8859-1':
        return Buffer.from(bytes.toString('latin1')).toString('latin1')
      default:
        return word
    }
  })
}

function quotedPrintable(text: string): Buffer {
  const decoded = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(decoded, 'latin1')
}
