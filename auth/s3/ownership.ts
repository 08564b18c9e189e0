/**
 * Whose the objects of a bucket are, and whether access lists count there at all (Amazon S3 User Guide, "Controlling
 * ownership of objects and disabling ACLs").
 */

export type ObjectOwnership =
  /** Access lists are disabled: everything is the bucket owner's, and only policies let others in. */
  | 'BucketOwnerEnforced'
  /** An object is the bucket owner's if it is uploaded with `bucket-owner-full-control`. */
  | 'BucketOwnerPreferred'
  /** An object is its uploader's. */
  | 'ObjectWriter'

export const OBJECT_OWNERSHIPS: readonly ObjectOwnership[] = [
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
]

export function isObjectOwnership(value: string): value is ObjectOwnership {
  return (OBJECT_OWNERSHIPS as readonly string[]).includes(value)
}
