/**
 * Requests about who stands under whom and who acts for whom: projects under projects, the roles that they inherit, and trusts.
 * As `identity-requests.ts`; what they make goes with its domain in the end.
 */
import { type IdentityRequest, PASSWORD, type Row, rows } from './identity-requests.ts'

const DOMAIN = { id: '{tree}' }

function login(gives: string, name: string, scope: unknown): IdentityRequest {
  const identity = { methods: ['password'], password: { user: { name, domain: DOMAIN, password: PASSWORD } } }
  const compared = scope === 'unscoped' ? 'whole' : 'status'
  return {
    method: 'POST',
    path: '/auth/tokens?nocatalog',
    body: { auth: { identity, scope } },
    gives,
    as: 'nobody',
    compared,
  }
}

const project = (name: string, more: object = {}): object => ({
  project: { name, domain_id: '{tree}', ...more },
})
const trust = (more: object = {}): object => ({
  trust: {
    trustor_user_id: '{anna}',
    trustee_user_id: '{bert}',
    project_id: '{mid}',
    impersonation: true,
    roles: [{ name: 'climber' }],
    ...more,
  },
})
const by = (id: string): object => ({ 'OS-TRUST:trust': { id } })

const INHERITED = '/OS-INHERIT/projects/{top}/users/{anna}/roles/{climber}/inherited_to_projects'
const OF_DOMAIN = '/OS-INHERIT/domains/{tree}/groups/{crew}/roles'
const TRUSTS = '/OS-TRUST/trusts'

const TREE: readonly Row[] = [
  ['POST', '/domains', { domain: { name: 'tree' } }, 'tree'],
  ['POST', '/domains', { domain: { name: 'wood' } }, 'wood'],
  ['POST', '/projects', project('top'), 'top'],
  ['POST', '/projects', project('mid', { parent_id: '{top}' }), 'mid'],
  ['POST', '/projects', project('leaf', { parent_id: '{mid}' }), 'leaf'],
  ['POST', '/projects', project('root', { parent_id: '{tree}' }), 'root'],
  ['POST', '/projects', { project: { name: 'stray', parent_id: '{mid}' } }],
  ['POST', '/projects', project('stray', { parent_id: 'nowhere' })],
  ['POST', '/projects', project('stray', { parent_id: '{wood}' })],
  ['GET', '/projects/{mid}'],
  ['GET', '/projects/{leaf}?parents_as_ids'],
  ['GET', '/projects/{top}?subtree_as_ids'],
  ['GET', '/projects/{leaf}?subtree_as_ids&parents_as_list'],
  ['GET', '/projects/{mid}?parents_as_ids&parents_as_list'],
  ['GET', '/projects?parent_id={mid}'],
  ['GET', '/projects?parent_id={tree}'],
  ['GET', '/projects?domain_id={tree}&name__contains=ea'],
  ['PATCH', '/projects/{mid}', { project: { parent_id: '{root}' } }],
  ['PATCH', '/projects/{mid}', { project: { domain_id: '{wood}' } }],
  ['PATCH', '/projects/{mid}', { project: {} }],
  ['PATCH', '/projects/{mid}', { project: { enabled: false } }],
  ['DELETE', '/projects/{mid}'],
  ['POST', '/projects', project('fourth', { parent_id: '{leaf}' }), 'fourth'],
  ['POST', '/projects', project('fifth', { parent_id: '{fourth}' }), 'fifth'],
  ['POST', '/projects', project('sixth', { parent_id: '{fifth}' })],
  ['PUT', '/projects/{top}/tags', { tags: ['a,b'] }],
  ['PUT', '/projects/{top}/tags/new'],
  ['GET', '/projects?domain_id={tree}&not-tags=new'],
  ['DELETE', '/projects/{top}/tags/none'],
]

const INHERITANCE: readonly Row[] = [
  ['POST', '/users', { user: { name: 'anna', domain_id: '{tree}', password: PASSWORD } }, 'anna'],
  ['POST', '/users', { user: { name: 'bert', domain_id: '{tree}', password: PASSWORD } }, 'bert'],
  ['POST', '/groups', { group: { name: 'crew', domain_id: '{tree}' } }, 'crew'],
  ['PUT', '/groups/{crew}/users/{bert}'],
  ['POST', '/roles', { role: { name: 'climber' } }, 'climber'],
  ['POST', '/roles', { role: { name: 'looker' } }, 'looker'],
  ['PUT', '/roles/{climber}/implies/{looker}'],
  ['PUT', INHERITED],
  ['HEAD', INHERITED],
  ['GET', '/projects/{top}/users/{anna}/roles'],
  ['HEAD', '/projects/{mid}/users/{anna}/roles/{climber}'],
  ['PUT', `${OF_DOMAIN}/{looker}/inherited_to_projects`],
  ['GET', `${OF_DOMAIN}/inherited_to_projects`],
  ['DELETE', `${OF_DOMAIN}/{climber}/inherited_to_projects`],
  ['PUT', '/OS-INHERIT/projects/nowhere/users/{anna}/roles/{climber}/inherited_to_projects'],
  ['GET', '/role_assignments?user.id={anna}'],
  ['GET', '/role_assignments?user.id={anna}&include_names'],
  ['GET', '/role_assignments?user.id={anna}&effective'],
  ['GET', '/role_assignments?user.id={bert}&effective&include_names'],
  ['GET', '/role_assignments?group.id={crew}'],
  ['GET', '/role_assignments?user.id={anna}&scope.OS-INHERIT:inherited_to=projects'],
  ['GET', '/role_assignments?scope.project.id={mid}&effective'],
  ['GET', '/role_assignments?scope.project.id={top}&include_subtree'],
  ['GET', '/role_assignments?include_subtree'],
  ['GET', '/role_assignments?scope.domain.id={tree}&effective&scope.OS-INHERIT:inherited_to=projects'],
]

