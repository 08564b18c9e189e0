/**
 * What the row of an object tells listings of it besides size and ETag, in parameters of the row's ETag: its storage class, where that is
 * not the usual one, and of which kind its checksum is. Swift's clients see neither (`store/large-objects/listing.ts`).
 */
import type { HeaderMap } from '#http/message.ts'
import type { ListedObject } from '#store/listing.ts'
import { ROW_ETAG } from '#store/symlinks/link-metadata.ts'
import { STORAGE_CLASS_SYSMETA } from './object-facts.ts'
import { STANDARD } from './storage-class.ts'
import { checksumIn, type StoredChecksum } from './stored-checksum.ts'

const COMPOSITE = '-COMPOSITE'

/** Parameters of the ETag, for an object with this metadata; its checksum is among it. */
export function listedFacts(metadata: HeaderMap): string {
  const stored = metadata[STORAGE_CLASS_SYSMETA]
  const storageClass = stored === undefined ? '' : `; s3_class=${stored}`
  const checksum = checksumIn(metadata)
  if (checksum === undefined) return storageClass
  const type = checksum.type === 'COMPOSITE' ? COMPOSITE : ''
  return `${storageClass}; s3_sum=${checksum.algorithm}${type}`
}

/** The header that puts them into the row of an object; `etag`: MD5 of its bytes, in hex. */
export function factsInRow(metadata: HeaderMap, etag: string): HeaderMap {
  const listed = listedFacts(metadata)
  return listed === '' ? {} : { [ROW_ETAG]: etag + listed }
}

/** The class of a listed object. */
export function classOfRow({ extra }: ListedObject): string {
  const { s3_class: listed } = extra
  return typeof listed === 'string' ? listed.replaceAll('"', '') : STANDARD
}

/** Of which kind the checksum of a listed object is. */
export function checksumOfRow({ extra }: ListedObject): Omit<StoredChecksum, 'value'> | undefined {
  const { s3_sum: listed } = extra
  if (typeof listed !== 'string') return undefined
  const told = listed.replaceAll('"', '')
  const isComposite = told.endsWith(COMPOSITE)
  const algorithm = isComposite ? told.slice(0, -COMPOSITE.length) : told
  return {
    algorithm: algorithm as StoredChecksum['algorithm'],
    type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT',
  }
}
