/** Application credentials with access rules: their tokens are good for the requests that a rule names, and for no others. */
import t, { type Test } from 'tap'
import { CONTEXT, IdentitySession, type Json } from './testing/identity-session.ts'

const UNDERSTANDS = { 'openstack-identity-access-rules': '1.0' }
const READ_OBJECTS = { service: 'object-store', method: 'GET', path: '/v1/AUTH_test/open/**' }
const READ_USER = { service: 'identity', method: 'GET', path: '/v3/users/{user_id}' }

interface Scene {
  readonly session: IdentitySession
  readonly userId: string
  /** Of the user, without rules. */
  readonly token: string
  readonly make: (credential: Json) => ReturnType<IdentitySession['ask']>
}

async function scene(): Promise<Scene> {
  const session = new IdentitySession()
  const { token, body } = await session.login('tester', 'testing', 'test')
  const userId = body.token.user.id
  const make = (credential: Json): ReturnType<IdentitySession['ask']> =>
    session.ask('POST', `/v3/users/${userId}/application_credentials`, token, {
      application_credential: credential,
    })
  return { session, userId, token, make }
}

async function tokenBy({ session }: Scene, credential: Json): Promise<string> {
  const identity = {
    methods: ['application_credential'],
    application_credential: { id: credential.id, secret: credential.secret },
  }
  return (await session.ask('POST', '/v3/auth/tokens', undefined, { auth: { identity } })).token
}

async function bound(t: Test, rules: readonly Json[], more: Json = {}) {
  const there = await scene()
  const { status, body } = await there.make({ name: 'bound', access_rules: rules, ...more })
  t.equal(status, 201)
  const credential = body.application_credential
  return { ...there, credential, boundToken: await tokenBy(there, credential) }
}

t.test('a token is good for what a rule names and for nothing else', async (t) => {
  const { session, userId, boundToken } = await bound(t, [READ_USER])
  const status = async (method: string, path: string): Promise<number> =>
    (await session.ask(method, path, boundToken)).status
  t.equal(await status('GET', `/v3/users/${userId}`), 200)
  t.equal(await status('HEAD', `/v3/users/${userId}`), 401)
  t.equal(await status('GET', `/v3/users/${userId}/projects`), 401)
  t.equal(await status('GET', `/v3/users/${userId}%2Fprojects`), 401)
  t.equal(await status('GET', '/v3/auth/projects'), 401)
})

t.test('a token that is got with the token has the same rules', async (t) => {
  const { session, userId, boundToken } = await bound(t, [READ_USER])
  const identity = { methods: ['token'], token: { id: boundToken } }
  const second = await session.ask('POST', '/v3/auth/tokens', undefined, { auth: { identity } })
  t.equal(second.status, 201)
  t.equal((await session.ask('GET', `/v3/users/${userId}`, second.token)).status, 200)
  t.equal((await session.ask('GET', '/v3/auth/projects', second.token)).status, 401)
})

t.test('services are shown a token with rules only if they look at them', async (t) => {
  const { session, boundToken, credential } = await bound(t, [READ_OBJECTS])
  const admin = await session.admin()
  const validate = (more: object): ReturnType<IdentitySession['ask']> =>
    session.ask('GET', '/v3/auth/tokens', admin, undefined, { 'x-subject-token': boundToken, ...more })
  t.equal((await validate({})).status, 404)
  t.equal((await validate({ 'openstack-identity-access-rules': '0.9' })).status, 404)
  const shown = await validate(UNDERSTANDS)
  t.equal(shown.status, 200)
  t.match(shown.body.token.application_credential, { id: credential.id, access_rules: [READ_OBJECTS] })
})

t.test('the doors learn the rules of a token', async (t) => {
  const { session, boundToken, token } = await bound(t, [READ_OBJECTS])
  const { directory } = session.identity
  t.match(await directory.open(CONTEXT, boundToken), { principal: { accessRules: [READ_OBJECTS] } })
  const free = await directory.open(CONTEXT, token)
  if (free.kind !== 'valid') throw new Error('it was just given out')
  t.equal(free.principal.accessRules, undefined)
})

t.test('rules are made once, are listed, and stay while a credential has them', async (t) => {
  const there = await scene()
  const { session, userId, token, make } = there
  const first = await make({ name: 'one', access_rules: [READ_OBJECTS, READ_USER, READ_USER] })
  const rules = first.body.application_credential.access_rules
  t.match(rules, [READ_OBJECTS, READ_USER])
  const again = await make({ name: 'two', access_rules: [READ_OBJECTS, { id: rules[1].id }] })
  t.same(again.body.application_credential.access_rules, rules)
  const own = `/v3/users/${userId}/access_rules`
  t.match((await session.ask('GET', own, token)).body, { access_rules: rules })
  const found = await session.ask('GET', `${own}?service=identity`, token)
  t.match(found.body.access_rules, [{ id: rules[1].id, links: { self: /access_rules/ } }])
  t.equal(found.body.access_rules.length, 1)
  t.match((await session.ask('GET', `${own}/${rules[0].id}`, token)).body, { access_rule: READ_OBJECTS })
  const remove = async (path: string): Promise<number> => (await session.ask('DELETE', path, token)).status
  t.equal(await remove(`${own}/${rules[0].id}`), 403)
  for (const { body } of [first, again]) {
    t.equal(
      await remove(`/v3/users/${userId}/application_credentials/${body.application_credential.id}`),
      204,
    )
  }
  t.equal(await remove(`${own}/${rules[0].id}`), 204)
  t.equal(await remove(`${own}/${rules[0].id}`), 404)
  t.equal((await session.ask('GET', own, token)).body.access_rules.length, 1)
})

t.test('what is no rule is refused, and no rules are no restriction', async (t) => {
  const { make, session, userId, ...rest } = await scene()
  for (const wrong of [
    'all',
    ['all'],
    [{}],
    [{ ...READ_USER, method: 'COPY' }],
    [{ ...READ_USER, path: 'v3/users' }],
    [{ ...READ_USER, path: `/${'a'.repeat(225)}` }],
    [{ ...READ_USER, more: 1 }],
    [{ service: 'identity', method: 'GET' }],
    [{ id: 'f'.repeat(32) }],
  ]) {
    t.equal(
      (await make({ name: 'wrong', access_rules: wrong })).status,
      400,
      JSON.stringify(wrong).slice(0, 80),
    )
  }
  const free = await make({ name: 'free', access_rules: [] })
  t.equal(free.status, 201)
  const token = await tokenBy({ make, session, userId, ...rest }, free.body.application_credential)
  t.equal((await session.ask('GET', `/v3/users/${userId}`, token)).status, 200)
})

t.test('a credential with rules makes no credential without them, whatever it may else', async (t) => {
  const rule = { service: 'identity', method: 'POST', path: '/v3/**' }
  const { session, userId, boundToken } = await bound(t, [rule], { unrestricted: true })
  const path = `/v3/users/${userId}/application_credentials`
  const { status } = await session.ask('POST', path, boundToken, { application_credential: { name: 'wide' } })
  t.equal(status, 403)
  const pair = await session.ask('POST', `/v3/users/${userId}/credentials/OS-EC2`, boundToken, {
    tenant_id: 'test',
  })
  t.equal(pair.status, 403)
})
