/** Every path of the service, what may be done to it, and who may. The one list. */
import { deleteAccessRule, listAccessRules, showAccessRule } from './verbs/access-rules.ts'
import {
  createApplicationCredential,
  deleteApplicationCredential,
  listApplicationCredentials,
  showApplicationCredential,
} from './verbs/application-credentials.ts'
import * as credentials from './verbs/credentials.ts'
import * as domains from './verbs/domains.ts'
import { exchangeEc2, exchangeS3 } from './verbs/ec2-tokens.ts'
import { addGrant, checkGrant, listGrants, removeGrant } from './verbs/grants.ts'
import * as groups from './verbs/groups.ts'
import * as implied from './verbs/implied-roles.ts'
import * as limits from './verbs/limits.ts'
import * as tags from './verbs/project-tags.ts'
import * as projects from './verbs/projects.ts'
import * as regions from './verbs/regions.ts'
import { listAssignments } from './verbs/role-assignments.ts'
import * as roles from './verbs/roles.ts'
import { ownDomains, ownProjects, ownSystem, showCatalogue } from './verbs/scopes.ts'
import * as services from './verbs/services.ts'
import { issueToken, revokeToken, showToken } from './verbs/tokens.ts'
import * as trusts from './verbs/trusts.ts'
import * as users from './verbs/users.ts'
import { listVersions, showVersion } from './verbs/versions.ts'
import type { VisitHandler } from './visit.ts'

/**
 * `anyone`: no token is asked for. `known`: whoever has a token; the handler sees to the rest. `admin`: the role admin.
 * `service`: the role service or admin. `overseer`: those, and whoever has a role on the system. `self`: the user that the path names, and administrators.
 */
export type Access = 'anyone' | 'known' | 'service' | 'overseer' | 'admin' | 'self'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Route {
  readonly method: Method
  readonly access: Access
  /** Segments; one that begins with a colon takes any text. */
  readonly segments: readonly string[]
  readonly handler: VisitHandler
}

type Row = readonly [Method, string, Access, VisitHandler]

const GRANTS = ['/projects/:project', '/domains/:domain', '/system'].flatMap((on) =>
  ['/users/:user', '/groups/:group'].flatMap((holder): readonly Row[] => [
    ['GET', `${on}${holder}/roles`, 'admin', listGrants],
    ['GET', `${on}${holder}/roles/:role`, 'admin', checkGrant],
    ['PUT', `${on}${holder}/roles/:role`, 'admin', addGrant],
    ['DELETE', `${on}${holder}/roles/:role`, 'admin', removeGrant],
  ]),
)

const INHERITED = 'inherited_to_projects'

/** Roles that projects inherit (Identity API v3, "OS-INHERIT"). */
const INHERITANCE = ['/projects/:project', '/domains/:domain'].flatMap((on) =>
  ['/users/:user', '/groups/:group'].flatMap((holder): readonly Row[] => {
    const roles = `/OS-INHERIT${on}${holder}/roles`
    return [
      ...(on.startsWith('/domains') ? [['GET', `${roles}/${INHERITED}`, 'admin', listGrants] as Row] : []),
      ['GET', `${roles}/:role/${INHERITED}`, 'admin', checkGrant],
      ['PUT', `${roles}/:role/${INHERITED}`, 'admin', addGrant],
      ['DELETE', `${roles}/:role/${INHERITED}`, 'admin', removeGrant],
    ]
  }),
)

const IMPLIES = '/roles/:role/implies'

const APPLICATION_CREDENTIALS = '/users/:user/application_credentials'
const KEY_PAIRS = '/users/:user/credentials/OS-EC2'

