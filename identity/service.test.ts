import t from 'tap'
import { CONTEXT, IdentitySession } from './testing/identity-session.ts'

t.test('what there is can be asked for before anybody is known', async (t) => {
  const session = new IdentitySession()
  t.match(await session.ask('GET', ''), {
    status: 300,
    body: { versions: { values: [{ links: [{ href: 'http://door.example:8080/identity/v3/' }] }] } },
  })
  t.match(await session.ask('GET', '/v3/'), { status: 200, body: { version: { status: 'stable' } } })
  t.match(await session.ask('GET', '/v2.0/tokens'), { status: 404, body: { error: { code: 404 } } })
  t.match(await session.ask('PUT', '/v3/users'), { status: 405, headers: { allow: 'GET, POST' } })
})

t.test('the development users are who they are with the first version of sign-in', async (t) => {
  const session = new IdentitySession()
  const { status, body, token } = await session.login('tester', 'testing', 'test')
  t.equal(status, 201)
  t.match(body.token, {
    methods: ['password'],
    user: { name: 'tester', domain: { id: 'default', name: 'Default' } },
    project: { id: 'test', name: 'test', domain: { id: 'default' } },
    roles: [{ name: 'member' }],
    expires_at: '2023-11-15T22:13:20.000000Z',
  })
  const catalog = new Map(
    body.token.catalog.map((one: { type: string; endpoints: readonly { url: string }[] }) => [
      one.type,
      one.endpoints[0]?.url,
    ]),
  )
  t.same(
    [...catalog],
    [
      ['identity', 'http://door.example:8080/identity/v3'],
      ['image', 'http://door.example:8080/image'],
      ['object-store', 'http://door.example:8080/v1/AUTH_test'],
      ['s3', 'http://door.example:8080/'],
    ],
  )
  const { directory } = session.identity
  const opened = await directory.open({ txId: '', signal: undefined, log: CONTEXT.log }, token)
  const known = session.users.find('test:tester')
  t.match(opened, { kind: 'valid', principal: { user: 'test:tester', tenant: 'test' } })
  const groups = opened.kind === 'valid' ? opened.principal.groups : []
  for (const group of known?.principal.groups ?? []) t.ok(groups.includes(group), group)
  t.match((await session.login('tester2', 'testing2', 'test2')).body.token.project, { id: 'test2' })
  t.match((await session.login('admin', 'admin', 'admin')).body.token.roles, [
    { name: 'admin' },
    { name: 'member' },
  ])
})

t.test('without a scope it is the default project, and none where none is wanted', async (t) => {
  const session = new IdentitySession()
  t.match((await session.login('tester', 'testing')).body.token, { project: { id: 'test' } })
  const auth = {
    identity: {
      methods: ['password'],
      password: { user: { name: 'tester', domain: { name: 'default' }, password: 'testing' } },
    },
    scope: 'unscoped',
  }
  const unscoped = await session.ask('POST', '/v3/auth/tokens', undefined, { auth })
  t.equal(unscoped.body.token.project, undefined)
  t.equal(unscoped.body.token.catalog, undefined)
  const scoped = await session.ask('POST', '/v3/auth/tokens', undefined, {
    auth: {
      identity: { methods: ['token'], token: { id: unscoped.token } },
      scope: { project: { id: 'test' } },
    },
  })
  t.match(scoped, {
    status: 201,
    body: { token: { project: { id: 'test' }, methods: ['token', 'password'] } },
  })
  t.equal(scoped.body.token.expires_at, unscoped.body.token.expires_at, 'it does not live longer')
  t.match(await session.ask('GET', '/v3/auth/projects', unscoped.token), {
    body: { projects: [{ id: 'test' }] },
  })
})

t.test('wrong names, passwords, projects and domains all look alike', async (t) => {
  const session = new IdentitySession()
  const wrong = [
    await session.login('tester', 'wrong', 'test'),
    await session.login('nobody', 'testing', 'test'),
    await session.login('tester2', 'testing2', 'test'),
    await session.login('tester', 'testing', 'nowhere'),
  ]
  for (const answer of wrong) {
    t.equal(answer.status, 401)
    t.same(answer.body, wrong[0]?.body)
    t.match(answer.headers, { 'www-authenticate': /^Keystone uri=/ })
  }
})