const MADE: readonly Row[] = [
  ['POST', TRUSTS, trust({ trustee_user_id: 'nobody' })],
  ['POST', TRUSTS, trust({ trustor_user_id: '{bert}' })],
  ['POST', TRUSTS, trust({ roles: [] })],
  ['POST', TRUSTS, trust({ roles: [{ name: 'admin' }] })],
  ['POST', TRUSTS, trust({ remaining_uses: 0 })],
  ['POST', TRUSTS, trust({ expires_at: '2010-01-01T00:00:00.000000Z' })],
  ['GET', `${TRUSTS}/none`],
  ['GET', `${TRUSTS}/{plain}/roles/{climber}`],
  ['GET', `${TRUSTS}/{plain}/roles`],
  ['GET', `${TRUSTS}/{plain}/roles/none`],
  ['GET', `${TRUSTS}?trustor_user_id={anna}`],
  ['GET', `${TRUSTS}?trustee_user_id={anna}`],
  ['GET', `${TRUSTS}?trustee_user_id={bert}`],
  ['GET', TRUSTS],
]

const LOOKS: readonly Row[] = [
  ['GET', '/auth/projects'],
  ['GET', '/users/{anna}'],
  ['GET', '/users/{bert}'],
  ['POST', '/users/{anna}/application_credentials', { application_credential: { name: 'more' } }],
]

export const DELEGATION_REQUESTS: readonly IdentityRequest[] = [
  ...rows(TREE),
  ...rows(INHERITANCE),
  login('', 'anna', { project: { id: '{top}' } }),
  login('', 'anna', { project: { id: '{root}' } }),
  login('wren', 'anna', { project: { id: '{mid}' } }),
  login('bert', 'bert', 'unscoped'),
  ...rows(
    [
      ['GET', '/auth/projects'],
      ['GET', '/auth/domains'],
    ],
    { as: 'wren' },
  ),
  ...rows(
    [
      ['POST', TRUSTS, trust(), 'plain'],
      ['POST', TRUSTS, trust({ allow_redelegation: true, redelegation_count: 4 })],
      ['POST', TRUSTS, trust({ allow_redelegation: true, remaining_uses: 3 })],
      ['POST', TRUSTS, trust({ impersonation: false, remaining_uses: 1 }), 'once'],
      ['POST', TRUSTS, trust({ allow_redelegation: true, expires_at: '2037-01-01T00:00:00Z' }), 'handed'],
    ],
    { as: 'wren', compared: 'status' },
  ),
  ...rows(MADE, { as: 'wren' }),
  ...rows([['DELETE', `${TRUSTS}/{plain}`]], { as: 'bert' }),
  login('acting', 'bert', by('{plain}')),
  login('once', 'bert', by('{once}')),
  login('', 'bert', by('{once}')),
  login('', 'anna', by('{plain}')),
  login('', 'bert', by('none')),
  ...rows(LOOKS, { as: 'acting' }),
  ...rows([['GET', '/users/{bert}']], { as: 'once' }),
  login('handed', 'bert', by('{handed}')),
  ...rows(
    [
      ['POST', TRUSTS, trust({ expires_at: '2036-01-01T00:00:00Z', allow_redelegation: true }), 'second'],
      ['POST', TRUSTS, trust({ expires_at: '2038-01-01T00:00:00Z' })],
      ['POST', TRUSTS, trust({ roles: [{ name: 'looker' }] })],
    ],
    { as: 'handed', compared: 'status' },
  ),
  ...rows(
    [
      ['GET', `${TRUSTS}/{once}`],
      ['DELETE', `${TRUSTS}/{handed}`],
      ['GET', `${TRUSTS}/{second}`],
    ],
    { as: 'wren' },
  ),
  ...rows([
    ['DELETE', INHERITED],
    ['DELETE', INHERITED],
    ['PATCH', '/domains/{tree}', { domain: { enabled: false } }],
    ['DELETE', '/domains/{tree}'],
    ['GET', '/projects/{leaf}'],
    ['PATCH', '/domains/{wood}', { domain: { enabled: false } }],
    ['DELETE', '/domains/{wood}'],
  ]),
]
