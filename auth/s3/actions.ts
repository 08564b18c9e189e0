/**
 * The actions of Amazon S3 (`s3:GetObject`), by which every door says what it is about to do, and what each of them means
 * to the older notations: by which method roles and account lists judge it, which of a container's Swift lists admits to
 * it, and which permission of an S3 ACL. One row, one truth; nothing else in the tree translates between them.
 *
 * Sources: "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference), and "Access control
 * list (ACL) overview: Mapping of ACL permissions and access policy permissions" (Amazon S3 User Guide).
 */

export type AclPermission = 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP'

export interface ActionMeaning {
  /** What it is done to. */
  readonly level: 'service' | 'bucket' | 'object'
  /** By which method of Swift roles and account lists judge it. */
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** The container's Swift list that admits to it. */
  readonly list: 'read' | 'write' | 'none'
  /** The permission that admits to it, and whose ACL grants it. */
  readonly acl?: { readonly of: 'bucket' | 'object'; readonly permission: AclPermission }
  /** Shows or changes who may do what: rights to the account short of owning it do not admit to it. */
  readonly about?: 'access'
}

const bucketOwn = (method: ActionMeaning['method']): ActionMeaning => ({
  level: 'bucket',
  method,
  list: 'none',
})
const objectOwn = (method: ActionMeaning['method']): ActionMeaning => ({
  level: 'object',
  method,
  list: 'none',
})
const accessOwn = (method: ActionMeaning['method']): ActionMeaning => ({
  ...bucketOwn(method),
  about: 'access',
})
const LISTS: ActionMeaning = {
  level: 'bucket',
  method: 'GET',
  list: 'read',
  acl: { of: 'bucket', permission: 'READ' },
}
const READS: ActionMeaning = {
  level: 'object',
  method: 'GET',
  list: 'read',
  acl: { of: 'object', permission: 'READ' },
}
const WRITES: ActionMeaning = {
  level: 'object',
  method: 'PUT',
  list: 'write',
  acl: { of: 'bucket', permission: 'WRITE' },
}
const DELETES: ActionMeaning = { ...WRITES, method: 'DELETE' }
const aclOf = (of: 'bucket' | 'object', permission: 'READ_ACP' | 'WRITE_ACP'): ActionMeaning => ({
  level: of,
  // Swift shows and takes access lists to and from owners only.
  method: permission === 'READ_ACP' ? 'GET' : 'POST',
  list: 'none',
  acl: { of, permission },
  about: 'access',
})

