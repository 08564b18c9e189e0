/** Storage classes: kept and shown. All of them are stored alike. */
import type { HeaderMap } from '#http/message.ts'
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
