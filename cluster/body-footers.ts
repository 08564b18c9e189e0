/**
 * What is known of a body only at its end travels after it, as OpenStack Swift's MIME footers: the MD5, and by our
 * extension the CRC of each block, with which a storage server of ours checks what it has written without computing an
 * MD5 itself.
 */

import { BLOCK_CRCS_HEADER } from '#base/extensions.ts'
import type { HeaderMap } from '#http/message.ts'
import { footerDocument, objectHead } from '#http/mime-writer.ts'
import type { BodyFacts } from './body-splitter.ts'

/** A peer that takes footers says so in its `100 Continue`. */
const FOOTERS_ACCEPTED = 'x-obj-metadata-footer'

/** The request headers that announce a body with footers. */
export function footerRequestHeaders(boundary: string, lengthBytes: number | undefined): HeaderMap {
  return {
    'x-backend-obj-metadata-footer': 'yes',
    'x-backend-obj-multipart-mime-boundary': boundary,
    'x-backend-obj-content-length': lengthBytes === undefined ? undefined : String(lengthBytes),
    [BLOCK_CRCS_HEADER]: 'footer',
  }
}

export function acceptsFooters(continueHeaders: HeaderMap): boolean {
  return continueHeaders[FOOTERS_ACCEPTED]?.toLowerCase() === 'yes'
}

/** What stands before the body. */
export function bodyHead(boundary: string): Buffer {
  return objectHead(boundary)
}

/** What stands behind it. */
/** `more`: what else is stored with the object. */
export function bodyTail(boundary: string, facts: BodyFacts, more: HeaderMap = {}): Buffer {
  return footerDocument(boundary, {
    ...more,
    Etag: facts.etag,
    [BLOCK_CRCS_HEADER]: packedCrcs(facts.blockCrcs),
  })
}

function packedCrcs(crcs: readonly number[]): string {
  const bytes = Buffer.alloc(crcs.length * 4)
  for (const [at, crc] of crcs.entries()) bytes.writeUInt32BE(crc >>> 0, at * 4)
  return bytes.toString('hex')
}
