/** Storage classes: kept and shown. All of them are stored alike. */
import type { HeaderMap } from '#http/message.ts'
import type { ListedObject } from '#store/listing.ts'
import { ROW_ETAG } from '#store/symlinks/link-metadata.ts'
import { type S3Error, s3Error } from '../error.ts'
import { STORAGE_CLASS_SYSMETA } from './object-facts.ts'

export const STANDARD = 'STANDARD'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
const CLASSES: ReadonlySet<string> = new Set([
  STANDARD,
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
])

/** What is stored of the class that an upload asks for. */
export function storageClassIn(headers: HeaderMap): Readonly<Record<string, string>> | S3Error {
  const asked = headers['x-amz-storage-class']
  if (asked === undefined || asked === STANDARD) return {}
  if (CLASSES.has(asked)) return { [STORAGE_CLASS_SYSMETA]: asked }
  return s3Error('InvalidStorageClass', { extra: { StorageClassRequested: asked } })
}

/** What the row of an object with this metadata tells of its class; nothing of the usual one. */
export function listedClass(metadata: HeaderMap): string {
  const stored = metadata[STORAGE_CLASS_SYSMETA]
  return stored === undefined ? '' : `; s3_class=${stored}`
}

/** The header that puts the class into the row of an object; `etag`: MD5 of its bytes, in hex. */
export function classInRow(metadata: HeaderMap, etag: string): HeaderMap {
  const listed = listedClass(metadata)
  return listed === '' ? {} : { [ROW_ETAG]: etag + listed }
}

/** The class of a listed object. */
export function classOfRow({ extra }: ListedObject): string {
  const { s3_class: listed } = extra
  return typeof listed === 'string' ? listed.replaceAll('"', '') : STANDARD
}
