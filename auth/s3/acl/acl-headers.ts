/**
 * ACLs in the headers of a request: a canned one (`x-amz-acl`), or grants (`x-amz-grant-read: id="test:tester",
 * uri="http://acs.amazonaws.com/groups/global/AllUsers"`). Codes and messages of refusals are Amazon's.
 */
import {
  type AccessControlList,
  GRANTS_MAX,
  type Grant,
  type Grantee,
  groupOfUri,
  isUserId,
  type Permission,
} from './access-control-list.ts'
import { cannedAcl, type Owners } from './canned-acl.ts'

export interface AclRefusal {
  readonly kind: 'refused'
  readonly code:
    | 'InvalidArgument'
    | 'InvalidRequest'
    | 'MalformedACLError'
    | 'UnresolvableGrantByEmailAddress'
  readonly message?: string | undefined
  /** Further members of the error document. */
  readonly extra?: Readonly<Record<string, string>> | undefined
}

export type AclInHeaders =
  | { readonly kind: 'none' }
  | { readonly kind: 'acl'; readonly acl: AccessControlList; readonly canned: string | undefined }
  | AclRefusal

const CANNED_HEADER = 'x-amz-acl'
const GRANT_HEADERS: ReadonlyMap<string, Permission> = new Map([
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
])

/** The headers that say something of access lists. */
export const ACL_HEADERS: readonly string[] = [CANNED_HEADER, ...GRANT_HEADERS.keys()]

/** Reads the ACL that a request asks for; names of headers are in lower case. */
export function aclInHeaders(
  headers: Readonly<Record<string, string | undefined>>,
  owners: Owners,
): AclInHeaders {
  const canned = headers[CANNED_HEADER]
  const named = [...GRANT_HEADERS].filter(([name]) => headers[name] !== undefined)
  if (canned !== undefined) {
    return named.length === 0
      ? cannedInHeaders(canned, owners)
      : refused('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed')
  }
  if (named.length === 0) return { kind: 'none' }
  const grants: Grant[] = []
  for (const [name, permission] of named) {
    const grantees = parseGrantees(headers[name] ?? '')
    if ('kind' in grantees) return grantees
    grants.push(...grantees.map((grantee) => ({ grantee, permission })))
  }
  if (grants.length > GRANTS_MAX) return refused('MalformedACLError')
  return { kind: 'acl', acl: { owner: owners.owner, grants }, canned: undefined }
}

function cannedInHeaders(name: string, owners: Owners): AclInHeaders {
  const acl = cannedAcl(name, owners)
  return acl === undefined
    ? refused('InvalidArgument', undefined, { ArgumentName: CANNED_HEADER, ArgumentValue: name })
    : { kind: 'acl', acl, canned: name }
}

function refused(code: AclRefusal['code'], message?: string, extra?: AclRefusal['extra']): AclRefusal {
  return { kind: 'refused', code, message, extra }
}

/** `id="…"`, `uri=…`, `emailAddress=…`, separated by commas. */
function parseGrantees(written: string): readonly Grantee[] | AclRefusal {
  const grantees: Grantee[] = []
  for (const item of written.split(',')) {
    const equals = item.indexOf('=')
    if (equals < 0) {
      return refused('InvalidArgument', 'Argument format not recognized', {
        ArgumentName: 'x-amz-grant',
        ArgumentValue: item.trim(),
      })
    }
    const type = item.slice(0, equals).trim()
    const grantee = granteeNamed(type, unquoted(item.slice(equals + 1).trim()))
    if (grantee.kind === 'refused') return grantee
    grantees.push(grantee)
  }
  return grantees
}

function unquoted(value: string): string {
  const quote = value[0]
  const isQuoted = (quote === '"' || quote === "'") && value.length >= 2 && value.endsWith(quote)
  return isQuoted ? value.slice(1, -1) : value
}

/** A grantee by the word that designates it: `id`, `uri`, `emailAddress`. */
export function granteeNamed(type: string, value: string): Grantee | AclRefusal {
  switch (type.toLowerCase()) {
    case 'id':
      return isUserId(value)
        ? { kind: 'user', id: value }
        : refused('InvalidArgument', 'Invalid id', { ArgumentName: type, ArgumentValue: value })
    case 'uri': {
      const group = groupOfUri(value)
      return group === undefined
        ? refused('InvalidArgument', 'Invalid group uri', { ArgumentName: type, ArgumentValue: value })
        : { kind: 'group', group }
    }
    case 'emailaddress':
      // Nobody here has an address, so none is anybody's.
      return refused('UnresolvableGrantByEmailAddress')
    default:
      return refused('InvalidArgument', 'Argument format not recognized', {
        ArgumentName: type,
        ArgumentValue: value,
      })
  }
}
