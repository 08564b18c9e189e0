/**
 * What there is, for clients that look paths up instead of knowing them: a JSON Home document (OpenStack Identity API v3,
 * "JSON Home"; draft-nottingham-json-home-03). It names what Keystone names, as far as it is here. Pure.
 */

const RELATIONS = 'https://docs.openstack.org/api/openstack-identity/3'

/** `stable` goes without saying. */
type Status = 'stable' | 'experimental'

interface Row {
  /** `OS-TRUST`: its relations have a name space of their own. */
  readonly extension: string | undefined
  readonly status: Status
  /** Relation, then path with what varies in braces. */
  readonly resources: readonly (readonly [relation: string, path: string])[]
}

const ON_PROJECTS = '/projects/{project_id}'
const ON_DOMAINS = '/domains/{domain_id}'
const OF_USERS = '/users/{user_id}'
const OF_GROUPS = '/groups/{group_id}'
const A_ROLE = '/roles/{role_id}'
const TRUST = '/OS-TRUST/trusts/{trust_id}'
const INHERITED = '/inherited_to_projects'

/** A collection, and one of it. */
function both(plural: string, singular: string): readonly (readonly [string, string])[] {
  return [
    [plural, `/${plural}`],
    [singular, `/${plural}/{${singular}_id}`],
  ]
}

/** Roles of users and groups on something. */
function granted(name: string, on: string): readonly (readonly [string, string])[] {
  return [
    [`${name}_user_roles`, `${on}${OF_USERS}/roles`],
    [`${name}_user_role`, on + OF_USERS + A_ROLE],
    [`${name}_group_roles`, `${on}${OF_GROUPS}/roles`],
    [`${name}_group_role`, on + OF_GROUPS + A_ROLE],
  ]
}

const ROWS: readonly Row[] = [
  {
    extension: undefined,
    status: 'stable',
    resources: [
      ['auth_tokens', '/auth/tokens'],
      ['auth_catalog', '/auth/catalog'],
      ['auth_projects', '/auth/projects'],
      ['auth_domains', '/auth/domains'],
      ['auth_system', '/auth/system'],
      ...both('users', 'user'),
      ['user_change_password', `${OF_USERS}/password`],
      ['user_projects', `${OF_USERS}/projects`],
      ['user_groups', `${OF_USERS}/groups`],
      ['application_credentials', `${OF_USERS}/application_credentials`],
      ['application_credential', `${OF_USERS}/application_credentials/{application_credential_id}`],
      ['access_rules', `${OF_USERS}/access_rules`],
      ['access_rule', `${OF_USERS}/access_rules/{access_rule_id}`],
      ...both('credentials', 'credential'),
      ...both('projects', 'project'),
      ['project_tags', `${ON_PROJECTS}/tags/{value}`],
      ...both('domains', 'domain'),
      ...both('groups', 'group'),
      ['group_users', `${OF_GROUPS}/users`],
      ['group_user', OF_GROUPS + OF_USERS],
      ...both('roles', 'role'),
      ['implied_roles', '/roles/{prior_role_id}/implies'],
      ['implied_role', '/roles/{prior_role_id}/implies/{implied_role_id}'],
      ['role_inferences', '/role_inferences'],
      ['role_assignments', '/role_assignments'],
      ...granted('project', ON_PROJECTS),
      ...granted('domain', ON_DOMAINS),
      ...granted('system', '/system'),
      ...both('services', 'service'),
      ...both('endpoints', 'endpoint'),
      ...both('regions', 'region'),
    ],
  },
  {
    extension: undefined,
    status: 'experimental',
    resources: [
      ...both('registered_limits', 'registered_limit'),
      ...both('limits', 'limit'),
      ['limit_model', '/limits/model'],
    ],
  },
  {
    extension: 'OS-EC2',
    status: 'stable',
    resources: [
      ['ec2tokens', '/ec2tokens'],
      ['user_credentials', `${OF_USERS}/credentials/OS-EC2`],
      ['user_credential', `${OF_USERS}/credentials/OS-EC2/{credential_id}`],
    ],
  },
  { extension: 's3tokens', status: 'stable', resources: [['s3tokens', '/s3tokens']] },
  {
    extension: 'OS-FEDERATION',
    status: 'stable',
    resources: [
      ['projects', '/auth/projects'],
      ['domains', '/auth/domains'],
    ],
  },
  {
    extension: 'OS-TRUST',
    status: 'stable',
    resources: [
      ['trusts', '/OS-TRUST/trusts'],
      ['trust', TRUST],
      ['trust_roles', `${TRUST}/roles`],
      ['trust_role', TRUST + A_ROLE],
    ],
  },
  {
    extension: 'OS-INHERIT',
    status: 'stable',
    resources: [
      ['domain_user_roles_inherited_to_projects', `/OS-INHERIT${ON_DOMAINS}${OF_USERS}/roles${INHERITED}`],
      ['domain_user_role_inherited_to_projects', `/OS-INHERIT${ON_DOMAINS}${OF_USERS}${A_ROLE}${INHERITED}`],
      ['domain_group_roles_inherited_to_projects', `/OS-INHERIT${ON_DOMAINS}${OF_GROUPS}/roles${INHERITED}`],
      [
        'domain_group_role_inherited_to_projects',
        `/OS-INHERIT${ON_DOMAINS}${OF_GROUPS}${A_ROLE}${INHERITED}`,
      ],
      [
        'project_user_role_inherited_to_projects',
        `/OS-INHERIT${ON_PROJECTS}${OF_USERS}${A_ROLE}${INHERITED}`,
      ],
      [
        'project_group_role_inherited_to_projects',
        `/OS-INHERIT${ON_PROJECTS}${OF_GROUPS}${A_ROLE}${INHERITED}`,
      ],
    ],
  },
]

/** Parameters that are called otherwise than where they stand, or belong to an extension. */
const PARAMETERS: Readonly<Record<string, string>> = {
  prior_role_id: 'param/role_id',
  implied_role_id: 'param/role_id',
  value: 'param/tag_value',
  trust_id: 'ext/OS-TRUST/1.0/param/trust_id',
}

export interface JsonHome {
  readonly resources: Readonly<Record<string, JsonHomeResource>>
}

export interface JsonHomeResource {
  readonly href?: string
  readonly 'href-template'?: string
  readonly 'href-vars'?: Readonly<Record<string, string>>
  readonly hints?: { readonly status: Status }
}

/** `prefix` before every path: none where `/v3` was asked for. */
export function jsonHome(prefix: '' | '/v3'): JsonHome {
  const entries = ROWS.flatMap(({ extension, status, resources }) =>
    resources.map(
      ([name, path]) => [relationOf(extension, name), resourceOf(prefix + path, status)] as const,
    ),
  )
  return { resources: Object.fromEntries(entries) }
}

function relationOf(extension: string | undefined, name: string): string {
  return extension === undefined
    ? `${RELATIONS}/rel/${name}`
    : `${RELATIONS}/ext/${extension}/1.0/rel/${name}`
}

function resourceOf(path: string, status: Status): JsonHomeResource {
  const hints = status === 'stable' ? {} : { hints: { status } }
  const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  if (variables.length === 0) return { href: path, ...hints }
  const meanings = variables.map((name) => [name, `${RELATIONS}/${PARAMETERS[name] ?? `param/${name}`}`])
  return { 'href-template': path, 'href-vars': Object.fromEntries(meanings), ...hints }
}
