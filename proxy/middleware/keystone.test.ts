/** The door with Keystone behind it: who is who, what is kept of an account's domain, and that no failure opens it. */
import t from 'tap'
import type { ExpiredTokens, TokenValidator, Validation } from '#auth/keystone/keystone-client.ts'
import { keystoneRules } from '#auth/keystone/rules-options.ts'
import type { KeystoneToken } from '#auth/keystone/token-answer.ts'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { tokenOf } from '#auth/testing/fake-keystone.ts'
import { UserDirectory } from '#auth/users.ts'
import { type Received, requestOf, send, type TestProxy, testProxy, tokenFor } from '../testing/test-proxy.ts'

const PROJECT = 'a'.repeat(32)
const OTHER = 'c'.repeat(32)
const ACCOUNT = `/v1/AUTH_${PROJECT}`
const RESELLERS = [...DEFAULT_RESELLERS, { prefix: 'SERVICE_', requireGroup: '' }]

class Tokens implements TokenValidator {
  readonly known = new Map<string, KeystoneToken>([
    ['operator', tokenOf()],
    ['member', tokenOf({ roles: ['member'] })],
    [
      'bound',
      tokenOf({ accessRules: [{ service: 'object-store', method: 'GET', path: `${ACCOUNT}/open` }] }),
    ],
    ['stranger', tokenOf({ project: { id: OTHER, name: 'other', domainId: 'default' } })],
    ['foreigner', tokenOf({ project: { id: OTHER, name: 'other', domainId: 'elsewhere' } })],
    ['reseller', tokenOf({ roles: ['reselleradmin'], project: { id: OTHER, name: 'o', domainId: 'x' } })],
    [
      'service',
      tokenOf({ roles: ['service'], project: { id: OTHER, name: 'service', domainId: 'default' } }),
    ],
  ])
  down = false
  readonly asked: string[] = []

  async validate(token: string, expired: ExpiredTokens): Promise<Validation> {
    this.asked.push(token)
    if (this.down) return { kind: 'unavailable', reason: 'CONNECT_FAILED' }
    if (token === 'old' && expired === 'accepted') return { kind: 'valid', token: tokenOf() }
    const known = this.known.get(token)
    return known === undefined ? { kind: 'invalid' } : { kind: 'valid', token: known }
  }
}

interface Door {
  readonly tokens: Tokens
  readonly proxy: TestProxy
  readonly ask: (
    token: string,
    method: string,
    target: string,
    headers?: Record<string, string>,
  ) => Promise<Received>
}

function door(): Door {
  const tokens = new Tokens()
  const rules = keystoneRules({
    resellerPrefixes: ['AUTH_', 'SERVICE_'],
    operatorRoles: ['admin', 'swiftoperator'],
    serviceRoles: [],
    projectReaderRoles: [],
    prefixRoles: ['SERVICE_ service_roles=service'],
    resellerAdminRole: 'ResellerAdmin',
    systemReaderRoles: [],
    serviceTokenRoles: ['service'],
    defaultDomainId: 'default',
    namesInAcls: 'allowed',
  })
  const keystone = { tokens, rules, publicUrl: 'http://keystone.example:5000' }
  const users = new UserDirectory(
    [{ tenant: 'test', name: 'tester', key: 'testing', groups: ['.admin'] }],
    DEFAULT_RESELLERS,
  )
  const proxy = testProxy({ resellers: RESELLERS }, { keystone, users })
  return {
    tokens,
    proxy,
    ask: (token, method, target, headers = {}) =>
      send(proxy.handler, { method, target, headers: { 'X-Auth-Token': token, ...headers } }),
  }
}

t.test('an operator has its account, and our own users have theirs', async (t) => {
  const { ask, proxy, tokens } = door()
  t.equal((await ask('operator', 'PUT', `${ACCOUNT}/c`)).status, 201)
  t.equal((await ask('member', 'GET', `${ACCOUNT}/c`)).status, 403)
  const own = await tokenFor(proxy.handler, 'test:tester', 'testing')
  tokens.asked.length = 0
  t.equal((await ask(own, 'GET', '/v1/AUTH_test')).status, 204)
  t.equal((await ask(own, 'GET', `${ACCOUNT}/c`)).status, 403)
  t.same(tokens.asked, [], 'Keystone hears nothing of them')
})

t.test(
  'a token that Keystone does not know is nobody: public things are open, others say where tokens are',
  async (t) => {
    const { ask, proxy } = door()
    await ask('operator', 'PUT', `${ACCOUNT}/public`, { 'X-Container-Read': '.r:*,.rlistings' })
    t.equal((await ask('who', 'GET', `${ACCOUNT}/public`)).status, 204)
    const refused = await proxy.handler(requestOf({ target: ACCOUNT, headers: { 'X-Auth-Token': 'who' } }))
    t.equal(refused.status, 401)
    t.same(refused.headers['www-authenticate'], [
      `Swift realm="AUTH_${PROJECT}"`,
      'Keystone uri="http://keystone.example:5000"',
    ])
  },
)

