import t, { type Test } from 'tap'
import { CONTEXT, IdentitySession, type Json } from './testing/identity-session.ts'

interface Made {
  readonly session: IdentitySession
  readonly admin: string
  readonly make: (kind: string, members: object) => Promise<string>
  readonly put: (path: string) => Promise<number>
  readonly roleId: (name: string) => Promise<string>
}

async function start(options: ConstructorParameters<typeof IdentitySession>[0] = {}): Promise<Made> {
  const session = new IdentitySession(options)
  const admin = await session.admin()
  return {
    session,
    admin,
    make: async (kind, members) =>
      (await session.ask('POST', `/v3/${kind}s`, admin, { [kind]: members })).body[kind].id,
    put: async (path) => (await session.ask('PUT', path, admin)).status,
    roleId: async (name) => (await session.ask('GET', `/v3/roles?name=${name}`, admin)).body.roles[0].id,
  }
}

function login(session: IdentitySession, user: object, scope?: object) {
  const identity = { methods: ['password'], password: { user } }
  return session.ask('POST', '/v3/auth/tokens', undefined, {
    auth: scope === undefined ? { identity } : { identity, scope },
  })
}

function namesOf(roles: readonly { readonly name: string }[]): readonly string[] {
  return roles.map(({ name }) => name)
}

t.test('two of the same name in two domains are two', async (t) => {
  const { session, make, put, roleId } = await start()
  const away = await make('domain', { name: 'Away' })
  const project = await make('project', { name: 'test', domain_id: away })
  const user = await make('user', { name: 'tester', domain_id: away, password: 'other' })
  t.equal(await put(`/v3/projects/${project}/users/${user}/roles/${await roleId('member')}`), 204)
  const domain = { name: 'away' }
  const signedIn = await login(
    session,
    { name: 'tester', domain, password: 'other' },
    { project: { name: 'test', domain } },
  )
  t.match(signedIn, {
    status: 201,
    body: {
      token: { user: { domain: { id: away, name: 'Away' } }, project: { id: project, domain: { id: away } } },
    },
  })
  t.match(await session.identity.directory.open(CONTEXT, signedIn.token), {
    kind: 'valid',
    principal: {
      tenant: project,
      keystone: { projectDomainId: away, ownedAccounts: [`AUTH_${project}`], granteeNames: [] },
    },
  })
  t.equal((await session.login('tester', 'other')).status, 401, 'the other one has another password')
  t.equal((await session.login('tester', 'testing', 'test')).status, 201)
})

t.test('nobody of a domain that is shut signs in, or goes on', async (t) => {
  const { session, admin, make, put, roleId } = await start()
  const away = await make('domain', { name: 'away' })
  const user = await make('user', { name: 'wren', domain_id: away, password: 'tiny' })
  t.equal(await put(`/v3/projects/test/users/${user}/roles/${await roleId('reader')}`), 204)
  const scope = { project: { id: 'test' } }
  const { token } = await login(session, { id: user, password: 'tiny' }, scope)
  t.match(await session.identity.directory.open(CONTEXT, token), { kind: 'valid' })
  await session.ask('PATCH', `/v3/domains/${away}`, admin, { domain: { enabled: false } })
  t.match(await session.identity.directory.open(CONTEXT, token), { kind: 'refused' })
  t.equal((await login(session, { id: user, password: 'tiny' }, scope)).status, 401)
  t.equal(
    (await session.ask('PATCH', '/v3/domains/default', admin, { domain: { enabled: false } })).status,
    403,
  )
  t.equal((await session.ask('DELETE', '/v3/domains/default', admin)).status, 403)
})

t.test('who is in a group has what it has, for as long', async (t) => {
  const { session, admin, make, put, roleId } = await start()
  const group = await make('group', { name: 'birds' })
  const { userId } = await session.person('wren', 'guest')
  const login = () => session.login('wren', 'wren secret', 'test')
  t.equal((await login()).status, 401)
  t.equal(await put(`/v3/projects/test/groups/${group}/roles/${await roleId('member')}`), 204)
  t.equal(await put(`/v3/groups/${group}/users/${userId}`), 204)
  const { token, body } = await login()
  t.same(namesOf(body.token.roles), ['member', 'reader'], 'with what the role implies')
  const open = () => session.identity.directory.open(CONTEXT, token)
  t.match(await open(), { principal: { keystone: { ownedAccounts: ['AUTH_test'] } } })
  t.match((await session.ask('GET', '/v3/auth/projects', token)).body.projects, [{}, { id: 'test' }])
  const pair = { tenant_id: 'test' }
  const path = `/v3/users/${userId}/credentials/OS-EC2`
  t.equal((await session.ask('POST', path, token, pair)).status, 201)
  t.equal((await session.ask('DELETE', `/v3/groups/${group}/users/${userId}`, admin)).status, 204)
  t.match(await open(), { kind: 'refused' })
})

