import t from 'tap'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { DEVELOPMENT_USERS, UserDirectory } from '#auth/users.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { requestOf, send, testProxy, tokenFor } from '../testing/test-proxy.ts'

const TESTER = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' }

t.test('the storage URL is at the address by which the client came', async (t) => {
  const { handler } = testProxy()
  const urlFor = async (host: string, secure = false): Promise<string | undefined> => {
    const sent = { target: '/auth/v1.0', headers: { ...TESTER, Host: host }, secure }
    return (await send(handler, sent)).headers['x-storage-url']
  }
  t.equal(await urlFor('swift.example:8080'), 'http://swift.example:8080/v1/AUTH_test')
  t.equal(await urlFor('swift.example:80'), 'http://swift.example/v1/AUTH_test')
  t.equal(await urlFor('swift.example:443', true), 'https://swift.example/v1/AUTH_test')
  t.equal(await urlFor('[::1]:8080', true), 'https://[::1]:8080/v1/AUTH_test')
})

t.test('a user may say who it is under the older names too', async (t) => {
  const { handler } = testProxy()
  const signIn = (headers: Readonly<Record<string, string>>) =>
    send(handler, { target: '/auth/v1.0', headers })
  const older = { 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }
  t.equal((await signIn(older)).status, 200)
  t.equal((await signIn({ ...older, 'X-Storage-Pass': 'wrong' })).status, 401)
  t.equal((await signIn({ 'X-Storage-User': 'test:tester', 'X-Auth-Key': 'testing' })).status, 200)
})

t.test('behind a TLS terminator the scheme is what was configured', async (t) => {
  const { handler } = testProxy({ storageUrlScheme: 'https' })
  const { headers } = await send(handler, { target: '/auth/v1.0', headers: TESTER })
  t.equal(headers['x-storage-url'], 'https://door.example/v1/AUTH_test')
})

t.test('a user whose account is elsewhere is sent there', async (t) => {
  const [user] = DEVELOPMENT_USERS
  const users = new UserDirectory(
    [{ ...(user as (typeof DEVELOPMENT_USERS)[0]), storageUrl: 'https://elsewhere.example/v1/AUTH_x' }],
    DEFAULT_RESELLERS,
  )
  const { handler } = testProxy({}, { users })
  const sent = { target: '/auth/v1.0', headers: { 'X-Auth-User': 'admin:admin', 'X-Auth-Key': 'admin' } }
  t.equal((await send(handler, sent)).headers['x-storage-url'], 'https://elsewhere.example/v1/AUTH_x')
})

t.test('the token opens the account, under either of its header names', async (t) => {
  const { handler } = testProxy()
  const token = await tokenFor(handler, 'test:tester', 'testing')
  for (const name of ['X-Auth-Token', 'X-Storage-Token']) {
    t.equal((await send(handler, { target: '/v1/AUTH_test', headers: { [name]: token } })).status, 204, name)
  }
})

t.test('a token outlives the process that gave it, and ends with its life', async (t) => {
  const clock = new VirtualClock()
  let drawn = 0
  const bytes = (count: number): Buffer => Buffer.alloc(count, (drawn += 1))
  const environment = { clock, random: { bytes, below: () => 0 } }
  const token = await tokenFor(
    testProxy({ tokenLifeSeconds: 60 }, { environment }).handler,
    'test:tester',
    'testing',
  )
  const other = testProxy({}, { environment }).handler
  const status = async (): Promise<number> =>
    (await send(other, { target: '/v1/AUTH_test', headers: { 'X-Auth-Token': token } })).status
  t.equal(await status(), 204, 'another process knows it')
  await clock.advance(59_000)
  t.equal(await status(), 204)
  await clock.advance(2_000)
  t.equal(await status(), 401)
})

t.test('nothing of a path gets into a header as it was sent', async (t) => {
  const { handler } = testProxy()
  for (const target of ['/auth/v1/a%0d%0aX-Evil:%20b%22/auth', '/v1/AUTH_a%0d%0aX-Evil:%20b%22']) {
    const { status, headers } = await send(handler, { target })
    t.equal(status, 401)
    t.notMatch(headers['www-authenticate'], /[\r\n]/)
    t.match(headers['www-authenticate'], /%0D%0AX-Evil/)
  }
})

t.test('another prefix may be configured', async (t) => {
  const { handler } = testProxy({ authPrefix: '/signin/' })
  t.equal((await send(handler, { target: '/signin/v1.0', headers: TESTER })).status, 200)
  t.equal((await send(handler, { target: '/auth/v1.0', headers: TESTER })).status, 400)
})

t.test('a service token adds its groups to those of the user', async (t) => {
  const resellers = [...DEFAULT_RESELLERS, { prefix: 'SERVICE_', requireGroup: 'service' }]
  const entries = [...DEVELOPMENT_USERS, { tenant: 'svc', name: 'glance', key: 'k', groups: ['service'] }]
  const { handler } = testProxy({ resellers }, { users: new UserDirectory(entries, resellers) })
  const user = await tokenFor(handler, 'test:tester', 'testing')
  const service = await tokenFor(handler, 'svc:glance', 'k')
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await handler(requestOf({ target: '/v1/SERVICE_test', headers }))).status
  t.equal(await status({ 'X-Auth-Token': user }), 403)
  t.equal(await status({ 'X-Auth-Token': service }), 403)
  t.equal(await status({ 'X-Auth-Token': user, 'X-Service-Token': service }), 204)
  t.equal(await status({ 'X-Auth-Token': user, 'X-Service-Token': `${service}x` }), 403)
})
