/**
 * The condition keys that a bucket policy may name (Service Authorization Reference, "Condition keys for Amazon S3"; IAM
 * User Guide, "AWS global condition context keys"). A key that nobody here gives a value to is missing from every request.
 */

/** Keys of S3, lower case, without `s3:`. */
const S3_KEYS: ReadonlySet<string> = new Set([
  'accessgrantsinstancearn',
  'accesspointnetworkorigin',
  'authtype',
  'bucketkeyenabled',
  'dataaccesspointaccount',
  'dataaccesspointarn',
  'delimiter',
  'if-match',
  'if-none-match',
  'inventoryaccessibleoptionalfields',
  'jobsuspendedcause',
  'locationconstraint',
  'max-keys',
  'object-lock-legal-hold',
  'object-lock-mode',
  'object-lock-remaining-retention-days',
  'object-lock-retain-until-date',
  'objectcreationoperation',
  'prefix',
  'requestobjecttagkeys',
  'resourceaccount',
  'signatureage',
  'signatureversion',
  'tlsversion',
  'versionid',
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-ownership',
  'x-amz-request-payer',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
])

/** Keys that name a tag behind a slash. */
const TAG_KEYS: readonly string[] = ['s3:existingobjecttag/', 's3:requestobjecttag/', 's3:buckettag/']

/** Whether a policy may name the key; lower case. */
export function isConditionKey(key: string): boolean {
  if (key.startsWith('aws:')) return key.length > 'aws:'.length
  if (TAG_KEYS.some((prefix) => key.startsWith(prefix) && key.length > prefix.length)) return true
  return key.startsWith('s3:') && S3_KEYS.has(key.slice('s3:'.length))
}