t.test('whoever guesses is held up, and the right password too, from there', async (t) => {
  const session = new IdentitySession()
  for (let guess = 0; guess < 3; guess += 1) await session.login('tester', `guess ${guess}`, 'test')
  t.equal((await session.login('tester', 'testing', 'test')).status, 401)
  t.equal((await session.login('tester2', 'testing2', 'test2')).status, 201, 'others are not')
  const elsewhere = { user: 'test:tester', key: 'testing', remoteAddress: '192.0.2.9' }
  t.match(await session.identity.directory.signIn(CONTEXT, elsewhere), { kind: 'signed_in' })
  await session.clock.advance(300_001)
  t.equal((await session.login('tester', 'testing', 'test')).status, 201)
})

t.test('users, projects and roles are made, found, changed and removed by administrators only', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const { userId, projectId } = await session.person('ada', 'member')
  t.match(projectId, /^[0-9a-f]{32}$/)
  const ada = await session.login('ada', 'ada secret', 'of ada')
  t.match(ada, { status: 201, body: { token: { roles: [{ name: 'member' }] } } })
  t.match(await session.ask('GET', '/v3/users?name=ada', admin), { body: { users: [{ id: userId }] } })
  t.match(await session.ask('POST', '/v3/users', admin, { user: { name: 'ada' } }), { status: 409 })
  t.match(await session.ask('POST', '/v3/users', admin, { user: { name: 'tester' } }), { status: 409 })
  const patch = { user: { name: 'lovelace', email: 'ada@example.com', room: 5 } }
  t.match(await session.ask('PATCH', `/v3/users/${userId}`, admin, patch), {
    status: 200,
    body: { user: { name: 'lovelace', email: 'ada@example.com', room: 5, enabled: true } },
  })
  t.equal((await session.login('ada', 'ada secret')).status, 401)
  t.equal((await session.login('lovelace', 'ada secret', 'of ada')).status, 201)
  for (const [method, path] of [
    ['GET', '/v3/users'],
    ['POST', '/v3/projects'],
    ['DELETE', `/v3/projects/${projectId}`],
    ['GET', '/v3/role_assignments'],
    ['GET', '/v3/projects/test'],
    ['GET', `/v3/users/${(await session.login('tester', 'testing')).body.token.user.id}`],
  ] as const) {
    t.equal((await session.ask(method, path, ada.token, {})).status, 403, `${method} ${path}`)
    t.equal((await session.ask(method, path, undefined, {})).status, 401, `${method} ${path}`)
  }
  t.equal((await session.ask('GET', `/v3/users/${userId}`, ada.token)).status, 200)
  t.equal((await session.ask('DELETE', `/v3/users/${userId}`, admin)).status, 204)
  t.equal((await session.ask('GET', `/v3/users/${userId}`, admin)).status, 404)
  t.equal(
    (await session.ask('GET', '/v3/auth/projects', ada.token)).status,
    401,
    'the token went with the user',
  )
})

t.test('users of the configuration become records when they are changed, and stay themselves', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const before = await session.login('tester', 'testing', 'test')
  const { id } = before.body.token.user
  const change = { user: { original_password: 'testing', password: 'better' } }
  t.equal((await session.ask('POST', `/v3/users/${id}/password`, before.token, change)).status, 204)
  t.equal(
    (await session.ask('GET', '/v3/auth/catalog', before.token)).status,
    401,
    'tokens of before are void',
  )
  t.equal((await session.login('tester', 'testing', 'test')).status, 401)
  const { token } = await session.login('tester', 'better', 'test')
  const v1 = { user: 'test:tester', remoteAddress: '192.0.2.7' }
  const { directory } = session.identity
  t.same(await directory.signIn(CONTEXT, { ...v1, key: 'testing' }), { kind: 'refused' })
  const signedIn = await directory.signIn(CONTEXT, { ...v1, key: 'better' })
  t.match(signedIn, { kind: 'signed_in', storageUrl: '$HOST/v1/AUTH_test' })
  for (const one of [token, signedIn.kind === 'signed_in' ? signedIn.token : '']) {
    t.match(await directory.open(CONTEXT, one), {
      kind: 'valid',
      principal: { user: 'test:tester', tenant: 'test', groups: ['test', 'test:tester', 'AUTH_test'] },
    })
  }
  t.equal((await session.ask('DELETE', `/v3/users/${id}`, admin)).status, 204)
  t.equal((await session.login('tester', 'better', 'test')).status, 401)
  t.same(await directory.signIn(CONTEXT, { ...v1, key: 'testing' }), { kind: 'refused' })
  t.match(await session.ask('POST', '/v3/users', admin, { user: { name: 'tester' } }), { status: 201 })
})

