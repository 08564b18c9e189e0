/** `AccessControlPolicy`: access lists as XML, both ways (Amazon S3 API Reference, PutBucketAcl, PutObjectAcl). */
import {
  type AccessControlList,
  displayNameOf,
  GRANTS_MAX,
  GROUP_URIS,
  type Grant,
  type Grantee,
  PERMISSIONS,
  type Permission,
} from '#auth/s3/acl/access-control-list.ts'
import { granteeNamed } from '#auth/s3/acl/acl-headers.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { XmlElement } from '../xml-reader.ts'
import { document, element, elementOf } from '../xml-writer.ts'
import { aclRefusal } from './acl-refusal.ts'

export const ACL_ROOT = 'AccessControlPolicy'

export function aclDocument({ owner, grants }: AccessControlList): string {
  return document(
    ACL_ROOT,
    elementOf('Owner', ...userXml(owner)),
    elementOf('AccessControlList', ...grants.map((grant) => grantXml(grant))),
  )
}

function userXml(id: string): readonly string[] {
  return [element('ID', id), element('DisplayName', displayNameOf(id))]
}

function grantXml({ grantee, permission }: Grant): string {
  const inner = grantee.kind === 'user' ? userXml(grantee.id) : [element('URI', GROUP_URIS[grantee.group])]
  const type = grantee.kind === 'user' ? 'CanonicalUser' : 'Group'
  return elementOf(
    'Grant',
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${inner.join('')}</Grantee>`,
    element('Permission', permission),
  )
}

/** The list in a document; `MalformedACLError` when it is none. */
export function readAcl(root: XmlElement): AccessControlList | S3Error {
  const owner = root.child('Owner')?.textOf('ID')
  const list = root.child('AccessControlList')
  if (owner === undefined || owner === '' || list === undefined) return s3Error('MalformedACLError')
  const written = list.all('Grant')
  const isOther = written.length !== list.children.length || written.length > GRANTS_MAX
  if (isOther) return s3Error('MalformedACLError')
  const grants: Grant[] = []
  for (const grant of written) {
    const read = readGrant(grant)
    if (isS3Error(read)) return read
    grants.push(read)
  }
  return { owner, grants }
}

function readGrant(grant: XmlElement): Grant | S3Error {
  const permission = grant.textOf('Permission') as Permission | undefined
  const written = grant.child('Grantee')
  if (permission === undefined || !PERMISSIONS.includes(permission) || written === undefined) {
    return s3Error('MalformedACLError')
  }
  const grantee = readGrantee(written)
  return isS3Error(grantee) ? grantee : { grantee, permission }
}

/** By type of grantee: the element that names it, and the word for it in headers. */
const TYPES: ReadonlyMap<string, readonly [element: string, word: string]> = new Map([
  ['CanonicalUser', ['ID', 'id']],
  ['Group', ['URI', 'uri']],
  ['AmazonCustomerByEmail', ['EmailAddress', 'emailAddress']],
])

function readGrantee(written: XmlElement): Grantee | S3Error {
  const type = TYPES.get(written.attribute('type') ?? '')
  const value = type && written.textOf(type[0])
  if (type === undefined || value === undefined) return s3Error('MalformedACLError')
  const grantee = granteeNamed(type[1], value)
  if (grantee.kind !== 'refused') return grantee
  const extra = grantee.extra && { ...grantee.extra, ArgumentName: `${written.attribute('type')}/${type[0]}` }
  return aclRefusal({ ...grantee, extra })
}