t.test('while Keystone cannot be asked, whoever brings a token is told 503, and gets nothing', async (t) => {
  const { ask, proxy, tokens } = door()
  await ask('operator', 'PUT', `${ACCOUNT}/public`, { 'X-Container-Read': '.r:*,.rlistings' })
  tokens.down = true
  for (const [method, target] of [
    ['GET', ACCOUNT],
    ['PUT', `${ACCOUNT}/c`],
    ['GET', `${ACCOUNT}/public`],
    ['DELETE', ACCOUNT],
  ] as const) {
    t.equal((await ask('operator', method, target)).status, 503, `${method} ${target}`)
    t.equal((await ask('operator', method, target, { 'X-Service-Token': 'service' })).status, 503)
  }
  t.equal((await send(proxy.handler, { target: `${ACCOUNT}/public` })).status, 204, 'without one, as ever')
  t.equal((await send(proxy.handler, { target: ACCOUNT })).status, 401)
})

t.test('a service goes on for a user: both tokens together', async (t) => {
  const { ask } = door()
  const target = `/v1/SERVICE_${PROJECT}/c`
  const service = { 'X-Service-Token': 'service' }
  t.equal((await ask('operator', 'PUT', target)).status, 403)
  t.equal((await ask('operator', 'PUT', target, service)).status, 201)
  t.equal((await ask('member', 'PUT', target, service)).status, 403)
  t.equal((await ask('operator', 'PUT', target, { 'X-Service-Token': 'stranger' })).status, 403)
  t.equal((await ask('operator', 'PUT', `${ACCOUNT}/c`, { 'X-Service-Token': 'who' })).status, 401)
  t.equal((await ask('old', 'PUT', `${ACCOUNT}/c`)).status, 401)
  t.equal((await ask('old', 'PUT', `${ACCOUNT}/c`, service)).status, 201, 'also when the user’s has expired')
})

t.test('an account keeps the domain of its project and shows it', async (t) => {
  const { ask } = door()
  const shown = async (): Promise<string | undefined> =>
    (await ask('reseller', 'HEAD', ACCOUNT)).headers['x-account-project-domain-id']
  await ask('reseller', 'PUT', `${ACCOUNT}/c`)
  t.equal(await shown(), '_unknown', 'made by somebody else')
  await ask('operator', 'POST', ACCOUNT, { 'X-Account-Meta-Colour': 'blue' })
  t.equal(await shown(), 'default')
  const forged = { 'X-Account-Sysmeta-Project-Domain-Id': 'forged' }
  await ask('operator', 'POST', ACCOUNT, forged)
  t.equal(await shown(), 'default', 'clients cannot set it')
})

t.test('names in lists count in the default domain only', async (t) => {
  const { ask } = door()
  await ask('operator', 'PUT', `${ACCOUNT}/c`, { 'X-Container-Read': 'other:jo' })
  t.equal((await ask('stranger', 'GET', `${ACCOUNT}/c`)).status, 204)
  t.equal((await ask('foreigner', 'GET', `${ACCOUNT}/c`)).status, 403)
  await ask('reseller', 'PUT', `/v1/AUTH_${'e'.repeat(32)}/c`, { 'X-Container-Read': 'other:jo' })
  t.equal(
    (await ask('stranger', 'GET', `/v1/AUTH_${'e'.repeat(32)}/c`)).status,
    403,
    'whose domain nobody knows',
  )
})

t.test('where nobody signs in, there is no sign-in', async (t) => {
  const { handler, pipeline } = testProxy({}, { users: new UserDirectory([], DEFAULT_RESELLERS) })
  t.notOk(pipeline.includes('swift-v1-auth'))
  const { body } = await send(handler, { target: '/info' })
  t.notOk(Object.hasOwn(JSON.parse(body) as object, 'tempauth'))
})

t.test(
  'a token with access rules is good for what they name, and for what a service asks on its behalf',
  async (t) => {
    const { ask } = door()
    t.equal((await ask('operator', 'PUT', `${ACCOUNT}/open`)).status, 201)
    t.equal((await ask('operator', 'PUT', `${ACCOUNT}/shut`)).status, 201)
    t.equal((await ask('bound', 'GET', `${ACCOUNT}/open`)).status, 204)
    t.equal((await ask('bound', 'GET', `${ACCOUNT}/shut`)).status, 401)
    t.equal((await ask('bound', 'PUT', `${ACCOUNT}/open`)).status, 401)
    t.equal((await ask('bound', 'GET', `${ACCOUNT}/shut`, { 'X-Service-Token': 'service' })).status, 204)
    t.equal((await ask('bound', 'GET', `${ACCOUNT}/shut`, { 'X-Service-Token': 'bound' })).status, 401)
  },
)