t.test(
  'a token of the first version is good here, and void once its user was changed or it was revoked',
  async (t) => {
    const session = new IdentitySession()
    const { directory } = session.identity
    const signIn = async (): Promise<string> => {
      const signed = await directory.signIn(CONTEXT, {
        user: 'test2:tester2',
        key: 'testing2',
        remoteAddress: '',
      })
      return signed.kind === 'signed_in' ? signed.token : ''
    }
    const [first, second] = [await signIn(), await signIn()]
    t.match(await session.ask('GET', '/v3/auth/tokens', first, undefined, { 'x-subject-token': second }), {
      status: 200,
      body: { token: { user: { name: 'tester2' }, project: { id: 'test2' } } },
    })
    const revoked = await session.ask('DELETE', '/v3/auth/tokens', first, undefined, {
      'x-subject-token': second,
    })
    t.equal(revoked.status, 204)
    t.match(await directory.open(CONTEXT, second), { kind: 'refused', why: 'revoked' })
    t.match(await directory.open(CONTEXT, first), { kind: 'valid', principal: { user: 'test2:tester2' } })
    const { body } = await session.login('tester2', 'testing2')
    await session.ask('PATCH', `/v3/users/${body.token.user.id}`, await session.admin(), {
      user: { enabled: false },
    })
    t.match(await directory.open(CONTEXT, first), { kind: 'refused' })
  },
)

t.test('a token is revoked by itself, and validated by its user, services and administrators', async (t) => {
  const session = new IdentitySession()
  await session.person('ada', 'member')
  await session.person('glance', 'service')
  const [one, other] = [
    await session.login('ada', 'ada secret', 'of ada'),
    await session.login('ada', 'ada secret', 'of ada'),
  ]
  const service = await session.login('glance', 'glance secret', 'of glance')
  const tester = await session.login('tester', 'testing', 'test')
  const validate = (asking: string) =>
    session.ask('GET', '/v3/auth/tokens', asking, undefined, { 'x-subject-token': one.token })
  for (const token of [one.token, other.token, service.token, await session.admin()]) {
    t.match(await validate(token), {
      status: 200,
      token: one.token,
      body: { token: { user: { name: 'ada' } } },
    })
  }
  t.equal((await validate(tester.token)).status, 403)
  const head = { 'x-subject-token': one.token }
  t.equal((await session.ask('DELETE', '/v3/auth/tokens', one.token, undefined, head)).status, 204)
  t.equal((await validate(service.token)).status, 404)
  t.equal((await session.ask('GET', '/v3/auth/catalog', one.token)).status, 401)
  t.equal((await session.ask('GET', '/v3/auth/catalog', other.token)).status, 200, 'the other one is good')
})

t.test('what is taken away from a user is taken away from the tokens', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const { userId, projectId } = await session.person('ada', 'reader')
  const { token } = await session.login('ada', 'ada secret', 'of ada')
  const open = () => session.identity.directory.open(CONTEXT, token)
  t.match(await open(), {
    principal: { keystone: { ownedAccounts: [], readableAccounts: [`AUTH_${projectId}`] } },
  })
  const roleOf = async (name: string): Promise<string> =>
    (await session.ask('GET', `/v3/roles?name=${name}`, admin)).body.roles[0].id
  const grants = `/v3/projects/${projectId}/users/${userId}/roles`
  await session.ask('PUT', `${grants}/${await roleOf('member')}`, admin)
  t.match(await open(), { principal: { keystone: { ownedAccounts: [`AUTH_${projectId}`] } } })
  t.match((await session.ask('GET', grants, admin)).body.roles, [{ name: 'reader' }, { name: 'member' }])
  for (const name of ['member', 'reader']) {
    t.equal((await session.ask('DELETE', `${grants}/${await roleOf(name)}`, admin)).status, 204)
  }
  t.match(await open(), { kind: 'refused', why: 'revoked' })
  t.equal((await session.login('ada', 'ada secret', 'of ada')).status, 401)
})

