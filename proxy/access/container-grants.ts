/**
 * What a container grants, in all notations, out of what is remembered of it. A container without settings of S3's has its
 * Swift lists and nothing else, and nothing is looked up for it. What was parsed is kept as long as what it was parsed
 * from: a change of the container, or of its settings, has all proxies forget both within a second.
 */
import type { ContainerGrants } from '#auth/access-question.ts'
import type { BucketAccess } from '#auth/bucket-access.ts'
import { parseAcl } from '#auth/container-acl.ts'
import { BUCKET_ACL_SYSMETA, parseStoredAcl } from '#auth/s3/acl/stored-acl.ts'
import { isObjectOwnership, type ObjectOwnership } from '#auth/s3/ownership.ts'
import { parseBucketPolicy } from '#auth/s3/policy/bucket-policy.ts'
import { NOTHING_BLOCKED } from '#auth/s3/public-access-block.ts'
import { type BucketSettings, hasSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { BucketDocuments } from '#store/bucket-settings/documents.ts'
import { NO_DOCUMENTS } from '#store/bucket-settings/documents.ts'
import type { ContainerInfo } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'

/** Says that an object of the container has had an access list of its own. */
export const OBJECT_ACLS_FLAG = 'x-container-sysmeta-s3-object-acls'

/** Whose objects are, as it was said when the bucket was made; what is set later counts instead. */
export const CREATED_OWNERSHIP = 'x-container-sysmeta-s3-object-ownership'

export interface GrantsDeps {
  readonly settings: BucketSettings
  /** Of buckets that say nothing of it. */
  readonly objectOwnership: ObjectOwnership
}

const remembered = new WeakMap<ContainerInfo, ContainerGrants>()

/** `unavailable`: there are settings, and they cannot be read now. */
export async function containerGrantsOf(
  deps: GrantsDeps,
  context: OperationContext,
  name: ContainerName,
  info: ContainerInfo,
): Promise<ContainerGrants | 'unavailable'> {
  const known = remembered.get(info)
  if (known !== undefined) return known
  const read = hasSettings(info) ? await deps.settings.ofKnown(context, name, info) : undefined
  if (read !== undefined && read.kind !== 'settings') return 'unavailable'
  const grants: ContainerGrants = {
    read: parseAcl(info.readAcl),
    write: parseAcl(info.writeAcl),
    bucket: bucketAccessOf(deps, name.container, info, read?.documents ?? NO_DOCUMENTS),
  }
  remembered.set(info, grants)
  return grants
}

/** Of a bucket whose settings were just read; `undefined` when it says nothing of access. */
export function bucketAccessOf(
  { objectOwnership }: Pick<GrantsDeps, 'objectOwnership'>,
  bucket: string,
  { metadata }: ContainerInfo,
  documents: BucketDocuments,
): BucketAccess | undefined {
  const { policy, publicAccessBlock, requestPayment } = documents
  const acl = parseStoredAcl(metadata[BUCKET_ACL_SYSMETA])
  const objectAcls = metadata[OBJECT_ACLS_FLAG] === undefined ? 'none' : 'some'
  const ownership = ownershipIn(metadata, documents)
  const isPlain =
    acl === undefined &&
    objectAcls === 'none' &&
    [policy, publicAccessBlock, ownership, requestPayment].every((one) => one === undefined)
  if (isPlain) return undefined
  return {
    policy: policy === undefined ? undefined : policyOf(policy, bucket),
    acl,
    publicAccess: publicAccessBlock ?? NOTHING_BLOCKED,
    ownership: ownership ?? objectOwnership,
    payer: requestPayment ?? 'BucketOwner',
    objectAcls,
  }
}

/** What the bucket says of whose its objects are. */
export function ownershipIn(
  metadata: ContainerInfo['metadata'],
  { ownershipControls }: BucketDocuments,
): ObjectOwnership | undefined {
  const created = metadata[CREATED_OWNERSHIP]
  return ownershipControls ?? (created !== undefined && isObjectOwnership(created) ? created : undefined)
}

function policyOf(text: string, bucket: string): BucketAccess['policy'] {
  const parsed = parseBucketPolicy(text, bucket)
  return parsed.kind === 'policy' ? parsed.policy : 'unreadable'
}
