/**
 * Requests to the Identity API, in an order in which later ones build on earlier ones: everything that clients of a Keystone
 * do with domains, projects, users, groups, roles, tokens, credentials, services and limits. A word in braces stands for an
 * id that an earlier answer gave.
 */

export interface IdentityRequest {
  /** Whose token it comes with; that of the administrator without. */
  readonly as?: string
  readonly method: string
  /** Below `/v3`. */
  readonly path: string
  readonly body?: unknown
  /** Whose token it is about. */
  readonly subject?: string
  /** The id, or the token, that the answer gives gets this name. */
  readonly gives?: string
  /** `status` where sentences are each side's own. */
  readonly compared?: 'whole' | 'status'
}

export const PASSWORD = 'first password'

export type Row = readonly [method: string, path: string, body?: unknown, gives?: string]

export function rows(list: readonly Row[], more: Partial<IdentityRequest> = {}): readonly IdentityRequest[] {
  return list.map(([method, path, body, gives]) => ({
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(gives === undefined ? {} : { gives }),
    ...more,
  }))
}

interface Login {
  readonly user?: string
  readonly password?: string
  readonly scope?: unknown
}

function login(
  gives: string,
  { user = 'wren', password = PASSWORD, scope }: Login,
  domain: object = { name: 'away' },
): IdentityRequest {
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } }
  const auth = scope === undefined ? { identity } : { identity, scope }
  return { method: 'POST', path: '/auth/tokens?nocatalog', body: { auth }, gives, as: 'nobody' }
}

const AVIARY = { project: { name: 'aviary', domain: { id: '{away}' } } }