t.test('roles that Swift knows by name are worth what they are there', async (t) => {
  const { session, make, put } = await start()
  const open = async (name: string) => {
    const { token } = await session.login(name, `${name} secret`, 'test')
    return await session.identity.directory.open(CONTEXT, token)
  }
  const operator = await make('role', { name: 'SwiftOperator' })
  const { userId: wren } = await session.person('wren', 'guest')
  t.equal(await put(`/v3/projects/test/users/${wren}/roles/${operator}`), 204)
  t.match(await open('wren'), { principal: { keystone: { ownedAccounts: ['AUTH_test'] } } })
  const reseller = await make('role', { name: 'ResellerAdmin' })
  const { userId: hawk } = await session.person('hawk', 'guest')
  t.equal(await put(`/v3/projects/test/users/${hawk}/roles/${reseller}`), 204)
  const opened = await open('hawk')
  t.ok(opened.kind === 'valid' && opened.principal.groups.includes('.reseller_admin'))
  const { token } = await session.login('hawk', 'hawk secret', 'test')
  t.equal(
    (await session.ask('GET', '/v3/users', token)).status,
    403,
    'which is no administrator of identities',
  )
})

async function expectNoAdmin(t: Test, session: IdentitySession, token: string): Promise<void> {
  t.equal((await session.ask('GET', '/v3/users', token)).status, 403)
  const opened = await session.identity.directory.open(CONTEXT, token)
  t.notOk(opened.kind === 'valid' && opened.principal.groups.includes('.reseller_admin'))
}

t.test('a role of a domain is worth what it implies, whatever it is called', async (t) => {
  const { session, admin, make, put, roleId } = await start()
  const away = await make('domain', { name: 'away' })
  const project = await make('project', { name: 'p', domain_id: away })
  const user = await make('user', { name: 'wren', domain_id: away, password: 'tiny' })
  const role = await make('role', { name: 'admin', domain_id: away })
  const grant = `users/${user}/roles/${role}`
  t.equal(await put(`/v3/projects/test/${grant}`), 403, 'not in another domain')
  t.equal(await put(`/v3/system/${grant}`), 400)
  t.equal(await put(`/v3/projects/${project}/${grant}`), 204)
  const signIn = () => login(session, { id: user, password: 'tiny' }, { project: { id: project } })
  t.equal((await signIn()).status, 401, 'it is no role by itself')
  t.equal(await put(`/v3/roles/${role}/implies/${await roleId('reader')}`), 201)
  const { body, token } = await signIn()
  t.same(namesOf(body.token.roles), ['reader'])
  await expectNoAdmin(t, session, token)
  t.equal(await put(`/v3/roles/${role}/implies/${await roleId('admin')}`), 403, 'nothing implies admin')
  const listed = (await session.ask('GET', '/v3/roles?name=admin', admin)).body.roles
  t.equal(listed.length, 1, 'those of domains are listed with their domain')
})

t.test('what a built-in role implies stays, what else it is to imply is added', async (t) => {
  const { session, admin, make, put, roleId } = await start()
  const [member, reader] = [await roleId('member'), await roleId('reader')]
  t.equal((await session.ask('DELETE', `/v3/roles/${member}/implies/${reader}`, admin)).status, 403)
  const auditor = await make('role', { name: 'auditor' })
  t.equal(await put(`/v3/roles/${member}/implies/${auditor}`), 201)
  const { body } = await session.login('tester', 'testing', 'test')
  t.same(namesOf(body.token.roles), ['member', 'reader', 'auditor'])
  t.equal((await session.ask('DELETE', `/v3/roles/${auditor}`, admin)).status, 204)
  t.same(namesOf((await session.login('tester', 'testing', 'test')).body.token.roles), ['member', 'reader'])
})

t.test('a password that is too old is good for being changed', async (t) => {
  const day = 24 * 3_600_000
  const { session, make } = await start({ passwordLifeMs: day })
  const id = await make('user', { name: 'wren', password: 'first' })
  t.match(await session.login('wren', 'first'), {
    status: 201,
    body: { token: { user: { password_expires_at: '2023-11-15T22:13:20.000000' } } },
  })
  await session.clock.advance(day)
  t.match(await session.login('wren', 'first'), {
    status: 401,
    body: { error: { message: `The password is expired and needs to be changed for user: ${id}.` } },
  })
  t.match((await session.login('wren', 'guess')).body.error.message, /requires authentication/)
  const change = { user: { original_password: 'first', password: 'second' } }
  t.equal((await session.ask('POST', `/v3/users/${id}/password`, undefined, change)).status, 204)
  t.equal((await session.login('wren', 'second')).status, 201)
})

t.test('services that were added are in the catalogue, with the project in their address', async (t) => {
  const { session, admin, make } = await start()
  const nova = await make('service', { type: 'compute', name: 'nova' })
  await make('endpoint', {
    service_id: nova,
    interface: 'public',
    region: 'north',
    url: 'http://nova.example/$(project_id)s/%(user_id)s',
  })
  const { body, token } = await session.login('tester', 'testing', 'test')
  const userId = body.token.user.id
  const compute = body.token.catalog.find((one: Json) => one.type === 'compute')
  t.match(compute, {
    name: 'nova',
    endpoints: [{ url: `http://nova.example/test/${userId}`, region_id: 'north' }],
  })
  t.match((await session.ask('GET', '/v3/regions', admin)).body.regions, [{}, { id: 'north' }])
  const [own] = (await session.ask('GET', '/v3/services?type=image', admin)).body.services
  t.equal((await session.ask('DELETE', `/v3/services/${own.id}`, admin)).status, 403)
  t.equal((await session.ask('POST', '/v3/services', token, { service: { type: 'x' } })).status, 403)
  const disabled = { service: { enabled: false } }
  t.equal((await session.ask('PATCH', `/v3/services/${nova}`, admin, disabled)).status, 200)
  const later = (await session.login('tester', 'testing', 'test')).body.token.catalog
  t.notOk(later.some((one: Json) => one.type === 'compute'))
})
