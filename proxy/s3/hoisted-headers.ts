/**
 * Headers that stand in the query of a signed link: signers put there what is to be sent by whatever client opens the
 * link, `x-amz-acl` or metadata. They are signed with the query. A header that was sent goes before one of the link.
 */
import { CHECKSUM_ALGORITHMS } from '#base/checksums/checksum.ts'
import { isHeaderName, sendableValue } from '#http/header-lines.ts'
import type { HeaderMap } from '#http/message.ts'

/**
 * Parameters of the signature itself, and what only who sends a body can know: the SDK for JavaScript puts the checksum of an
 * empty body into every link for an upload, and AWS passes over it.
 */
const NOT_HOISTED: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expires',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
  'x-amz-trailer',
  ...CHECKSUM_ALGORITHMS.map((algorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`),
])

/** The headers of a request, with those of its link; the same map where there are none. */
export function withHoistedHeaders(headers: HeaderMap, query: ReadonlyMap<string, string>): HeaderMap {
  if (!query.has('X-Amz-Signature') && !query.has('Signature')) return headers
  const hoisted: Record<string, string> = {}
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase()
    if (!name.startsWith('x-amz-') || NOT_HOISTED.has(name) || headers[name] !== undefined) continue
    if (!isHeaderName(name)) continue
    // Headers are bytes.
    hoisted[name] = sendableValue(Buffer.from(value).toString('latin1'))
  }
  return Object.keys(hoisted).length === 0 ? headers : { ...headers, ...hoisted }
}