t.test(
  'an application credential is its user with fewer roles in one project, until it expires',
  async (t) => {
    const session = new IdentitySession()
    const { userId } = await session.person('ada', 'member')
    const ada = await session.login('ada', 'ada secret', 'of ada')
    const path = `/v3/users/${userId}/application_credentials`
    const made = await session.ask('POST', path, ada.token, {
      application_credential: { name: 'backup', expires_at: '2023-11-14T23:00:00' },
    })
    t.equal(made.status, 201)
    const { id, secret } = made.body.application_credential
    t.match(made.body.application_credential, { roles: [{ name: 'member' }], unrestricted: false })
    const again = { application_credential: { name: 'backup' } }
    t.equal((await session.ask('POST', path, ada.token, again)).status, 409)
    const login = (credential: object, scope?: object) =>
      session.ask('POST', '/v3/auth/tokens', undefined, {
        auth: {
          identity: { methods: ['application_credential'], application_credential: credential },
          ...(scope === undefined ? {} : { scope }),
        },
      })
    const byName = { name: 'backup', secret, user: { name: 'ada', domain: { id: 'default' } } }
    for (const credential of [{ id, secret }, byName]) {
      t.match(await login(credential), {
        status: 201,
        body: { token: { expires_at: '2023-11-14T23:00:00.000000Z', project: { name: 'of ada' } } },
      })
    }
    t.equal((await login({ id, secret: 'wrong' })).status, 401)
    t.equal((await login({ id, secret }, { project: { id: 'test' } })).status, 401)
    const { token } = await login({ id, secret })
    const more = { application_credential: { name: 'another' } }
    t.equal((await session.ask('POST', path, token, more)).status, 403, 'it cannot make others')
    t.match(await session.ask('GET', path, ada.token), {
      body: { application_credentials: [{ name: 'backup', secret: undefined }] },
    })
    await session.clock.advance(3_600_000)
    t.equal((await login({ id, secret })).status, 401, 'expired')
    t.equal((await session.ask('DELETE', `${path}/${id}`, ada.token)).status, 204)
  },
)

t.test(
  'whoever signed in with an application credential gets no key pair, which would be worth more',
  async (t) => {
    const session = new IdentitySession()
    const { userId, projectId } = await session.person('ada', 'member')
    const ada = await session.login('ada', 'ada secret', 'of ada')
    const path = `/v3/users/${userId}/credentials/OS-EC2`
    const pair = await session.ask('POST', path, ada.token, { tenant_id: projectId })
    const made = await session.ask('POST', `/v3/users/${userId}/application_credentials`, ada.token, {
      application_credential: { name: 'backup', unrestricted: true },
    })
    const { id, secret } = made.body.application_credential
    const { token } = await session.ask('POST', '/v3/auth/tokens', undefined, {
      auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } },
    })
    const blob = JSON.stringify({ access: 'a', secret: 's' })
    const credential = { type: 'ec2', project_id: projectId, blob }
    t.equal((await session.ask('POST', path, token, { tenant_id: projectId })).status, 403)
    t.equal((await session.ask('POST', '/v3/credentials', token, { credential })).status, 403)
    for (const read of [path, `${path}/${pair.body.credential.access}`, '/v3/credentials']) {
      t.equal((await session.ask('GET', read, token)).status, 403, read)
    }
  },
)

