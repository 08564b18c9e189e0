/**
 * S3 access control lists: an owner and grants, of a bucket or of an object (Amazon S3 User Guide, "Access control list
 * (ACL) overview"). A canonical user id is a user's name (`test:tester`), as OpenStack Swift's S3 gateway has it.
 */
import type { AclPermission } from '../actions.ts'

export type Permission = AclPermission | 'FULL_CONTROL'

export const PERMISSIONS: readonly Permission[] = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP']

export type GranteeGroup = 'AllUsers' | 'AuthenticatedUsers' | 'LogDelivery'

export type Grantee =
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'group'; readonly group: GranteeGroup }

export interface Grant {
  readonly grantee: Grantee
  readonly permission: Permission
}

export interface AccessControlList {
  /** Canonical user id. */
  readonly owner: string
  readonly grants: readonly Grant[]
}

/** At most so many grants (Amazon S3 User Guide, "ACL overview"). */
export const GRANTS_MAX = 100

export const GROUP_URIS: Readonly<Record<GranteeGroup, string>> = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
}

/** The canonical user of Amazon EC2, to whom `aws-exec-read` lets bundles of machine images be read. */
export const EC2_USER = {
  id: '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c',
  displayName: 'za-team',
} as const

/** `account:user` as everybody here is called, or 64 digits as Amazon calls people. */
const USER_ID = /^(?:[^\s:,"]+:[^\s,"]+|[0-9a-f]{64})$/

/** Whether somebody can have this canonical user id. */
export function isUserId(id: string): boolean {
  return USER_ID.test(id)
}

/** `undefined`: no group has this address. */
export function groupOfUri(uri: string): GranteeGroup | undefined {
  const groups = Object.keys(GROUP_URIS) as readonly GranteeGroup[]
  return groups.find((group) => GROUP_URIS[group] === uri)
}

export function displayNameOf(id: string): string {
  return id === EC2_USER.id ? EC2_USER.displayName : id
}

/** Which grants count: `IgnorePublicAcls` takes those away that open something to the public. */
export type CountedGrants = 'all' | 'not_public'

/** A canonical id, `undefined` for nobody known, or the cluster itself as it delivers access logs. */
export type AclUser = string | undefined | { readonly group: 'LogDelivery' }

/** Whether the list lets the user do it. An owner may always see and change the list itself. */
export function aclAdmits(
  acl: AccessControlList,
  user: AclUser,
  permission: AclPermission,
  counted: CountedGrants,
): boolean {
  const isAboutList = permission === 'READ_ACP' || permission === 'WRITE_ACP'
  if (isAboutList && user === acl.owner) return true
  return acl.grants.some(
    (grant) =>
      (grant.permission === permission || grant.permission === 'FULL_CONTROL') &&
      (counted === 'all' || !isPublicGrant(grant)) &&
      isGrantee(grant.grantee, user),
  )
}

function isGrantee(grantee: Grantee, user: AclUser): boolean {
  if (grantee.kind === 'user') return grantee.id === user
  switch (grantee.group) {
    case 'AllUsers':
      return true
    case 'AuthenticatedUsers':
      return typeof user === 'string'
    case 'LogDelivery':
      return typeof user === 'object'
  }
}

/** Whether the list opens something to everyone, or to everyone with an account. */
export function isPublicAcl(acl: AccessControlList): boolean {
  return acl.grants.some((grant) => isPublicGrant(grant))
}

function isPublicGrant({ grantee }: Grant): boolean {
  return grantee.kind === 'group' && grantee.group !== 'LogDelivery'
}

/** Whether the list gives nobody anything but its owner. */
export function isPrivateAcl(acl: AccessControlList): boolean {
  return acl.grants.every(({ grantee }) => grantee.kind === 'user' && grantee.id === acl.owner)
}
