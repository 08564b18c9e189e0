/** The cache of images that are kept elsewhere (OpenStack, "Cache Manage" in the Image service API v2). */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { sweep } from '#images/data/sweeper.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  streamed,
  type TestImages,
  testImages,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { type AnotherCluster, anotherCluster } from './another-cluster.ts'

const BYTES = randomBytes(90_000)
const CACHE = { maxBytes: 200_000, stallMs: 86_400_000 }

interface Site extends TestImages {
  readonly other: AnotherCluster
  readonly admin: AskImages
  readonly user: AskImages
}

function site(caching: 'on' | 'off' = 'on'): Site {
  const other = anotherCluster()
  const images = testImages({
    store: new MemoryStore({ clock: realClock }),
    options: { cache: caching === 'on' ? CACHE : undefined },
    deps: { otherStores: [other.swiftStore()] },
  })
  return { ...images, other, admin: images.as(PEOPLE.admin), user: images.as(PEOPLE.tester) }
}

async function imageIn(ask: AskImages, store: string): Promise<string> {
  const id = await createImage(ask)
  const headers = { 'Content-Type': 'application/octet-stream', 'X-Image-Meta-Store': store }
  const { status } = await ask('PUT', `/v2/images/${id}/file`, { body: streamed([BYTES]), headers })
  if (status !== 204) throw new Error(`not uploaded: ${status}`)
  return id
}

interface Listed {
  readonly cached: readonly Record<string, unknown>[]
  readonly queued: readonly string[]
}

async function listed({ admin }: Site): Promise<Listed> {
  const { json } = await admin('GET', '/v2/cache')
  return { cached: json['cached_images'] as Listed['cached'], queued: json['queued_images'] as string[] }
}

async function cached(at: Site, id: string): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const found = (await listed(at)).cached.find((one) => one['image_id'] === id)
    if (found !== undefined) return found
    await realClock.sleep(2)
  }
  throw new Error('the image was not cached')
}

async function bytesInCluster({ registry }: Site): Promise<number> {
  const objects = await registry.cluster.list({ txId: 'tx', signal: undefined, log: registry.log }, '')
  return (objects ?? [])
    .filter(({ name }) => !name.endsWith('/map'))
    .reduce((sum, one) => sum + one.sizeBytes, 0)
}

void t.test('where there is no cache its routes are not found, and the versions say so', async (t) => {
  const { admin, user } = site('off')
  for (const [method, path] of [
    ['GET', '/v2/cache'],
    ['DELETE', '/v2/cache'],
    ['PUT', '/v2/cache/x'],
    ['DELETE', '/v2/cache/x'],
    ['POST', '/v2/cache/clean'],
    ['POST', '/v2/cache/prune'],
  ] as const) {
    t.equal((await admin(method, path)).status, 404, path)
    t.equal((await user(method, path)).status, 403, path)
  }
  const versions = async (ask: AskImages): Promise<unknown> =>
    ((await ask('GET', '/versions')).json['versions'] as { id: string; status: string }[])
      .map(({ id, status }) => (status === 'CURRENT' ? `${id}!` : id))
      .slice(0, 8)
  t.same(await versions(admin), 'v2.15 v2.13 v2.12 v2.11 v2.10 v2.9 v2.8 v2.17!'.split(' '))
  t.same(await versions(site().admin), 'v2.18! v2.17 v2.16 v2.15 v2.14 v2.13 v2.12 v2.11'.split(' '))
})

