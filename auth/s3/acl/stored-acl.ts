/**
 * ACLs as they are stored: the JSON of OpenStack Swift's S3 gateway (`common/middleware/s3api/subresource.py`), in the
 * system metadata of the same names, so that either reads what the other wrote. The ACL of an object that is changed later
 * stands in metadata that a POST replaces, and counts instead of the one it was stored with.
 */
import {
  type AccessControlList,
  GROUP_URIS,
  type Grant,
  type Grantee,
  type GranteeGroup,
  PERMISSIONS,
  type Permission,
} from './access-control-list.ts'

export const BUCKET_ACL_SYSMETA = 'x-container-sysmeta-s3api-acl'
/** What an object was stored with. */
export const OBJECT_ACL_SYSMETA = 'x-object-sysmeta-s3api-acl'
/** What was said of it since. */
export const OBJECT_ACL_CHANGED = 'x-object-transient-sysmeta-s3-acl'

/** Longest stored form, bytes: a header line of OpenStack Swift's servers holds 8,192 with its name. */
export const STORED_ACL_BYTES_MAX = 7 * 1024

/** `undefined`: it is too long to be stored. */
export function storedAcl({ owner, grants }: AccessControlList): string | undefined {
  const json = asciiJson({
    Owner: owner,
    Grant: grants.map(({ grantee, permission }) => ({
      Permission: permission,
      Grantee: grantee.kind === 'user' ? grantee.id : grantee.group,
    })),
  })
  return json.length > STORED_ACL_BYTES_MAX ? undefined : json
}

/** Headers hold bytes below 128. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `undefined`: there is none, or none that can be read; then it grants nothing. */
export function parseStoredAcl(stored: string | undefined): AccessControlList | undefined {
  if (stored === undefined || stored === '') return undefined
  const parsed = parseJson(stored)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { Owner: owner, Grant: written } = parsed as Readonly<Record<string, unknown>>
  if (typeof owner !== 'string' || !Array.isArray(written)) return undefined
  const grants = written.map((grant: unknown) => grantOf(grant)).filter((grant) => grant !== undefined)
  return { owner, grants }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function grantOf(written: unknown): Grant | undefined {
  if (typeof written !== 'object' || written === null) return undefined
  const { Permission: permission, Grantee: grantee } = written as Readonly<Record<string, unknown>>
  if (typeof grantee !== 'string' || !PERMISSIONS.includes(permission as Permission)) return undefined
  return { grantee: granteeOf(grantee), permission: permission as Permission }
}

function granteeOf(written: string): Grantee {
  return Object.hasOwn(GROUP_URIS, written)
    ? { kind: 'group', group: written as GranteeGroup }
    : { kind: 'user', id: written }
}

/** The ACL of an object, out of its stored headers. */
export function objectAclIn(
  headers: Readonly<Record<string, string | undefined>>,
): AccessControlList | undefined {
  return parseStoredAcl(headers[OBJECT_ACL_CHANGED]) ?? parseStoredAcl(headers[OBJECT_ACL_SYSMETA])
}
