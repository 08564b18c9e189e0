/** Goal: links through the Swift door. Method: requests to a proxy over the store in memory. */
import t, { type Test } from 'tap'
import { type Ask, type Asked, askedProxy, rowsAt } from '../testing/box.ts'
import type { Received } from '../testing/test-proxy.ts'

const ETAG_OF_HELLO = '5d41402abc4b2a76b9719d911017c592'

async function boxWithTarget(): Promise<Asked> {
  const asked = await askedProxy()
  await asked.ask('PUT', '/box')
  await asked.ask('PUT', '/box/target', { body: 'hello', headers: { 'X-Object-Meta-Colour': 'grey' } })
  return asked
}

function link(
  ask: Ask,
  name: string,
  target: string,
  headers: Record<string, string> = {},
): Promise<Received> {
  return ask('PUT', `/box/${name}`, { headers: { 'X-Symlink-Target': target, ...headers } })
}

t.test('a link is read as its target, and as itself when asked', async (t: Test) => {
  const { ask } = await boxWithTarget()
  t.equal((await link(ask, 'link', 'box/target')).status, 201)
  const read = await ask('GET', '/box/link')
  t.match(read, { status: 200, body: 'hello', headers: { 'x-object-meta-colour': 'grey' } })
  t.equal(read.headers['content-location'], '/v1/AUTH_test/box/target')
  t.match(await ask('GET', '/box/link', { headers: { Range: 'bytes=1-2' } }), { status: 206, body: 'el' })
  t.equal((await ask('GET', '/box/link', { headers: { 'If-Match': ETAG_OF_HELLO } })).status, 200)
  t.equal((await ask('GET', '/box/link', { headers: { 'If-None-Match': ETAG_OF_HELLO } })).status, 304)
  const itself = await ask('HEAD', '/box/link?symlink=get')
  t.match(itself.headers, {
    'x-symlink-target': 'box/target',
    'content-length': '0',
    'content-type': 'application/symlink',
  })
  t.equal(itself.headers['content-location'], undefined)
})

t.test('a static link holds only while its target is what it was', async (t: Test) => {
  const { ask } = await boxWithTarget()
  t.equal((await link(ask, 'static', 'box/target', { 'X-Symlink-Target-Etag': 'f'.repeat(32) })).status, 409)
  t.equal((await link(ask, 'static', 'box/none', { 'X-Symlink-Target-Etag': ETAG_OF_HELLO })).status, 409)
  t.equal((await link(ask, 'static', 'box/target', { 'X-Symlink-Target-Etag': ETAG_OF_HELLO })).status, 201)
  t.equal((await ask('GET', '/box/static')).body, 'hello')
  const [row] = await rowsAt(ask, '/box?format=json')
  t.match(row, {
    name: 'static',
    hash: 'd41d8cd98f00b204e9800998ecf8427e',
    bytes: 0,
    symlink_path: '/v1/AUTH_test/box/target',
    symlink_etag: ETAG_OF_HELLO,
    symlink_bytes: 5,
  })
  await ask('PUT', '/box/target', { body: 'other' })
  t.equal((await ask('GET', '/box/static')).status, 409)
})

t.test('a chain has at most two links, and never ends in itself', async (t: Test) => {
  const { ask } = await boxWithTarget()
  await link(ask, 'one', 'box/target')
  await link(ask, 'two', 'box/one')
  await link(ask, 'three', 'box/two')
  t.equal((await ask('GET', '/box/two')).body, 'hello')
  const tooLong = await ask('GET', '/box/three')
  t.match(tooLong, { status: 409, body: 'Too many levels of symbolic links, maximum allowed is 2' })
  t.equal((await link(ask, 'self', 'box/self')).status, 400)
  await link(ask, 'left', 'box/right')
  await link(ask, 'right', 'box/left')
  t.equal((await ask('GET', '/box/left')).status, 409)
})

t.test('a link that leads nowhere says where', async (t: Test) => {
  const { ask } = await boxWithTarget()
  await link(ask, 'dangling', 'box/none')
  const read = await ask('GET', '/box/dangling')
  t.equal(read.status, 404)
  t.equal(read.headers['content-location'], '/v1/AUTH_test/box/none')
  t.equal((await ask('DELETE', '/box/dangling')).status, 204)
  t.equal((await ask('GET', '/box/dangling?symlink=get')).status, 404)
})

t.test('a link gives nobody what its target would not', async (t: Test) => {
  const { ask, askAsOther } = await boxWithTarget()
  await ask('PUT', '/open', { headers: { 'X-Container-Read': '*:*,.r:*' } })
  await ask('PUT', '/open/link', { headers: { 'X-Symlink-Target': 'box/target' } })
  t.equal((await ask('GET', '/open/link')).body, 'hello')
  t.equal((await askAsOther('GET', '/v1/AUTH_test/open/link')).status, 403)
  const hidden = { 'X-Symlink-Target': '%00versions%00box/%00target%009999999999.99999' }
  t.equal((await ask('PUT', '/box/in', { headers: hidden })).status, 201)
  t.equal((await ask('GET', '/box/in')).status, 412, "the cluster's own namespace cannot be linked to")
})

t.test('a POST changes the link, and says where the target is', async (t: Test) => {
  const { ask } = await boxWithTarget()
  await link(ask, 'link', 'box/target')
  const posted = await ask('POST', '/box/link', { headers: { 'X-Object-Meta-Colour': 'red' } })
  t.equal(posted.status, 307)
  t.equal(posted.headers['location'], '/v1/AUTH_test/box/target')
  t.equal((await ask('HEAD', '/box/link')).headers['x-object-meta-colour'], 'grey')
  t.equal((await ask('HEAD', '/box/link?symlink=get')).headers['x-object-meta-colour'], 'red')
  t.equal((await ask('GET', '/box/link')).body, 'hello', 'it still is a link')
})

t.test('links with a body, a bad target or by POST are refused', async (t: Test) => {
  const { ask } = await boxWithTarget()
  const headers = { 'X-Symlink-Target': 'box/target' }
  t.equal((await ask('PUT', '/box/link', { body: 'x', headers })).status, 400)
  for (const target of ['box', '/box/target', 'box/', ''])
    t.equal((await link(ask, 'link', target)).status, 412)
  t.equal((await ask('POST', '/box/target', { headers })).status, 400)
  t.equal((await ask('GET', '/box/link')).status, 404)
})
