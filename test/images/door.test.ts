/** The life of an image through the door, over the store in memory: made, filled, found, fetched, changed, deleted. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  streamed,
  testImages,
  uploadBytes,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

function images(): ReturnType<typeof testImages> {
  return testImages({ store: new MemoryStore({ clock: realClock }) })
}

const CUTTING = { pieceBytes: 100_000, zeroRunBytes: 64 * 1024, piecesMax: 100 }

void t.test('an image is made, filled, fetched and deleted', async (t) => {
  const { as } = images()
  const ask = as(PEOPLE.tester)
  const made = await ask('POST', '/v2/images', {
    body: { name: 'one', disk_format: 'raw', container_format: 'bare', colour: 'red', tags: ['a', 'b'] },
  })
  t.equal(made.status, 201)
  const id = String(made.json['id'])
  t.equal(made.headers['location'], `http://images.example/image/v2/images/${id}`)
  t.match(made.json, { status: 'queued', visibility: 'shared', owner: 'test', colour: 'red', size: null })
  const bytes = randomBytes(300_000)
  t.equal((await uploadBytes(ask, id, bytes)).status, 204)
  const shown = await ask('GET', `/v2/images/${id}`)
  t.match(shown.json, {
    status: 'active',
    size: bytes.length,
    virtual_size: bytes.length,
    checksum: createHash('md5').update(bytes).digest('hex'),
    os_hash_algo: 'sha512',
    os_hash_value: createHash('sha512').update(bytes).digest('hex'),
  })
  const fetched = await ask('GET', `/v2/images/${id}/file`)
  t.equal(fetched.status, 200)
  t.ok(fetched.bytes.equals(bytes))
  t.equal(fetched.headers['content-md5'], shown.json['checksum'])
  const part = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=10-19' } })
  t.equal(part.status, 206)
  t.equal(part.headers['content-range'], `bytes 10-19/${bytes.length}`)
  t.ok(part.bytes.equals(bytes.subarray(10, 20)))
  t.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204)
  t.equal((await ask('GET', `/v2/images/${id}`)).status, 404)
  t.equal((await ask('POST', '/v2/images', { body: { id } })).status, 409, 'its id stays taken')
})

void t.test('an image in many pieces, with zeros that are not stored, comes back as it was', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const { as, registry } = testImages({ store, deps: { cutting: CUTTING } })
  const ask = as(PEOPLE.tester)
  const hole = Buffer.alloc(400_000)
  const chunks = [randomBytes(250_000), hole, randomBytes(70_000), Buffer.alloc(100), randomBytes(5), hole]
  const whole = Buffer.concat(chunks)
  const id = await createImage(ask)
  t.equal((await uploadBytes(ask, id, streamed(chunks))).status, 204)
  const fetched = await ask('GET', `/v2/images/${id}/file`)
  t.ok(fetched.bytes.equals(whole))
  const middle = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=240000-700000' } })
  t.ok(middle.bytes.equals(whole.subarray(240_000, 700_001)))
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  const stored = (await registry.cluster.list(context, id)) ?? []
  const bytes = stored
    .filter(({ name }) => !name.endsWith('/map'))
    .reduce((sum, one) => sum + one.sizeBytes, 0)
  t.ok(bytes < 330_000, `${bytes} of ${whole.length} bytes are stored`)
  await ask('DELETE', `/v2/images/${id}`)
  t.same(await registry.cluster.list(context, ''), [], 'nothing is left')
})

void t.test('an image may be empty', async (t) => {
  const ask = images().as(PEOPLE.tester)
  const id = await createImage(ask, { disk_format: 'qcow2' })
  t.equal((await uploadBytes(ask, id, Buffer.alloc(0))).status, 204)
  t.match((await ask('GET', `/v2/images/${id}`)).json, { status: 'active', size: 0 })
  t.equal((await ask('GET', `/v2/images/${id}/file`)).status, 200)
})

void t.test(
  'bytes are refused that are not what was declared, and the image can be tried again',
  async (t) => {
    const ask = images().as(PEOPLE.tester)
    const id = await createImage(ask, { disk_format: 'qcow2' })
    const refused = await uploadBytes(ask, id, randomBytes(2000))
    t.equal(refused.status, 415)
    t.match(refused.bytes.toString(), /declared qcow2, found raw/)
    t.match((await ask('GET', `/v2/images/${id}`)).json, { status: 'queued', size: null })
    const withoutFormats = await ask('POST', '/v2/images', { body: {} })
    const bare = await uploadBytes(ask, String(withoutFormats.json['id']), randomBytes(10))
    t.equal(bare.status, 400)
    t.match(bare.bytes.toString(), /disk_format, container_format must be set prior/)
  },
)

void t.test('lists are filtered, sorted and paged', async (t) => {
  const { as } = images()
  const ask = as(PEOPLE.tester)
  const names = ['b', 'a', 'c', 'd']
  for (const name of names) await createImage(ask, { name, colour: name === 'a' ? 'red' : 'blue' })
  const namesOf = (json: Record<string, unknown>): unknown =>
    (json['images'] as { name: string }[]).map(({ name }) => name)
  const first = await ask('GET', '/v2/images?limit=2&sort_key=name&sort_dir=asc')
  t.same(namesOf(first.json), ['a', 'b'])
  const second = await ask('GET', String(first.json['next']))
  t.same(namesOf(second.json), ['c', 'd'])
  t.equal(second.json['first'], '/v2/images?limit=2&sort_key=name&sort_dir=asc')
  t.same(namesOf((await ask('GET', '/v2/images?colour=red')).json), ['a'])
  t.same(namesOf((await ask('GET', '/v2/images?name=in:a,d&sort=name:desc')).json), ['d', 'a'])
  t.same(namesOf((await as(PEOPLE.tester2)('GET', '/v2/images')).json), [], 'others see none of them')
})

void t.test('an image is shared with a project, which decides whether it lists it', async (t) => {
  const { as } = images()
  const [owner, other] = [as(PEOPLE.tester), as(PEOPLE.tester2)]
  const id = await createImage(owner)
  t.equal((await other('GET', `/v2/images/${id}`)).status, 404)
  const added = await owner('POST', `/v2/images/${id}/members`, { body: { member: 'test2' } })
  t.equal(added.status, 200)
  t.match(added.json, { member_id: 'test2', image_id: id, status: 'pending' })
  t.equal((await other('GET', `/v2/images/${id}`)).status, 200)
  t.same((await other('GET', '/v2/images')).json['images'], [])
  const accept = { body: { status: 'accepted' } }
  t.equal((await owner('PUT', `/v2/images/${id}/members/test2`, accept)).status, 403)
  t.equal((await other('PUT', `/v2/images/${id}/members/test2`, accept)).status, 200)
  t.equal(((await other('GET', '/v2/images')).json['images'] as unknown[]).length, 1)
  t.equal((await other('DELETE', `/v2/images/${id}`)).status, 403)
  t.equal((await owner('DELETE', `/v2/images/${id}/members/test2`)).status, 204)
  t.equal((await other('GET', `/v2/images/${id}`)).status, 404)
})

void t.test('a patch changes everything or nothing', async (t) => {
  const ask = images().as(PEOPLE.tester)
  const id = await createImage(ask, { colour: 'red' })
  const patch = (body: unknown): ReturnType<typeof ask> =>
    ask('PATCH', `/v2/images/${id}`, {
      body,
      headers: { 'Content-Type': 'application/openstack-images-v2.1-json-patch' },
    })
  const changed = await patch([
    { op: 'replace', path: '/name', value: 'other' },
    { op: 'add', path: '/a~1b', value: 'slash' },
    { op: 'add', path: '/ramdisk_id', value: null },
    { op: 'remove', path: '/colour' },
  ])
  t.equal(changed.status, 200)
  t.match(changed.json, { name: 'other', 'a/b': 'slash', ramdisk_id: null })
  t.notOk('colour' in changed.json)
  const half = await patch([
    { op: 'replace', path: '/name', value: 'third' },
    { op: 'remove', path: '/colour' },
  ])
  t.equal(half.status, 409)
  t.equal((await ask('GET', `/v2/images/${id}`)).json['name'], 'other')
  t.equal((await patch([{ op: 'replace', path: '/visibility', value: 'public' }])).status, 403)
  t.equal((await patch([{ op: 'replace', path: '/size', value: 7 }])).status, 403)
  t.equal((await ask('PATCH', `/v2/images/${id}`, { body: [] })).status, 415)
})

void t.test('who comes without a token, or asks for what there is not, is told so', async (t) => {
  const { as } = images()
  const nobody = await as(undefined)('GET', '/v2/images')
  t.equal(nobody.status, 401)
  t.equal(nobody.headers['www-authenticate'], 'Keystone uri="http://images.example/identity/v3"')
  const ask = as(PEOPLE.tester)
  t.equal((await ask('GET', '')).status, 300)
  t.equal((await as(undefined)('GET', '/versions')).status, 200)
  t.equal((await ask('GET', '/v2/nothing')).status, 404)
  const wrongVerb = await ask('HEAD', '/v2/images')
  t.equal(wrongVerb.status, 405)
  t.equal(wrongVerb.headers['allow'], 'GET, POST')
  const missing = await ask('GET', '/v2/images/none', { headers: { accept: 'application/json' } })
  t.same(missing.json, { message: 'No image found with ID none', code: '404 Not Found', title: 'Not Found' })
})

void t.test('roles decide: readers read, members change, administrators publish', async (t) => {
  const { as } = images()
  const id = await createImage(as(PEOPLE.tester))
  t.equal((await as(PEOPLE.reader)('GET', `/v2/images/${id}`)).status, 200)
  t.equal((await as(PEOPLE.reader)('DELETE', `/v2/images/${id}`)).status, 403)
  t.equal((await as(PEOPLE.reader)('POST', '/v2/images', { body: {} })).status, 403)
  t.equal((await as(PEOPLE.tester)('POST', '/v2/images', { body: { visibility: 'public' } })).status, 403)
  t.equal((await as(PEOPLE.admin)('POST', '/v2/images', { body: { visibility: 'public' } })).status, 201)
  t.equal((await as(PEOPLE.tester)('POST', '/v2/images', { body: { owner: 'test2' } })).status, 403)
})

void t.test('a page of an origin that is allowed uploads from the browser', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const { as } = testImages({ store, options: { corsAllowOrigin: ['https://dashboard.example'] } })
  const preflight = (origin: string): ReturnType<AskImages> =>
    as(undefined)('OPTIONS', '/v2/images/x/file', {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'x-auth-token',
      },
    })
  const allowed = await preflight('https://dashboard.example')
  t.equal(allowed.status, 200)
  t.equal(allowed.headers['access-control-allow-origin'], 'https://dashboard.example')
  t.match(allowed.headers['access-control-allow-methods'], /PUT/)
  t.equal(allowed.headers['access-control-allow-headers'], 'x-auth-token')
  t.equal((await preflight('https://elsewhere.example')).status, 403)
  const answer = await as(PEOPLE.tester)('GET', '/v2/images', {
    headers: { Origin: 'https://dashboard.example' },
  })
  t.equal(answer.headers['access-control-allow-origin'], 'https://dashboard.example')
})
