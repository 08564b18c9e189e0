/**
 * Where facts of S3 about an object are stored: what Swift has a header for is stored under it, so that both doors show
 * it; the rest is system metadata, which only this door reads.
 */

export const S3_META = 'x-amz-meta-'
export const STORED_META = 'x-object-meta-'

/** Headers that both dialects have by the same name. */
export const COMMON_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
] as const

/** ETag of an object that was made of parts, as OpenStack Swift's s3api keeps it. */
export const ETAG_SYSMETA = 'x-object-sysmeta-s3api-etag'
export const STORAGE_CLASS_SYSMETA = 'x-object-sysmeta-s3-storage-class'
export const REDIRECT_SYSMETA = 'x-object-sysmeta-s3-website-redirect-location'
/** `stored-checksum.ts` reads it. */
export const CHECKSUM_SYSMETA = 'x-object-sysmeta-s3-checksum'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const DEFAULT_CONTENT_TYPE = 'binary/octet-stream'