t.test('key pairs and other credentials belong to their user', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const { userId, projectId } = await session.person('ada', 'member')
  const ada = await session.login('ada', 'ada secret', 'of ada')
  const tester = await session.login('tester', 'testing', 'test')
  const path = `/v3/users/${userId}/credentials/OS-EC2`
  const made = await session.ask('POST', path, ada.token, { tenant_id: projectId })
  t.match(made, { status: 201, body: { credential: { tenant_id: projectId, user_id: userId } } })
  const { access, secret } = made.body.credential
  t.equal((await session.ask('POST', path, ada.token, { tenant_id: 'test' })).status, 403)
  t.equal((await session.ask('GET', `${path}/${access}`, tester.token)).status, 403)
  t.match(await session.ask('GET', path, ada.token), { body: { credentials: [{ access, secret }] } })
  t.match(await session.ask('GET', '/v3/credentials', ada.token), {
    body: { credentials: [{ type: 'ec2' }] },
  })
  t.match(await session.ask('GET', '/v3/credentials', tester.token), { body: { credentials: [] } })
  const other = { credential: { type: 'totp', blob: 'seed', user_id: userId } }
  const totp = await session.ask('POST', '/v3/credentials', admin, other)
  t.equal(totp.status, 201)
  const { id } = totp.body.credential
  t.match(await session.ask('PATCH', `/v3/credentials/${id}`, ada.token, { credential: { blob: 'new' } }), {
    body: { credential: { blob: 'new', type: 'totp' } },
  })
  t.equal((await session.ask('GET', `/v3/credentials/${id}`, tester.token)).status, 403)
  const stolen = {
    credential: { type: 'ec2', project_id: 'test', blob: JSON.stringify({ access: 'a', secret: 's' }) },
  }
  t.equal((await session.ask('POST', '/v3/credentials', ada.token, stolen)).status, 403)
  t.equal((await session.ask('DELETE', `${path}/${access}`, ada.token)).status, 204)
  t.equal((await session.ask('GET', `${path}/${access}`, ada.token)).status, 404)
  await session.ask('DELETE', `/v3/users/${userId}`, admin)
  t.match(await session.ask('GET', '/v3/credentials', admin), { body: { credentials: [] } })
})

t.test('who has which role is told in one list, with names where they are wanted', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const { userId } = await session.person('ada', 'reader')
  await session.ask(
    'PUT',
    `/v3/system/users/${userId}/roles/${(await session.ask('GET', '/v3/roles?name=reader', admin)).body.roles[0].id}`,
    admin,
  )
  const { body } = await session.ask(
    'GET',
    `/v3/role_assignments?user.id=${userId}&include_names=True`,
    admin,
  )
  t.match(body.role_assignments, [
    { role: { name: 'reader' }, user: { name: 'ada' }, scope: { project: { name: 'of ada' } } },
    { scope: { system: { all: true } } },
  ])
  const onTest = await session.ask('GET', '/v3/role_assignments?scope.project.id=test', admin)
  t.equal(onTest.body.role_assignments.length, 2, 'tester and tester3')
})

t.test('roles can be made and given; the built-in ones stay what they are', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const made = await session.ask('POST', '/v3/roles', admin, { role: { name: 'Auditor' } })
  t.equal(made.status, 201)
  t.equal((await session.ask('POST', '/v3/roles', admin, { role: { name: 'auditor' } })).status, 409)
  t.equal((await session.ask('POST', '/v3/roles', admin, { role: { name: 'ADMIN' } })).status, 409)
  const { roles } = (await session.ask('GET', '/v3/roles', admin)).body
  for (const { id, name } of roles) {
    const expected = name === 'Auditor' ? 204 : 403
    t.equal((await session.ask('DELETE', `/v3/roles/${id}`, admin)).status, expected, name)
  }
})

t.test('what is no JSON, too long or of a wrong form is refused', async (t) => {
  const session = new IdentitySession()
  const admin = await session.admin()
  const long = { user: { name: 'x'.repeat(120_000) } }
  t.equal((await session.ask('POST', '/v3/users', admin, long)).status, 413)
  t.equal((await session.ask('POST', '/v3/users', admin, [])).status, 400)
  for (const user of [{}, { name: '' }, { name: 5 }, { name: 'x', password: '' }]) {
    t.equal((await session.ask('POST', '/v3/users', admin, { user })).status, 400, JSON.stringify(user))
  }
  const elsewhere = { name: 'x', domain_id: 'other' }
  t.equal((await session.ask('POST', '/v3/users', admin, { user: elsewhere })).status, 404)
  for (const auth of [undefined, {}, { identity: { methods: ['magic'] } }]) {
    t.equal((await session.ask('POST', '/v3/auth/tokens', undefined, { auth })).status, 400)
  }
})