export const IDENTITY_REQUESTS: readonly IdentityRequest[] = [
  ...rows([
    ['POST', '/domains', { domain: { name: 'away', description: 'far' } }, 'away'],
    ['POST', '/domains', { domain: { name: 'away' } }],
    ['GET', '/domains?name=away'],
    ['GET', '/domains/{away}'],
    ['GET', '/domains/nowhere'],
    ['PATCH', '/domains/{away}', { domain: { description: 'farther' } }],
    ['DELETE', '/domains/{away}'],

    ['POST', '/projects', { project: { name: 'aviary', domain_id: '{away}' } }, 'aviary'],
    ['POST', '/projects', { project: { name: 'aviary', domain_id: '{away}' } }],
    ['POST', '/projects', { project: { name: 'aviary' } }, 'namesake'],
    ['GET', '/projects?domain_id={away}'],
    ['GET', '/projects?is_domain=true&name=away'],
    ['GET', '/projects/{away}'],
    ['GET', '/projects/{aviary}'],
    ['GET', '/projects/nowhere'],
    ['PATCH', '/projects/{aviary}', { project: { description: 'birds', room: 'four' } }],
    ['PUT', '/projects/{aviary}/tags/red'],
    ['GET', '/projects/{aviary}/tags'],
    ['GET', '/projects/{aviary}/tags/red'],
    ['GET', '/projects/{aviary}/tags/blue'],
    ['GET', '/projects?tags=red'],

    [
      'POST',
      '/users',
      { user: { name: 'wren', domain_id: '{away}', password: PASSWORD, email: 'w@x' } },
      'wren',
    ],
    ['POST', '/users', { user: { name: 'wren', domain_id: '{away}' } }],
    [
      'POST',
      '/users',
      { user: { name: 'wren', default_project_id: '{namesake}', password: PASSWORD } },
      'other',
    ],
    ['GET', '/users?domain_id={away}'],
    ['GET', '/users/{wren}'],
    ['GET', '/users/nobody'],
    ['PATCH', '/users/{wren}', { user: { description: 'tiny' } }],
    ['PATCH', '/users/nobody', { user: { description: 'tiny' } }],

    ['POST', '/groups', { group: { name: 'birds', domain_id: '{away}' } }, 'birds'],
    ['POST', '/groups', { group: { name: 'birds', domain_id: '{away}' } }],
    ['GET', '/groups?name=birds'],
    ['GET', '/groups/{birds}'],
    ['GET', '/groups/none'],
    ['PATCH', '/groups/{birds}', { group: { description: 'all of them' } }],
    ['PUT', '/groups/{birds}/users/{wren}'],
    ['HEAD', '/groups/{birds}/users/{wren}'],
    ['GET', '/groups/{birds}/users/{other}'],
    ['PUT', '/groups/{birds}/users/nobody'],
    ['PUT', '/groups/none/users/{wren}'],
    ['GET', '/groups/{birds}/users'],
    ['GET', '/users/{wren}/groups'],

    ['POST', '/roles', { role: { name: 'singer' } }, 'singer'],
    ['POST', '/roles', { role: { name: 'singer' } }],
    ['POST', '/roles', { role: { name: 'listener' } }, 'listener'],
    ['GET', '/roles?name=singer'],
    ['GET', '/roles/{singer}'],
    ['GET', '/roles/none'],
    ['PATCH', '/roles/{singer}', { role: { description: 'sings' } }],
    ['PUT', '/roles/{singer}/implies/{listener}'],
    ['GET', '/roles/{singer}/implies/{listener}'],
    ['HEAD', '/roles/{singer}/implies/{listener}'],
    ['GET', '/roles/{singer}/implies'],
    ['GET', '/roles/{listener}/implies/{singer}'],
    ['PUT', '/projects/{aviary}/groups/{birds}/roles/{singer}'],
    ['HEAD', '/projects/{aviary}/groups/{birds}/roles/{singer}'],
    ['GET', '/projects/{aviary}/groups/{birds}/roles'],
    ['GET', '/projects/{aviary}/users/{wren}/roles'],
    ['HEAD', '/projects/{aviary}/users/{wren}/roles/{singer}'],
    ['PUT', '/projects/nowhere/users/{wren}/roles/{singer}'],
    ['PUT', '/projects/{aviary}/users/nobody/roles/{singer}'],
    ['PUT', '/projects/{aviary}/users/{wren}/roles/none'],
    ['PUT', '/domains/{away}/users/{wren}/roles/{singer}'],
    ['GET', '/domains/{away}/users/{wren}/roles'],
    ['PUT', '/system/users/{wren}/roles/{listener}'],
    ['GET', '/system/users/{wren}/roles'],
    ['HEAD', '/system/users/{wren}/roles/{listener}'],
    ['GET', '/role_assignments?user.id={wren}'],
    ['GET', '/role_assignments?user.id={wren}&include_names'],
    ['GET', '/role_assignments?group.id={birds}&include_names=True'],
    ['GET', '/role_assignments?user.id={wren}&effective'],
    ['GET', '/role_assignments?user.id={wren}&effective&scope.project.id={aviary}'],
    ['GET', '/role_assignments?scope.domain.id={away}&role.id={singer}'],
    ['GET', '/role_assignments?user.id={wren}&group.id={birds}'],
    ['GET', '/role_assignments?effective&group.id={birds}'],
  ]),

  login('wren’s', { scope: AVIARY }),
  login('of the domain', { scope: { domain: { name: 'away' } } }),
  login('of the system', { scope: { system: { all: true } } }),
  login('of nothing', { scope: 'unscoped' }),
  login('', { password: 'guess', scope: AVIARY }),
  login('', { user: 'nobody', scope: AVIARY }),
  login('', { scope: { project: { id: '{namesake}' } } }),
  login('', { scope: { domain: { id: 'nowhere' } } }),
  login('', { user: 'wren' }, { id: 'nowhere' }),
  ...rows(
    [
      ['GET', '/auth/projects'],
      ['GET', '/auth/domains'],
      ['GET', '/auth/system'],
      ['GET', '/users/{wren}'],
      ['GET', '/users/{wren}/projects'],
      ['GET', '/projects/{aviary}'],
      ['GET', '/users'],
      ['GET', '/projects'],
      ['GET', '/users/{other}'],
      ['POST', '/projects', { project: { name: 'mine' } }],
      ['PUT', '/projects/{aviary}/users/{wren}/roles/{singer}'],
      ['DELETE', '/roles/{singer}'],
    ],
    { as: 'wren’s', compared: 'whole' },
  ),
  { method: 'GET', path: '/auth/tokens?nocatalog', as: 'wren’s', subject: 'wren’s' },
  { method: 'HEAD', path: '/auth/tokens', as: 'wren’s', subject: 'wren’s' },
  { method: 'GET', path: '/auth/tokens?nocatalog', subject: 'of the domain' },
  { method: 'GET', path: '/auth/tokens', subject: 'nobody' },
  { method: 'GET', path: '/auth/projects', as: 'nobody' },

  ...rows(
    [
      [
        'POST',
        '/users/{wren}/application_credentials',
        { application_credential: { name: 'backup', secret: 'a secret', roles: [{ name: 'singer' }] } },
        'backup',
      ],
      [
        'POST',
        '/users/{wren}/application_credentials',
        { application_credential: { name: 'backup', secret: 'a secret' } },
      ],
      ['GET', '/users/{wren}/application_credentials'],
      ['GET', '/users/{wren}/application_credentials/{backup}'],
      ['GET', '/users/{wren}/application_credentials/none'],
      ['DELETE', '/users/{wren}/application_credentials/{backup}'],
      ['POST', '/users/{wren}/credentials/OS-EC2', { tenant_id: '{aviary}' }],
      ['GET', '/users/{wren}/credentials/OS-EC2'],
      ['POST', '/credentials', { credential: { type: 'cert', blob: 'x', user_id: '{wren}' } }, 'blob'],
      ['GET', '/credentials/{blob}'],
      ['PATCH', '/credentials/{blob}', { credential: { blob: 'y' } }],
      ['GET', '/credentials?type=cert'],
      ['DELETE', '/credentials/{blob}'],
      ['GET', '/credentials/{blob}'],
    ],
    { as: 'wren’s' },
  ),

  ...rows([
    ['POST', '/regions', { region: { id: 'north', description: 'cold' } }],
    ['POST', '/regions', { region: { id: 'north' } }],
    ['PUT', '/regions/farther', { region: { parent_region_id: 'north' } }],
    ['POST', '/regions', { region: { id: 'lost', parent_region_id: 'nowhere' } }],
    ['GET', '/regions/north'],
    ['GET', '/regions/nowhere'],
    ['PATCH', '/regions/north', { region: { description: 'colder' } }],
    ['POST', '/services', { service: { type: 'compute', name: 'nova' } }, 'nova'],
    ['GET', '/services/{nova}'],
    ['GET', '/services/none'],
    ['GET', '/services?type=compute'],
    ['PATCH', '/services/{nova}', { service: { description: 'machines' } }],
    [
      'POST',
      '/endpoints',
      {
        endpoint: {
          service_id: '{nova}',
          interface: 'public',
          region_id: 'north',
          url: 'http://nova/%(project_id)s',
        },
      },
      'public',
    ],
    ['POST', '/endpoints', { endpoint: { service_id: 'none', interface: 'public', url: 'http://nova/' } }],
    [
      'POST',
      '/endpoints',
      { endpoint: { service_id: '{nova}', interface: 'public', region_id: 'nowhere', url: 'http://nova/' } },
    ],
    ['GET', '/endpoints/{public}'],
    ['GET', '/endpoints?service_id={nova}'],
    ['GET', '/endpoints/none'],
    ['PATCH', '/endpoints/{public}', { endpoint: { url: 'http://other/' } }],
    ['DELETE', '/regions/north'],

    ['GET', '/limits/model'],
    [
      'POST',
      '/registered_limits',
      { registered_limits: [{ service_id: '{nova}', resource_name: 'cores', default_limit: 10 }] },
      'cores',
    ],
    [
      'POST',
      '/registered_limits',
      { registered_limits: [{ service_id: '{nova}', resource_name: 'cores', default_limit: 10 }] },
    ],
    ['GET', '/registered_limits?service_id={nova}'],
    ['PATCH', '/registered_limits/{cores}', { registered_limit: { default_limit: 12 } }],
    [
      'POST',
      '/limits',
      {
        limits: [{ service_id: '{nova}', resource_name: 'cores', resource_limit: 5, project_id: '{aviary}' }],
      },
      'few',
    ],
    [
      'POST',
      '/limits',
      {
        limits: [{ service_id: '{nova}', resource_name: 'disks', resource_limit: 5, project_id: '{aviary}' }],
      },
    ],
    ['GET', '/limits?project_id={aviary}'],
    ['PATCH', '/limits/{few}', { limit: { resource_limit: 6 } }],
    ['DELETE', '/registered_limits/{cores}'],
    ['DELETE', '/limits/{few}'],
    ['GET', '/limits/{few}'],
    ['DELETE', '/registered_limits/{cores}'],
    ['DELETE', '/services/{nova}'],
    ['GET', '/endpoints/{public}'],
    ['DELETE', '/regions/north'],
  ]),

  // Taken away again, and who is told.
  ...rows([
    ['DELETE', '/roles/{singer}/implies/{listener}'],
    ['DELETE', '/roles/{singer}/implies/{listener}'],
    ['DELETE', '/projects/{aviary}/users/{wren}/roles/{singer}'],
    ['DELETE', '/system/users/{wren}/roles/{listener}'],
    ['DELETE', '/groups/{birds}/users/{wren}'],
    ['DELETE', '/groups/{birds}/users/{wren}'],
  ]),
  login('', { scope: AVIARY }),
  {
    method: 'POST',
    path: '/users/{wren}/password',
    as: 'nobody',
    body: { user: { original_password: 'guess', password: 'second password' } },
  },
  {
    method: 'POST',
    path: '/users/{wren}/password',
    as: 'nobody',
    body: { user: { original_password: PASSWORD, password: 'second password' } },
  },
  login('', { scope: { domain: { name: 'away' } } }),
  login('again', { password: 'second password', scope: { domain: { name: 'away' } } }),
  ...rows([
    ['DELETE', '/groups/{birds}'],
    ['DELETE', '/groups/{birds}'],
    ['DELETE', '/roles/{listener}'],
    ['GET', '/role_assignments?user.id={wren}'],
    ['DELETE', '/users/{other}'],
    ['DELETE', '/projects/{namesake}'],
    ['PATCH', '/domains/{away}', { domain: { enabled: false } }],
  ]),
  login('', { password: 'second password', scope: { domain: { name: 'away' } } }),
  { method: 'GET', path: '/auth/projects', as: 'again' },
  ...rows([
    ['DELETE', '/domains/{away}'],
    ['GET', '/users/{wren}'],
    ['GET', '/projects/{aviary}'],
    ['GET', '/domains/{away}'],
  ]),
]
