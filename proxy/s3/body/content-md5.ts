/** `Content-MD5`: the digest that a client says its body has, and what is said when the body has another. */
import type { HeaderMap } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'

const MD5_BYTES = 16

/** The MD5 that `Content-MD5` states, in hex; `InvalidDigest` when it states none. */
export function expectedMd5In(headers: HeaderMap): { readonly md5: string | undefined } | S3Error {
  const stated = headers['content-md5']
  if (stated === undefined) return { md5: undefined }
  const bytes = Buffer.from(stated, 'base64')
  const isDigest = bytes.length === MD5_BYTES && bytes.toString('base64') === stated.trim()
  return isDigest
    ? { md5: bytes.toString('hex') }
    : s3Error('InvalidDigest', { extra: { 'Content-MD5': stated } })
}

/** The body has another digest; AWS tells the one expected in hex and the one found in base64. Both in hex here. */
export function badDigest(expected: string | undefined, found: string | undefined): S3Error {
  if (expected === undefined || found === undefined) return s3Error('BadDigest')
  return s3Error('BadDigest', {
    message: 'The Content-MD5 you specified did not match what we received.',
    extra: { ExpectedDigest: expected, CalculatedDigest: Buffer.from(found, 'hex').toString('base64') },
  })
}

/** What is said of a body whose store found that it is not what was stated. */
export function badBody(headers: HeaderMap, { md5: found }: { readonly md5?: string | undefined }): S3Error {
  const expected = expectedMd5In(headers)
  return badDigest('md5' in expected ? expected.md5 : undefined, found)
}
