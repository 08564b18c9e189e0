/**
 * What a whole account keeps from the public (`PublicAccessBlock` of S3 Control), in the way of every bucket's grants. The account is
 * asked only about containers that open something to the public at all: of all others its switches change nothing. While nobody
 * can say what the account blocks, such a container's grants are not known either.
 */
import type { ContainerGrants } from '#auth/access-question.ts'
import type { BucketAccess } from '#auth/bucket-access.ts'
import { isPublicAcl } from '#auth/s3/acl/access-control-list.ts'
import { isPublicPolicy } from '#auth/s3/policy/public-policy.ts'
import {
  ACCOUNT_BLOCK_SYSMETA,
  blockedByEither,
  NOTHING_BLOCKED,
  type PublicAccessBlock,
  parseStoredBlock,
} from '#auth/s3/public-access-block.ts'
import type { ContainerInfo, Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { containerGrantsOf, type GrantsDeps } from './container-grants.ts'

export interface CountedGrantsDeps extends GrantsDeps {
  readonly store: Pick<Store, 'accounts'>
}

/** What the account itself has set; `undefined` where it has set nothing. */
export async function accountBlockOf(
  { accounts }: Pick<Store, 'accounts'>,
  context: OperationContext,
  { account }: Pick<ContainerName, 'account'>,
): Promise<PublicAccessBlock | undefined | 'unavailable'> {
  const info = await accounts.info(context, { account })
  if (info !== undefined) return parseStoredBlock(info.metadata[ACCOUNT_BLOCK_SYSMETA])
  // No information: nobody could be asked, or there is no account, and whoever asks is told that elsewhere.
  const read = await accounts.read(context, { account }, {})
  if (read.kind === 'found') return parseStoredBlock(read.info.metadata[ACCOUNT_BLOCK_SYSMETA])
  return read.kind === 'no_such_account' || read.kind === 'account_deleted' ? undefined : 'unavailable'
}

/** What the bucket and its account block together, with or without anything public in the bucket now. */
export async function publicAccessOf(
  { store }: CountedGrantsDeps,
  context: OperationContext,
  name: Pick<ContainerName, 'account'>,
  { bucket }: ContainerGrants,
): Promise<PublicAccessBlock | 'unavailable'> {
  const ofAccount = await accountBlockOf(store, context, name)
  if (ofAccount === 'unavailable') return ofAccount
  return blockedByEither(bucket?.publicAccess ?? NOTHING_BLOCKED, ofAccount ?? NOTHING_BLOCKED)
}

/** What counts of what the container grants; `unavailable`: it cannot be told now. */
export async function countedGrantsOf(
  deps: CountedGrantsDeps,
  context: OperationContext,
  name: ContainerName,
  info: ContainerInfo,
): Promise<ContainerGrants | 'unavailable'> {
  const grants = await containerGrantsOf(deps, context, name, info)
  if (grants === 'unavailable' || !opensToPublic(grants)) return grants
  const ofAccount = await accountBlockOf(deps.store, context, name)
  if (ofAccount === 'unavailable') return ofAccount
  return ofAccount === undefined ? grants : within(ofAccount, grants, deps)
}

const opening = new WeakMap<ContainerGrants, boolean>()

function opensToPublic(grants: ContainerGrants): boolean {
  const known = opening.get(grants)
  if (known !== undefined) return known
  const { read, bucket } = grants
  const opens = read.referrers.length > 0 || (bucket !== undefined && bucketOpens(bucket))
  opening.set(grants, opens)
  return opens
}

/** Lists of objects may be public one by one. */
function bucketOpens({ acl, objectAcls, policy }: BucketAccess): boolean {
  if (objectAcls === 'some' || (acl !== undefined && isPublicAcl(acl))) return true
  return typeof policy === 'object' && isPublicPolicy(policy)
}

function within(
  ofAccount: PublicAccessBlock,
  grants: ContainerGrants,
  { objectOwnership }: GrantsDeps,
): ContainerGrants {
  const { bucket } = grants
  const plain: BucketAccess = {
    policy: undefined,
    acl: undefined,
    publicAccess: NOTHING_BLOCKED,
    ownership: objectOwnership,
    payer: 'BucketOwner',
    objectAcls: 'none',
  }
  const said = bucket ?? plain
  return { ...grants, bucket: { ...said, publicAccess: blockedByEither(said.publicAccess, ofAccount) } }
}
