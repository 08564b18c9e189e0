/** The door to another cluster's container sync: what a signature opens, and at which time. */
import t from 'tap'
import { parseRealms } from '#auth/container-sync/realms.ts'
import { syncSignature } from '#auth/container-sync/sync-signature.ts'
import { type Received, send, type TestProxy, testProxy, tokenFor } from '../testing/test-proxy.ts'

const REALMS = parseRealms(`[realm1]
key = realmkey
cluster_here = http://here.example/v1/
cluster_there = http://there.example/v1/
`)
const OBJECT = '/v1/AUTH_test/c/o'
const EARLY = '1700000000.00000'
const LATE = '1700000001.00000'

async function start(): Promise<{ proxy: TestProxy; token: string }> {
  const syncRealms = { realms: () => REALMS, current: { realm: 'REALM1', cluster: 'HERE' } }
  const proxy = testProxy({}, { syncRealms })
  const token = await tokenFor(proxy.handler, 'test:tester', 'testing')
  const headers = { 'X-Auth-Token': token, 'X-Container-Sync-Key': 'userkey' }
  await send(proxy.handler, { method: 'PUT', target: '/v1/AUTH_test/c', headers })
  return { proxy, token }
}

function signed(
  method: string,
  timestamp: string,
  path = OBJECT,
  userKey = 'userkey',
): Record<string, string> {
  const signature = syncSignature({ method, path, timestamp }, 'nonce', 'realmkey', userKey)
  return { 'X-Container-Sync-Auth': `realm1 nonce ${signature}`, 'X-Timestamp': timestamp }
}

function put(proxy: TestProxy, headers: Record<string, string>, body = 'body'): Promise<Received> {
  return send(proxy.handler, { method: 'PUT', target: OBJECT, headers, body })
}

t.test('a signed upload is written at the time that it states', async (t) => {
  const { proxy } = await start()
  t.equal((await put(proxy, signed('PUT', EARLY))).status, 201)
  const read = await send(proxy.handler, { target: OBJECT, headers: signed('GET', '0') })
  t.equal(read.body, 'body')
  t.equal(read.headers['x-timestamp'], EARLY)
})

t.test('what is as new or newer stays, and the sender is content', async (t) => {
  const { proxy } = await start()
  await put(proxy, signed('PUT', LATE), 'late')
  t.equal((await put(proxy, signed('PUT', EARLY), 'early')).status, 202)
  t.equal((await put(proxy, signed('PUT', LATE), 'late again')).status, 202)
  t.equal((await send(proxy.handler, { target: OBJECT, headers: signed('GET', '0') })).body, 'late')
})

t.test('a signature opens its own request and nothing else', async (t) => {
  const { proxy } = await start()
  const status = async (method: string, target: string, headers: Record<string, string>): Promise<number> =>
    (await send(proxy.handler, { method, target, headers, body: '' })).status
  t.equal(await status('PUT', OBJECT, { ...signed('PUT', EARLY), 'X-Timestamp': LATE }), 401)
  t.equal(await status('DELETE', OBJECT, signed('PUT', EARLY)), 401)
  t.equal(await status('PUT', `${OBJECT}2`, signed('PUT', EARLY)), 401)
  t.equal(await status('PUT', OBJECT, signed('PUT', EARLY, OBJECT, 'other')), 401)
  t.equal(await status('DELETE', '/v1/AUTH_test/c', signed('DELETE', EARLY, '/v1/AUTH_test/c')), 401)
  t.equal(await status('PUT', OBJECT, signed('PUT', 'soon')), 400)
  const refused = await put(proxy, { 'X-Container-Sync-Auth': 'realm1 nonce x' })
  t.equal(refused.headers['www-authenticate'], 'SwiftContainerSync realm="AUTH_test"')
})

t.test('a bad signature is refused, whoever sends it, also where there are no realms', async (t) => {
  const { handler } = testProxy()
  const token = await tokenFor(handler, 'test:tester', 'testing')
  await send(handler, { method: 'PUT', target: '/v1/AUTH_test/c', headers: { 'X-Auth-Token': token } })
  const headers = { 'X-Auth-Token': token, 'X-Container-Sync-Auth': 'a b c' }
  for (const target of ['/v1/AUTH_test/c', OBJECT]) {
    t.match(await send(handler, { target, headers }), {
      status: 401,
      body: /not valid; contact cluster operator/,
    })
  }
  t.equal((await send(handler, { target: '/v1/AUTH_test', headers })).status, 200, 'an account has no keys')
  t.match((await send(handler, { target: '/info' })).body, '"container_sync":{"realms":{}}')
})

t.test('without a signature nobody chooses the time', async (t) => {
  const { proxy, token } = await start()
  await put(proxy, { 'X-Auth-Token': token, 'X-Timestamp': EARLY })
  const read = await send(proxy.handler, { target: OBJECT, headers: { 'X-Auth-Token': token } })
  t.not(read.headers['x-timestamp'], EARLY)
})

t.test('a container without a key is closed', async (t) => {
  const { proxy, token } = await start()
  const removal = { 'X-Auth-Token': token, 'X-Container-Sync-Key': '' }
  await send(proxy.handler, { method: 'POST', target: '/v1/AUTH_test/c', headers: removal })
  t.equal((await put(proxy, signed('PUT', EARLY, OBJECT, ''))).status, 401)
})

t.test('a container can be synced to where operators allow it', async (t) => {
  const { proxy, token } = await start()
  const post = async (to: string): Promise<Received> => {
    const headers = { 'X-Auth-Token': token, 'X-Container-Sync-To': to }
    return send(proxy.handler, { method: 'POST', target: '/v1/AUTH_test/c', headers })
  }
  t.equal((await post('//realm1/there/AUTH_test/c')).status, 204)
  t.match(await post('http://127.0.0.1/v1/AUTH_test/c'), { status: 400, body: /Full URLs are not allowed/ })
  t.match(await post('//realm2/there/AUTH_test/c'), { status: 400, body: "No realm key for 'realm2'" })
  t.equal((await post('')).status, 204)
})

t.test('/info tells realms and clusters, and no key', async (t) => {
  const { proxy } = await start()
  const { body } = await send(proxy.handler, { target: '/info' })
  const { container_sync: told } = JSON.parse(body) as { container_sync: unknown }
  t.same(told, { realms: { REALM1: { clusters: { HERE: { current: true }, THERE: {} } } } })
  t.notMatch(body, /realmkey/)
})
