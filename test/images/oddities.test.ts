/** What the documentation says of every request: ids, versions in headers, forms of refusals, verbs that are not there. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { bufferBody } from '#http/message.ts'
import { type AskImages, createImage, PEOPLE, testImages, uploadBytes } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

function ask(): AskImages {
  return testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)
}

void t.test('every answer has the id of its request, the client’s own where it has one', async (t) => {
  const user = ask()
  const idOf = async (headers: Record<string, string>): Promise<string | undefined> =>
    (await user('GET', '/v2/images', { headers })).headers['x-openstack-request-id']
  t.match(await idOf({}), /^req-./)
  t.equal(await idOf({ 'X-Openstack-Request-Id': 'req-mine' }), 'req-mine')
  t.equal(await idOf({ 'X-Openstack-Request-Id': 'mine' }), 'req-mine')
  const long = await user('GET', '/v2/images', { headers: { 'X-Openstack-Request-Id': 'x'.repeat(65) } })
  t.equal(long.status, 431)
})

void t.test('the version may be chosen by a header', async (t) => {
  const user = ask()
  t.equal((await user('GET', '/images')).status, 300)
  const headers = { Accept: 'application/vnd.openstack.images-v2.7' }
  t.match((await user('GET', '/images', { headers })).json, { images: [], schema: '/v2/schemas/images' })
  t.equal((await user('GET', '/v2/images', { headers })).status, 200)
})

void t.test('versions are told to everybody', async (t) => {
  const { as } = testImages({ store: new MemoryStore({ clock: realClock }) })
  const nobody = as(undefined)
  for (const [path, status] of [
    ['/', 300],
    ['', 300],
    ['/v9/images', 300],
    ['/versions', 200],
    ['/versions/more', 200],
  ] as const) {
    const answer = await nobody('GET', path)
    t.equal(answer.status, status, path)
    const [first] = answer.json['versions'] as { links: unknown }[]
    t.same(first?.links, [{ rel: 'self', href: 'http://images.example/image/v2/' }])
  }
  t.equal((await nobody('GET', '/healthcheck')).status, 200)
  const refused = await nobody('GET', '/v2/images')
  t.equal(refused.status, 401)
  t.match(refused.headers['www-authenticate'], /^Keystone uri="/)
  t.equal((await ask()('GET', '/v2.9/images')).status, 200)
})

void t.test('refusals are a page, JSON or text, as the client likes', async (t) => {
  const user = ask()
  const path = '/v2/images/00000000-0000-4000-8000-000000000000'
  const refused = (accept: string) => user('GET', path, { headers: { Accept: accept } })
  t.match((await refused('*/*')).bytes.toString(), /<h1>404 Not Found<\/h1>/)
  t.match((await refused('application/json')).json, { code: '404 Not Found', title: 'Not Found' })
  t.match((await refused('text/plain')).bytes.toString(), /^404 Not Found\n\nNo image/)
})

void t.test('verbs that a path has not are refused with those that it has', async (t) => {
  const user = ask()
  for (const [method, path, allow] of [
    ['PUT', '/v2/images', 'GET, POST'],
    ['HEAD', '/v2/images', 'GET, POST'],
    ['POST', '/v2/images/x', 'GET, PATCH, DELETE'],
    ['GET', '/v2/images/x/import', 'POST'],
    ['GET', '/v2/images/x/stage', 'PUT'],
    ['DELETE', '/v2/tasks/x', 'GET'],
    ['PUT', '/v2/info/stores', 'GET'],
  ] as const) {
    const refused = await user(method, path)
    t.equal(refused.status, 405, `${method} ${path}`)
    t.equal(refused.headers['allow'], allow)
  }
})

void t.test('a place may be given with the hash of any algorithm that is known', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const { as, registry } = testImages({ store })
  const user = as(PEOPLE.tester)
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  const bytes = randomBytes(1000)
  const container = { account: 'AUTH_test', container: 'c' }
  await store.containers.put(context, container, { changes: {}, policyIndex: undefined })
  const object = { body: bufferBody(bytes), contentType: 'x/y', expectedEtag: undefined, metadata: {} }
  await store.objects.put(context, { ...container, object: 'o' }, { ...object, limitBytes: 10_000 })
  const locate = async (algorithm: string, value: string): Promise<[number, unknown]> => {
    const id = await createImage(user)
    const data = { os_hash_algo: algorithm, os_hash_value: value }
    const body = { url: 'swift://AUTH_test/c/o', validation_data: data }
    const { status } = await user('POST', `/v2/images/${id}/locations`, { body })
    for (let tries = 0; status === 202 && tries < 500; tries += 1) {
      const { json } = await user('GET', `/v2/images/${id}`)
      if (json['status'] !== 'saving') return [status, json['status']]
      await realClock.sleep(2)
    }
    return [status, undefined]
  }
  for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512']) {
    const right = createHash(algorithm).update(bytes).digest('hex')
    t.same(await locate(algorithm, right), [202, 'active'], algorithm)
    t.same(await locate(algorithm, '0'.repeat(right.length)), [202, 'queued'], algorithm)
    t.same(await locate(algorithm, right.slice(1)), [400, undefined], algorithm)
  }
  t.same(await locate('crc32', '00000000'), [400, undefined])
})

void t.test('a download chooses its store where there are several', async (t) => {
  const user = ask()
  const id = await createImage(user)
  await uploadBytes(user, id, Buffer.from('x'))
  t.equal((await user('GET', `/v2/images/${id}/file?prefer=cluster`)).status, 400)
})

void t.test('numbers that no database holds are refused, and bodies where none is expected', async (t) => {
  const user = ask()
  const body = { min_ram: 99_999_999_999 }
  t.equal((await user('POST', '/v2/images', { body })).status, 400)
  const id = await createImage(user)
  const headers = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }
  const patch = [{ op: 'replace', path: '/min_disk', value: 99_999_999_999 }]
  t.equal((await user('PATCH', `/v2/images/${id}`, { headers, body: patch })).status, 400)
  await uploadBytes(user, id, Buffer.from('bytes'))
  const deactivate = `/v2/images/${id}/actions/deactivate`
  t.equal((await user('POST', deactivate, { body: { x: 1 } })).status, 400)
  t.equal((await user('POST', deactivate)).status, 204)
  const status = { body: { status: 'accepted' } }
  t.equal((await user('PUT', `/v2/images/${id}/members/none`, status)).status, 404)
})