const MEANINGS = {
  's3:ListAllMyBuckets': { level: 'service', method: 'GET', list: 'none' },
  's3:GetAccountPublicAccessBlock': { level: 'service', method: 'GET', list: 'none', about: 'access' },
  's3:PutAccountPublicAccessBlock': { level: 'service', method: 'POST', list: 'none', about: 'access' },

  's3:CreateBucket': bucketOwn('PUT'),
  's3:DeleteBucket': bucketOwn('DELETE'),
  's3:ListBucket': LISTS,
  's3:ListBucketVersions': LISTS,
  's3:ListBucketMultipartUploads': LISTS,
  's3:GetBucketLocation': bucketOwn('GET'),

  's3:GetBucketAcl': aclOf('bucket', 'READ_ACP'),
  's3:PutBucketAcl': aclOf('bucket', 'WRITE_ACP'),
  's3:GetBucketPolicy': accessOwn('GET'),
  's3:PutBucketPolicy': accessOwn('POST'),
  's3:DeleteBucketPolicy': accessOwn('POST'),
  's3:GetBucketPolicyStatus': accessOwn('GET'),
  's3:GetBucketPublicAccessBlock': accessOwn('GET'),
  's3:PutBucketPublicAccessBlock': accessOwn('POST'),
  's3:GetBucketOwnershipControls': accessOwn('GET'),
  's3:PutBucketOwnershipControls': accessOwn('POST'),
  's3:GetBucketRequestPayment': bucketOwn('GET'),
  's3:PutBucketRequestPayment': bucketOwn('POST'),
  's3:GetBucketVersioning': bucketOwn('GET'),
  's3:PutBucketVersioning': bucketOwn('POST'),
  's3:GetBucketCORS': bucketOwn('GET'),
  's3:PutBucketCORS': bucketOwn('POST'),
  's3:GetBucketWebsite': bucketOwn('GET'),
  's3:PutBucketWebsite': bucketOwn('POST'),
  's3:DeleteBucketWebsite': bucketOwn('POST'),
  's3:GetLifecycleConfiguration': bucketOwn('GET'),
  's3:PutLifecycleConfiguration': bucketOwn('POST'),
  's3:GetBucketTagging': bucketOwn('GET'),
  's3:PutBucketTagging': bucketOwn('POST'),
  's3:GetBucketLogging': bucketOwn('GET'),
  's3:PutBucketLogging': bucketOwn('POST'),
  's3:GetBucketNotification': bucketOwn('GET'),
  's3:PutBucketNotification': bucketOwn('POST'),
  's3:GetBucketObjectLockConfiguration': bucketOwn('GET'),
  's3:PutBucketObjectLockConfiguration': bucketOwn('POST'),
  's3:GetEncryptionConfiguration': bucketOwn('GET'),
  's3:PutEncryptionConfiguration': bucketOwn('POST'),
  's3:GetAccelerateConfiguration': bucketOwn('GET'),
  's3:PutAccelerateConfiguration': bucketOwn('POST'),
  's3:GetReplicationConfiguration': bucketOwn('GET'),
  's3:PutReplicationConfiguration': bucketOwn('POST'),
  's3:GetInventoryConfiguration': bucketOwn('GET'),
  's3:PutInventoryConfiguration': bucketOwn('POST'),
  's3:GetMetricsConfiguration': bucketOwn('GET'),
  's3:PutMetricsConfiguration': bucketOwn('POST'),
  's3:GetAnalyticsConfiguration': bucketOwn('GET'),
  's3:PutAnalyticsConfiguration': bucketOwn('POST'),
  's3:GetIntelligentTieringConfiguration': bucketOwn('GET'),
  's3:PutIntelligentTieringConfiguration': bucketOwn('POST'),

  's3:GetObject': READS,
  's3:GetObjectVersion': READS,
  's3:GetObjectAttributes': READS,
  's3:GetObjectVersionAttributes': READS,
  's3:GetObjectTorrent': READS,
  's3:GetObjectVersionTorrent': READS,
  's3:PutObject': WRITES,
  's3:RestoreObject': WRITES,
  's3:ReplicateObject': WRITES,
  's3:ReplicateDelete': DELETES,
  's3:AbortMultipartUpload': DELETES,
  's3:ListMultipartUploadParts': WRITES,
  's3:DeleteObject': DELETES,
  's3:DeleteObjectVersion': DELETES,
  's3:GetObjectAcl': aclOf('object', 'READ_ACP'),
  's3:GetObjectVersionAcl': aclOf('object', 'READ_ACP'),
  's3:PutObjectAcl': aclOf('object', 'WRITE_ACP'),
  's3:PutObjectVersionAcl': aclOf('object', 'WRITE_ACP'),
  's3:GetObjectTagging': objectOwn('GET'),
  's3:GetObjectVersionTagging': objectOwn('GET'),
  's3:PutObjectTagging': objectOwn('POST'),
  's3:PutObjectVersionTagging': objectOwn('POST'),
  's3:DeleteObjectTagging': objectOwn('POST'),
  's3:DeleteObjectVersionTagging': objectOwn('POST'),
  's3:GetObjectRetention': objectOwn('GET'),
  's3:PutObjectRetention': objectOwn('POST'),
  's3:GetObjectLegalHold': objectOwn('GET'),
  's3:PutObjectLegalHold': objectOwn('POST'),
  's3:BypassGovernanceRetention': objectOwn('DELETE'),
} as const satisfies Readonly<Record<string, ActionMeaning>>

/** An action that some door asks for. */
export type S3Action = keyof typeof MEANINGS

/**
 * Further actions that a policy may name though nothing here asks for them: parts of replication, access points and batch jobs of
 * Amazon's, which bucket policies written for S3 carry along.
 */
const NAMED_ELSEWHERE: Readonly<Record<string, 'bucket' | 'object'>> = {
  's3:GetObjectVersionForReplication': 'object',
  's3:ReplicateTags': 'object',
  's3:ObjectOwnerOverrideToBucketOwner': 'object',
  's3:InitiateReplication': 'object',
  's3:UpdateObjectEncryption': 'object',
  's3:GetBucketAbac': 'bucket',
  's3:PutBucketAbac': 'bucket',
  's3:GetBucketMetadataTableConfiguration': 'bucket',
  's3:CreateBucketMetadataTableConfiguration': 'bucket',
  's3:DeleteBucketMetadataTableConfiguration': 'bucket',
}

export function meaningOf(action: S3Action): ActionMeaning {
  return MEANINGS[action]
}

/** Every action a policy may name, in lower case, and what it is done to. */
export const POLICY_ACTIONS: ReadonlyMap<string, ActionMeaning['level']> = new Map([
  ...Object.entries(MEANINGS).map(([name, { level }]) => [name.toLowerCase(), level] as const),
  ...Object.entries(NAMED_ELSEWHERE).map(([name, level]) => [name.toLowerCase(), level] as const),
])

export const S3_ACTIONS = Object.keys(MEANINGS) as readonly S3Action[]

/** Those that whoever owns the bucket's account may take whatever the policy denies: the way back in. */
export const OWNERS_ALWAYS: ReadonlySet<S3Action> = new Set([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
])
