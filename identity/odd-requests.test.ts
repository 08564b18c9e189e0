/** What is odd about requests, and how each is answered: as a Keystone 22 answers it. */
import t, { type Test } from 'tap'
import { CONTEXT, IdentitySession, type Json } from './testing/identity-session.ts'
import { SmallWorld } from './testing/small-world.ts'

type Row = readonly [status: number, method: string, path: string, body?: Json]

async function ask(t: Test, rows: readonly Row[], session: IdentitySession, token?: string): Promise<void> {
  for (const [status, method, path, body] of rows) {
    const answer = await session.ask(method, `/v3${path}`, token, body)
    t.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body) ?? ''}`)
  }
}

t.test('a change must say something, and leaves ids and domains as they are', async (t) => {
  const session = new IdentitySession()
  const world = await SmallWorld.in(session)
  const [domain, user] = [
    await world.make('domain', { name: 'away' }),
    await world.make('user', { name: 'ada' }),
  ]
  const [group, role] = [await world.make('group', { name: 'g' }), await world.make('role', { name: 'r' })]
  const project = await world.make('project', { name: 'p' })
  const rows: Row[] = []
  for (const [kind, id] of Object.entries({ user, group, role, project })) {
    rows.push([400, 'PATCH', `/${kind}s/${id}`, { [kind]: {} }])
    rows.push([400, 'PATCH', `/${kind}s/${id}`, { [kind]: { id: 'other' } }])
    rows.push([400, 'PATCH', `/${kind}s/${id}`, { [kind]: { domain_id: domain } }])
    rows.push([200, 'PATCH', `/${kind}s/${id}`, { [kind]: { id, description: 'd' } }])
  }
  rows.push([400, 'PATCH', `/domains/${domain}`, { domain: {} }])
  await ask(t, rows, session, world.admin)
})

t.test('members are of the kind that they must be', async (t) => {
  const session = new IdentitySession()
  const world = await SmallWorld.in(session)
  const project = await world.make('project', { name: 'p' })
  const role = await world.make('role', {
    name: 'r',
    domain_id: await world.make('domain', { name: 'away' }),
  })
  const user = await world.make('user', { name: 'ada', password: 'ada secret' })
  const global = await world.make('role', { name: 'global' })
  await ask(
    t,
    [
      [400, 'POST', '/users', { user: { name: 'x', domain_id: null } }],
      [400, 'POST', '/users', { user: { name: 'x', default_project_id: 'default' } }],
      [400, 'POST', '/users', { user: { name: 'x', options: { nonsense: true } } }],
      [400, 'POST', '/users', { user: { name: 'x', options: { multi_factor_auth_rules: [[]] } } }],
      [201, 'POST', '/users', { user: { name: 'x', options: { multi_factor_auth_rules: [['password']] } } }],
      [400, 'GET', '/users?password_expires_at=nonsense'],
      [200, 'GET', '/users?password_expires_at=gt:2020-01-01T00:00:00Z'],
      [400, 'PUT', `/projects/${project}/tags`, { tags: ['a,b'] }],
      [400, 'PUT', `/projects/${project}/tags`, { tags: ['a', 'a'] }],
      [400, 'PUT', `/projects/${project}/tags`, {}],
      [404, 'DELETE', `/projects/${project}/tags/none`],
      [403, 'PUT', `/roles/${global}/implies/${role}`],
      [400, 'PUT', `/system/users/${user}/roles/${role}`],
      [400, 'POST', '/services', { service: { type: 'x', enabled: 'yes' } }],
      [400, 'POST', '/regions', {}],
      [
        400,
        'POST',
        '/registered_limits',
        {
          registered_limits: [{ service_id: 'none', resource_name: 'a', default_limit: 1 }],
        },
      ],
      [404, 'POST', `/users/${user}/credentials/OS-EC2`, { tenant_id: 'nowhere' }],
    ],
    session,
    world.admin,
  )
})

t.test('what is immutable changes only by ceasing to be that', async (t) => {
  const session = new IdentitySession()
  const world = await SmallWorld.in(session)
  for (const kind of ['project', 'role'] as const) {
    const id = await world.make(kind, { name: 'fixed', options: { immutable: true } })
    await ask(
      t,
      [
        [403, 'PATCH', `/${kind}s/${id}`, { [kind]: { description: 'd' } }],
        [403, 'PATCH', `/${kind}s/${id}`, { [kind]: { description: 'd', options: { immutable: false } } }],
        [403, 'DELETE', `/${kind}s/${id}`],
        [200, 'PATCH', `/${kind}s/${id}`, { [kind]: { options: { immutable: false } } }],
        [204, 'DELETE', `/${kind}s/${id}`],
      ],
      session,
      world.admin,
    )
  }
})

t.test('a password that is locked is changed by administrators only', async (t) => {
  const session = new IdentitySession()
  const world = await SmallWorld.in(session)
  const options = { lock_password: true }
  const id = await world.make('user', { name: 'ada', password: 'ada secret', options })
  const user = { original_password: 'ada secret', password: 'second' }
  await ask(t, [[400, 'POST', `/users/${id}/password`, { user }]], session)
  await ask(t, [[200, 'PATCH', `/users/${id}`, { user: { password: 'second' } }]], session, world.admin)
})

t.test('who must prove more than a password gets in by no password alone', async (t) => {
  const session = new IdentitySession()
  const world = await SmallWorld.in(session)
  const { userId } = await session.person('ada', 'member')
  const set = (options: Json) =>
    session.ask('PATCH', `/v3/users/${userId}`, world.admin, { user: { options } })
  const status = async (): Promise<number> => (await session.login('ada', 'ada secret', 'of ada')).status
  await set({ multi_factor_auth_rules: [['password', 'totp']] })
  t.equal(await status(), 401)
  const key = { user: 'of ada:ada', key: 'ada secret', remoteAddress: '192.0.2.1' }
  t.equal((await session.identity.directory.signIn(CONTEXT, key)).kind, 'refused')
  await set({ multi_factor_auth_enabled: false })
  t.equal(await status(), 201)
  await set({ multi_factor_auth_enabled: true, multi_factor_auth_rules: [['totp'], ['password']] })
  t.equal(await status(), 201)
  t.equal((await session.identity.directory.signIn(CONTEXT, key)).kind, 'signed_in')
})

t.test('who asks for a token in no form that there is, is told so', async (t) => {
  const session = new IdentitySession()
  const user = { name: 'tester', domain: { id: 'default' }, password: 'testing' }
  const tokens = (identity: Json, scope?: Json): Row[2 | 3][] => [
    '/auth/tokens',
    { auth: { identity, scope } },
  ]
  const row = (status: number, identity: Json, scope?: Json): Row => {
    const [path, body] = tokens(identity, scope)
    return [status, 'POST', path as string, body]
  }
  const good = { methods: ['password'], password: { user } }
  await ask(
    t,
    [
      row(400, {}),
      row(401, { methods: [] }),
      row(400, { methods: ['password'] }),
      row(400, { methods: ['password'], password: {} }),
      row(400, { methods: ['password'], password: { user: {} } }),
      row(401, { methods: ['nonsense'], nonsense: {} }),
      row(400, { methods: ['token'], token: {} }),
      row(400, good, { project: { id: 'test' }, domain: { id: 'default' } }),
      row(400, good, {}),
      row(201, good, { project: { id: 'test' } }),
    ],
    session,
  )
  const { token } = await session.login('tester', 'testing', 'test')
  const both = { ...good, methods: ['password', 'token'], token: { id: token } }
  const answer = await session.ask('POST', '/v3/auth/tokens', undefined, { auth: { identity: both } })
  t.match(answer.body.token, { methods: ['password', 'token'] })
  const other = { ...both, token: { id: await session.admin() } }
  t.equal(
    (await session.ask('POST', '/v3/auth/tokens', undefined, { auth: { identity: other } })).status,
    401,
  )
})
