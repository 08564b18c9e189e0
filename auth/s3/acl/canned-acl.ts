/** Canned ACLs (`x-amz-acl`): names for lists of grants (Amazon S3 User Guide, "Canned ACL"). */
import {
  type AccessControlList,
  EC2_USER,
  type Grant,
  type GranteeGroup,
  type Permission,
} from './access-control-list.ts'

export interface Owners {
  /** Canonical user id of whoever owns what the list is of. */
  readonly owner: string
  /** Of whoever owns the bucket that it is in. */
  readonly bucketOwner: string
}

/** What is granted besides full control to the owner. */
const CANNED: ReadonlyMap<string, (owners: Owners) => readonly Grant[]> = new Map<
  string,
  (owners: Owners) => readonly Grant[]
>([
  ['private', () => []],
  ['public-read', () => [toGroup('AllUsers', 'READ')]],
  ['public-read-write', () => [toGroup('AllUsers', 'READ'), toGroup('AllUsers', 'WRITE')]],
  ['authenticated-read', () => [toGroup('AuthenticatedUsers', 'READ')]],
  ['aws-exec-read', () => [toUser(EC2_USER.id, 'READ')]],
  ['bucket-owner-read', ({ bucketOwner }) => [toUser(bucketOwner, 'READ')]],
  ['bucket-owner-full-control', ({ bucketOwner }) => [toUser(bucketOwner, 'FULL_CONTROL')]],
  ['log-delivery-write', () => [toGroup('LogDelivery', 'WRITE'), toGroup('LogDelivery', 'READ_ACP')]],
])

/** `undefined`: no canned ACL has this name. */
export function cannedAcl(name: string, owners: Owners): AccessControlList | undefined {
  const further = CANNED.get(name)?.(owners)
  if (further === undefined) return undefined
  const { owner } = owners
  // The bucket's owner needs no second grant for what is theirs.
  const others = further.filter(({ grantee }) => grantee.kind !== 'user' || grantee.id !== owner)
  return { owner, grants: [toUser(owner, 'FULL_CONTROL'), ...others] }
}

export function privateAcl(owner: string): AccessControlList {
  return { owner, grants: [toUser(owner, 'FULL_CONTROL')] }
}

function toUser(id: string, permission: Permission): Grant {
  return { grantee: { kind: 'user', id }, permission }
}

function toGroup(group: GranteeGroup, permission: Permission): Grant {
  return { grantee: { kind: 'group', group }, permission }
}