void t.test(
  'an image is cached when an administrator asks for it, and then served without its store',
  async (t) => {
    const at = site()
    const { admin, user, other } = at
    const id = await imageIn(user, 'faraway')
    t.equal((await admin('PUT', `/v2/cache/${id}`)).status, 202)
    const before = Date.now() / 1000
    t.match(await cached(at, id), { hits: 0, last_accessed: 0, size: BYTES.length })
    t.equal((await admin('PUT', `/v2/cache/${id}`)).status, 202, 'twice does no harm')
    other.transport.inject(() => ({ kind: 'refuse' }))
    t.ok((await user('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
    const range = { headers: { range: 'bytes=5-9' } }
    t.ok((await user('GET', `/v2/images/${id}/file`, range)).bytes.equals(BYTES.subarray(5, 10)))
    const entry = await cached(at, id)
    t.equal(entry['hits'], 2)
    t.ok(Number(entry['last_accessed']) >= before - 1)
    t.equal(
      (await user('GET', `/v2/images/${id}/file?prefer=faraway`)).status,
      503,
      'a store that is asked for',
    )
    t.same((await admin('GET', `/v2/cache/nodes/${id}`)).json, ['http://images.example/image'])
    t.equal((await admin('DELETE', `/v2/cache/${id}`)).status, 204)
    t.same(await listed(at), { cached: [], queued: [] })
    t.equal(await bytesInCluster(at), 0)
    t.equal(
      (await user('GET', `/v2/images/${id}/file`)).status,
      503,
      'the image is not lost, its store is away',
    )
    other.transport.inject(() => undefined)
    t.ok((await user('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
  },
)

void t.test('what cannot be cached is told', async (t) => {
  const at = site()
  const { admin } = at
  const queued = await createImage(admin)
  t.equal((await admin('PUT', `/v2/cache/${queued}`)).status, 400)
  const nobody = '00000000-0000-4000-8000-000000000000'
  t.equal((await admin('PUT', `/v2/cache/${nobody}`)).status, 404)
  t.equal((await admin('DELETE', `/v2/cache/${nobody}`)).status, 404)
  t.equal((await admin('GET', `/v2/cache/nodes/${nobody}`)).status, 404)
  const headers = { 'x-image-cache-clear-target': 'all' }
  t.equal((await admin('DELETE', '/v2/cache', { headers })).status, 400)
})

void t.test(
  'a download caches what is elsewhere; what is in the cluster is cached without a copy',
  async (t) => {
    const at = site()
    const { admin, user } = at
    const [far, near] = [await imageIn(user, 'faraway'), await imageIn(user, 'cluster')]
    await user('GET', `/v2/images/${far}/file`)
    await cached(at, far)
    await user('GET', `/v2/images/${near}/file`)
    t.equal((await listed(at)).cached.length, 1)
    await admin('PUT', `/v2/cache/${near}`)
    await cached(at, near)
    t.equal(await bytesInCluster(at), 2 * BYTES.length)
    t.equal(
      (await admin('DELETE', '/v2/cache', { headers: { 'x-image-cache-clear-target': 'queue' } })).status,
      204,
    )
    t.equal((await listed(at)).cached.length, 2)
    t.equal((await admin('DELETE', '/v2/cache')).status, 204)
    t.equal((await listed(at)).cached.length, 0)
    t.equal(await bytesInCluster(at), BYTES.length, 'the image itself stays')
    t.ok((await user('GET', `/v2/images/${near}/file`)).bytes.equals(BYTES))
  },
)

void t.test('of too much, what was used longest ago goes', async (t) => {
  const at = site()
  const { admin, user } = at
  const ids: string[] = []
  for (let count = 0; count < 3; count += 1) ids.push(await imageIn(user, 'faraway'))
  const [first = '', second = '', third = ''] = ids
  for (const id of [first, second]) {
    await admin('PUT', `/v2/cache/${id}`)
    await cached(at, id)
  }
  await user('GET', `/v2/images/${first}/file`)
  await admin('PUT', `/v2/cache/${third}`)
  await cached(at, third)
  const isRight = async (): Promise<boolean> => {
    const { cached: left } = await listed(at)
    return left.length === 2 && !left.some((one) => one['image_id'] === second)
  }
  for (let tries = 0; tries < 500 && !(await isRight()); tries += 1) await realClock.sleep(2)
  t.ok(await isRight())
  const pruned = await admin('POST', '/v2/cache/prune')
  t.equal(pruned.status, 200)
  t.same(pruned.json, { total_files_pruned: 0, total_bytes_pruned: 0 })
  t.equal((await admin('POST', '/v2/cache/clean')).status, 200)
  t.equal((await listed(at)).cached.length, 2)
})

void t.test(
  'what could not be copied is asked for until it can, and a deleted image leaves the cache',
  async (t) => {
    const at = site()
    const { admin, user, other, registry } = at
    const id = await imageIn(user, 'faraway')
    other.transport.inject(() => ({ kind: 'refuse' }))
    t.equal((await admin('PUT', `/v2/cache/${id}`)).status, 202)
    t.same((await listed(at)).queued, [id])
    await realClock.sleep(20)
    other.transport.inject(() => undefined)
    const later = { ...realClock, wallMs: () => Date.now() + 3_600_000 }
    const waiting = { ...registry, environment: { ...registry.environment, clock: later } }
    await sweep(waiting, { txId: 'tx', signal: undefined, log: registry.log })
    await cached(at, id)
    await user('DELETE', `/v2/images/${id}`)
    t.same(await listed(at), { cached: [], queued: [] })
    t.equal(await bytesInCluster(at), 0)
  },
)
