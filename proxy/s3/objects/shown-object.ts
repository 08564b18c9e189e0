/** What an S3 client is shown of what is stored with an object. */
import type { HeaderMap } from '#http/message.ts'
import { COMMON_HEADERS, ETAG_SYSMETA, REDIRECT_SYSMETA, STORAGE_CLASS_SYSMETA } from './object-facts.ts'
import { encodedWord, shownUserMetadata } from './user-metadata.ts'

const SHOWN: ReadonlyMap<string, string> = new Map<string, string>([
  ...COMMON_HEADERS.map((name) => [name, name] as const),
  ['content-length', 'content-length'],
  ['content-range', 'content-range'],
  ['content-type', 'content-type'],
  ['last-modified', 'last-modified'],
  [STORAGE_CLASS_SYSMETA, 'x-amz-storage-class'],
  [REDIRECT_SYSMETA, 'x-amz-website-redirect-location'],
])

/** Headers of the answer to a read. */
export function shownObject(stored: HeaderMap): Record<string, string> {
  const shown: Record<string, string> = { 'accept-ranges': 'bytes', etag: shownEtag(stored) }
  for (const name in stored) {
    const value = stored[name]
    if (value === undefined) continue
    const known = SHOWN.get(name)
    if (known !== undefined) {
      shown[known] = value
      continue
    }
    const meta = shownUserMetadata(name)
    if (meta !== undefined) shown[meta] = encodedWord(value)
  }
  return shown
}

/** With quotes; of an object made of parts, that of its parts. */
export function shownEtag(stored: HeaderMap): string {
  const own = stored[ETAG_SYSMETA] ?? stored['etag'] ?? ''
  return `"${own.replaceAll('"', '')}"`
}