/** Paths under `/v3`. */
const ROWS: readonly Row[] = [
  ['GET', '/', 'anyone', showVersion],
  ['POST', '/auth/tokens', 'anyone', issueToken],
  ['GET', '/auth/tokens', 'known', showToken],
  ['DELETE', '/auth/tokens', 'known', revokeToken],
  ['GET', '/auth/catalog', 'known', showCatalogue],
  ['GET', '/auth/projects', 'known', ownProjects],
  ['GET', '/auth/domains', 'known', ownDomains],
  ['GET', '/auth/system', 'known', ownSystem],
  ['POST', '/ec2tokens', 'service', exchangeEc2],
  ['POST', '/s3tokens', 'service', exchangeS3],

  ['GET', '/users', 'admin', users.listUsers],
  ['POST', '/users', 'admin', users.createUser],
  ['GET', '/users/:user', 'self', users.showUser],
  ['PATCH', '/users/:user', 'admin', users.updateUser],
  ['DELETE', '/users/:user', 'admin', users.deleteUser],
  ['POST', '/users/:user/password', 'anyone', users.changePassword],
  ['GET', '/users/:user/projects', 'self', users.projectsOfUser],
  ['GET', '/users/:user/groups', 'self', groups.groupsOfUser],

  ['GET', APPLICATION_CREDENTIALS, 'self', listApplicationCredentials],
  ['POST', APPLICATION_CREDENTIALS, 'self', createApplicationCredential],
  ['GET', `${APPLICATION_CREDENTIALS}/:credential`, 'self', showApplicationCredential],
  ['DELETE', `${APPLICATION_CREDENTIALS}/:credential`, 'self', deleteApplicationCredential],

  ['GET', '/users/:user/access_rules', 'self', listAccessRules],
  ['GET', '/users/:user/access_rules/:rule', 'self', showAccessRule],
  ['DELETE', '/users/:user/access_rules/:rule', 'self', deleteAccessRule],

  ['GET', KEY_PAIRS, 'self', credentials.listKeyPairs],
  ['POST', KEY_PAIRS, 'self', credentials.createKeyPair],
  ['GET', `${KEY_PAIRS}/:access`, 'self', credentials.showKeyPair],
  ['DELETE', `${KEY_PAIRS}/:access`, 'self', credentials.deleteKeyPair],

  ['GET', '/credentials', 'known', credentials.listCredentials],
  ['POST', '/credentials', 'known', credentials.createCredential],
  ['GET', '/credentials/:credential', 'known', credentials.showCredential],
  ['PATCH', '/credentials/:credential', 'known', credentials.updateCredential],
  ['DELETE', '/credentials/:credential', 'known', credentials.deleteCredential],

  ['GET', '/projects', 'admin', projects.listProjects],
  ['POST', '/projects', 'admin', projects.createProject],
  ['GET', '/projects/:project', 'known', projects.showProject],
  ['PATCH', '/projects/:project', 'admin', projects.updateProject],
  ['DELETE', '/projects/:project', 'admin', projects.deleteProject],
  ['GET', '/projects/:project/tags', 'known', tags.listTags],
  ['PUT', '/projects/:project/tags', 'admin', tags.replaceTags],
  ['DELETE', '/projects/:project/tags', 'admin', tags.removeTags],
  ['GET', '/projects/:project/tags/:tag', 'known', tags.showTag],
  ['PUT', '/projects/:project/tags/:tag', 'admin', tags.addTag],
  ['DELETE', '/projects/:project/tags/:tag', 'admin', tags.removeTag],

  ['GET', '/OS-TRUST/trusts', 'known', trusts.listTrusts],
  ['POST', '/OS-TRUST/trusts', 'known', trusts.createTrust],
  ['GET', '/OS-TRUST/trusts/:trust', 'known', trusts.showTrust],
  ['DELETE', '/OS-TRUST/trusts/:trust', 'known', trusts.deleteTrust],
  ['GET', '/OS-TRUST/trusts/:trust/roles', 'known', trusts.listRolesOfTrust],
  ['GET', '/OS-TRUST/trusts/:trust/roles/:role', 'known', trusts.showRoleOfTrust],

  ['GET', '/roles', 'admin', roles.listRoles],
  ['POST', '/roles', 'admin', roles.createRole],
  ['GET', '/roles/:role', 'admin', roles.showRole],
  ['PATCH', '/roles/:role', 'admin', roles.updateRole],
  ['DELETE', '/roles/:role', 'admin', roles.deleteRole],
  ['GET', IMPLIES, 'admin', implied.listImplied],
  ['GET', `${IMPLIES}/:implied`, 'admin', implied.showImplied],
  ['PUT', `${IMPLIES}/:implied`, 'admin', implied.addImplied],
  ['DELETE', `${IMPLIES}/:implied`, 'admin', implied.removeImplied],
  ['GET', '/role_inferences', 'admin', implied.listInferences],
  ...GRANTS,
  ...INHERITANCE,
  ['GET', '/role_assignments', 'admin', listAssignments],

  ['GET', '/domains', 'admin', domains.listDomains],
  ['POST', '/domains', 'admin', domains.createDomain],
  ['GET', '/domains/:domain', 'known', domains.showDomain],
  ['PATCH', '/domains/:domain', 'admin', domains.updateDomain],
  ['DELETE', '/domains/:domain', 'admin', domains.deleteDomain],

  ['GET', '/groups', 'admin', groups.listGroups],
  ['POST', '/groups', 'admin', groups.createGroup],
  ['GET', '/groups/:group', 'admin', groups.showGroup],
  ['PATCH', '/groups/:group', 'admin', groups.updateGroup],
  ['DELETE', '/groups/:group', 'admin', groups.deleteGroup],
  ['GET', '/groups/:group/users', 'admin', groups.usersOfGroup],
  ['GET', '/groups/:group/users/:user', 'admin', groups.checkMember],
  ['PUT', '/groups/:group/users/:user', 'admin', groups.addMember],
  ['DELETE', '/groups/:group/users/:user', 'admin', groups.removeMember],

  ['GET', '/services', 'overseer', services.listServices],
  ['POST', '/services', 'admin', services.createService],
  ['GET', '/services/:service', 'overseer', services.showService],
  ['PATCH', '/services/:service', 'admin', services.updateService],
  ['DELETE', '/services/:service', 'admin', services.deleteService],
  ['GET', '/endpoints', 'overseer', services.listEndpoints],
  ['POST', '/endpoints', 'admin', services.createEndpoint],
  ['GET', '/endpoints/:endpoint', 'overseer', services.showEndpoint],
  ['PATCH', '/endpoints/:endpoint', 'admin', services.updateEndpoint],
  ['DELETE', '/endpoints/:endpoint', 'admin', services.deleteEndpoint],
  ['GET', '/regions', 'known', regions.listRegions],
  ['POST', '/regions', 'admin', regions.createRegion],
  ['GET', '/regions/:region', 'known', regions.showRegion],
  ['PUT', '/regions/:region', 'admin', regions.createRegion],
  ['PATCH', '/regions/:region', 'admin', regions.updateRegion],
  ['DELETE', '/regions/:region', 'admin', regions.deleteRegion],

  ['GET', '/limits/model', 'known', limits.showModel],
  ['GET', '/registered_limits', 'known', limits.listRegistered],
  ['POST', '/registered_limits', 'admin', limits.createRegistered],
  ['GET', '/registered_limits/:limit', 'known', limits.showRegistered],
  ['PATCH', '/registered_limits/:limit', 'admin', limits.updateRegistered],
  ['DELETE', '/registered_limits/:limit', 'admin', limits.deleteRegistered],
  ['GET', '/limits', 'known', limits.listLimits],
  ['POST', '/limits', 'admin', limits.createLimits],
  ['GET', '/limits/:limit', 'known', limits.showLimit],
  ['PATCH', '/limits/:limit', 'admin', limits.updateLimit],
  ['DELETE', '/limits/:limit', 'admin', limits.deleteLimit],
]

