/** The JSON Home document names what there is and nothing else, as Keystone 22 names it. */
import t from 'tap'
import { jsonHome } from './json-home.ts'
import { ROUTES, routeOf } from './routes.ts'
import { IdentitySession } from './testing/identity-session.ts'

const REL = 'https://docs.openstack.org/api/openstack-identity/3/rel'
const PARAM = 'https://docs.openstack.org/api/openstack-identity/3/param'

/** What Keystone has no relation for either. */
const UNNAMED = [
  '',
  '/projects/*/tags',
  '/OS-INHERIT/projects/*/users/*/roles',
  '/OS-INHERIT/projects/*/groups/*/roles',
]

function pathOf({ href, 'href-template': template }: { href?: string; 'href-template'?: string }): string {
  return (href ?? template ?? '').replaceAll(/\{\w+\}/g, '*')
}

t.test('every path of the document is a route, and every route is in the document', async (t) => {
  const named = new Set(Object.values(jsonHome('')['resources']).map(pathOf))
  for (const path of named) {
    const segments = `v3${path}`.split('/')
    t.not(routeOf('GET', segments).kind, 'no_such_path', path)
  }
  const routed = ROUTES.filter(({ segments }) => segments[0] === 'v3').map(({ segments }) =>
    segments
      .map((part) => (part.startsWith(':') ? '*' : part))
      .join('/')
      .slice('v3'.length),
  )
  t.same(
    [...new Set(routed)].filter((path) => !named.has(path) && !UNNAMED.includes(path)),
    [],
  )
})

t.test('it is given to whoever asks for it', async (t) => {
  const session = new IdentitySession()
  const get = (path: string, accept: string): ReturnType<IdentitySession['ask']> =>
    session.ask('GET', path, undefined, undefined, accept === '' ? {} : { accept })
  const home = await get('/v3', 'application/json-home')
  t.equal(home.status, 200)
  t.equal(home.headers['content-type'], 'application/json-home')
  t.same(home.body.resources[`${REL}/auth_tokens`], { href: '/auth/tokens' })
  t.same(home.body.resources[`${REL}/implied_role`], {
    'href-template': '/roles/{prior_role_id}/implies/{implied_role_id}',
    'href-vars': { prior_role_id: `${PARAM}/role_id`, implied_role_id: `${PARAM}/role_id` },
  })
  t.same(home.body.resources[`${REL}/limit`], {
    'href-template': '/limits/{limit_id}',
    'href-vars': { limit_id: `${PARAM}/limit_id` },
    hints: { status: 'experimental' },
  })
  const above = await get('/', 'application/json;q=0.1, application/json-home')
  t.equal(above.status, 200)
  t.same(above.body.resources[`${REL}/users`], { href: '/v3/users' })
  for (const accept of [
    '',
    '*/*',
    'application/json',
    'application/json, application/json-home',
    'text/html',
    ';',
  ]) {
    t.match((await get('/v3', accept)).body, { version: { id: 'v3.14' } }, accept)
    t.equal((await get('/', accept)).status, 300, accept)
  }
})
