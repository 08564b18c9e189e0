/**
 * Goal: a temporary URL never gives more than the object that was signed, whatever that object is. Method: objects that
 * lead to others (manifests, symlinks), made by their owner, read by URLs signed with keys of different reach.
 */
import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { type Received, send, testProxy, tokenFor } from '../testing/test-proxy.ts'

const EXPIRES = 4_039_372_800
const { handler } = testProxy()
const owner = { 'X-Auth-Token': await tokenFor(handler, 'test:tester', 'testing') }
const other = { 'X-Auth-Token': await tokenFor(handler, 'test2:tester2', 'testing2') }

async function put(target: string, headers: Readonly<Record<string, string>>, body?: string): Promise<void> {
  const sent = { method: 'PUT', target, headers }
  const { status } = await send(handler, body === undefined ? sent : { ...sent, body })
  if (status >= 300) throw new Error(`PUT ${target}: ${status}`)
}

async function bySignature(
  key: string,
  method: string,
  object: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Received> {
  const path = `/v1/AUTH_test/c/${object}`
  const signature = createHmac('sha256', key).update(`${method}\n${EXPIRES}\n${path}`).digest('hex')
  const target = `${path}?temp_url_sig=${signature}&temp_url_expires=${EXPIRES}`
  return send(handler, { method, target, headers, ...(body === undefined ? {} : { body }) })
}

await send(handler, {
  method: 'POST',
  target: '/v1/AUTH_test',
  headers: { ...owner, 'X-Account-Meta-Temp-URL-Key': 'of-account' },
})
await put('/v1/AUTH_test/c', { ...owner, 'X-Container-Meta-Temp-URL-Key': 'of-container' })
await put('/v1/AUTH_test/segments', owner)
await put('/v1/AUTH_test2/foreign', { ...other, 'X-Container-Read': 'test' })
await put('/v1/AUTH_test2/foreign/o', other, 'foreign')
for (const [name, text] of Object.entries({ 's/1': 'one', 's/2': 'two' })) {
  await put(`/v1/AUTH_test/segments/${name}`, owner, text)
}
const segment = (name: string, text: string): object => ({
  path: `segments/${name}`,
  etag: createHash('md5').update(text).digest('hex'),
})
await put(
  '/v1/AUTH_test/c/static?multipart-manifest=put',
  owner,
  JSON.stringify([segment('s/1', 'one'), segment('s/2', 'two')]),
)
await put('/v1/AUTH_test/c/dynamic', { ...owner, 'X-Object-Manifest': 'segments/s/' }, '')
await put('/v1/AUTH_test/c/link', { ...owner, 'X-Symlink-Target': 'segments/s/1' }, '')
await put('/v1/AUTH_test/c/near', owner, 'near')
await put('/v1/AUTH_test/c/near-link', { ...owner, 'X-Symlink-Target': 'c/near' }, '')
await put(
  '/v1/AUTH_test/c/far-link',
  { ...owner, 'X-Symlink-Target': 'foreign/o', 'X-Symlink-Target-Account': 'AUTH_test2' },
  '',
)

t.test('a key of the account reads what the object is made of, anywhere in the account', async (t) => {
  t.match(await bySignature('of-account', 'GET', 'static'), { status: 200, body: 'onetwo' })
  t.match(await bySignature('of-account', 'GET', 'dynamic'), { status: 200, body: 'onetwo' })
  t.match(await bySignature('of-account', 'GET', 'link'), { status: 200, body: 'one' })
  t.equal((await bySignature('of-account', 'HEAD', 'static')).headers['content-length'], '6')
})

t.test('a key of the container does not lead out of the container', async (t) => {
  t.match(await bySignature('of-container', 'GET', 'near-link'), { status: 200, body: 'near' })
  for (const object of ['static', 'dynamic', 'link']) {
    const { status, body } = await bySignature('of-container', 'GET', object)
    t.not(status, 200, object)
    t.notMatch(body, /one|two/)
  }
})

t.test('no key leads out of the account, even where its owner might go', async (t) => {
  const own = await send(handler, { target: '/v1/AUTH_test/c/far-link', headers: owner })
  t.equal(own.body, 'foreign')
  for (const key of ['of-account', 'of-container']) {
    const { status, body } = await bySignature(key, 'GET', 'far-link')
    t.not(status, 200, key)
    t.notMatch(body, 'foreign')
  }
})

t.test('an upload makes an object, and a copy or a manifest by no means', async (t) => {
  for (const headers of [
    { 'X-Copy-From': 'segments/s/1' },
    { 'X-Object-Manifest': 'segments/s/' },
    { 'X-Symlink-Target': 'segments/s/1' },
  ]) {
    t.equal((await bySignature('of-account', 'PUT', 'new', headers, '')).status, 400)
  }
  const manifest = JSON.stringify([segment('s/1', 'one')])
  const path = '/v1/AUTH_test/c/new'
  const signature = createHmac('sha256', 'of-account').update(`PUT\n${EXPIRES}\n${path}`).digest('hex')
  const target = `${path}?temp_url_sig=${signature}&temp_url_expires=${EXPIRES}&multipart-manifest=put`
  t.equal((await send(handler, { method: 'PUT', target, body: manifest })).status, 201)
  t.equal((await bySignature('of-account', 'GET', 'new')).body, manifest)
})

t.test('a delete takes the manifest and leaves the segments', async (t) => {
  const path = '/v1/AUTH_test/c/static'
  const signature = createHmac('sha256', 'of-account').update(`DELETE\n${EXPIRES}\n${path}`).digest('hex')
  const target = `${path}?temp_url_sig=${signature}&temp_url_expires=${EXPIRES}&multipart-manifest=delete`
  t.equal((await send(handler, { method: 'DELETE', target })).status, 204)
  t.equal((await send(handler, { target: '/v1/AUTH_test/segments/s/1', headers: owner })).status, 200)
})