/** Every one, in the order in which they are tried. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', access: 'anyone', segments: [], handler: listVersions },
  ...ROWS.map(([method, path, access, handler]) => ({
    method,
    access,
    segments: ['v3', ...path.split('/').filter((segment) => segment !== '')],
    handler,
  })),
]

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly named: Readonly<Record<string, string>> }
  | { readonly kind: 'no_such_path' }
  | { readonly kind: 'no_such_method'; readonly allowed: readonly Method[] }

/** `path` after `/identity`, decoded segment by segment; a HEAD is a GET without its body. */
export function routeOf(method: string, segments: readonly string[]): Match {
  const wanted = method === 'HEAD' ? 'GET' : method
  const there = ROUTES.flatMap((route) => {
    const named = namedIn(route.segments, segments)
    return named === undefined ? [] : [{ route, named }]
  })
  const found = there.find(({ route }) => route.method === wanted)
  if (found !== undefined) return { kind: 'route', ...found }
  if (there.length === 0) return { kind: 'no_such_path' }
  return { kind: 'no_such_method', allowed: there.map(({ route }) => route.method) }
}

function namedIn(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== segments.length) return undefined
  const named: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] as string
    if (part.startsWith(':')) named[part.slice(1)] = segment
    else if (part !== segment) return undefined
  }
  return named
}
