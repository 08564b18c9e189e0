/** Copies between the cluster and stores elsewhere: what is wrong is noticed, what is away is passed over, nothing is lost. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import type { Handler } from '#http/message.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import { sweep } from '#images/data/sweeper.ts'
import type { ImageRecord } from '#images/model/image-record.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  streamed,
  type TestImages,
  testImages,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { type AnotherCluster, anotherCluster, ENDPOINT } from './another-cluster.ts'
import { importing, settled } from './importing.ts'

const BYTES = randomBytes(300_000)

interface Site extends TestImages {
  readonly other: AnotherCluster
  readonly ask: AskImages
}

function site(): Site {
  const other = anotherCluster()
  const images = testImages({
    store: new MemoryStore({ clock: realClock }),
    deps: { otherStores: [other.swiftStore(), other.s3Store()] },
  })
  return { ...images, other, ask: images.as(PEOPLE.admin) }
}

async function imageIn(ask: AskImages, store: string): Promise<string> {
  const id = await createImage(ask)
  const headers = { 'Content-Type': 'application/octet-stream', 'X-Image-Meta-Store': store }
  await ask('PUT', `/v2/images/${id}/file`, { body: streamed([BYTES]), headers })
  return id
}

/** A server that gives other bytes than it was given. */
function rotten(handler: Handler): Handler {
  return async (request) => {
    const response = await handler(request)
    const isData = request.method === 'GET' && request.path.includes('/glance/')
    if (!isData || response.status !== 200) return response
    const bytes = Buffer.from(await readWhole(response.body, Number.MAX_SAFE_INTEGER))
    bytes[1000] = 255 - (bytes[1000] ?? 0)
    return { ...response, body: bufferBody(bytes) }
  }
}

void t.test('a copy that is not what the original was is none', async (t) => {
  const { ask, other, registry } = site()
  const id = await imageIn(ask, 'faraway')
  other.transport.register(ENDPOINT, rotten(other.handler))
  t.equal((await importing(ask, id, { name: 'copy-image' }, { stores: ['cluster', 'bucket'] })).status, 202)
  t.match(await settled(ask, id), { status: 'active', stores: 'faraway' })
  t.match((await ask('GET', `/v2/images/${id}/tasks`)).json['tasks'], [
    { status: 'failure', message: 'The copy is not what the original was.' },
  ])
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  t.same(await registry.cluster.list(context, ''), [])
})

void t.test('a store that is away is passed over where not all must succeed, and is named', async (t) => {
  const { ask, other } = site()
  const id = await createImage(ask)
  const headers = { 'Content-Type': 'application/octet-stream' }
  await ask('PUT', `/v2/images/${id}/stage`, { body: streamed([BYTES]), headers })
  other.transport.inject((_target, { path }) => (path.startsWith('/images') ? { kind: 'refuse' } : undefined))
  const stores = { stores: ['bucket', 'faraway', 'cluster'], all_stores_must_succeed: false }
  t.equal((await importing(ask, id, { name: 'glance-direct' }, stores)).status, 202)
  const shown = await settled(ask, id)
  t.match(shown, { status: 'active', stores: 'faraway,cluster', os_glance_failed_import: 'bucket' })
  const strict = await createImage(ask)
  await ask('PUT', `/v2/images/${strict}/stage`, { body: streamed([BYTES]), headers })
  await importing(ask, strict, { name: 'glance-direct' }, { stores: ['faraway', 'bucket'] })
  t.match(await settled(ask, strict), { status: 'queued' })
  t.equal((await other.objects('glance')).length, 1, 'what was brought is gone')
})

void t.test('an upload to a store that is away is 503, and can be tried again', async (t) => {
  const { ask, other } = site()
  const id = await createImage(ask)
  const upload = (): ReturnType<AskImages> =>
    ask('PUT', `/v2/images/${id}/file`, {
      body: streamed([BYTES]),
      headers: { 'Content-Type': 'application/octet-stream', 'X-Image-Meta-Store': 'bucket' },
    })
  other.transport.inject(() => ({ kind: 'refuse' }))
  t.equal((await upload()).status, 503)
  t.match((await ask('GET', `/v2/images/${id}`)).json, { status: 'queued' })
  other.transport.inject(() => undefined)
  t.equal((await upload()).status, 204)
})

void t.test('a download that breaks goes on from another place of the image', async (t) => {
  const { ask, other } = site()
  const id = await imageIn(ask, 'faraway')
  await importing(ask, id, { name: 'copy-image' }, { stores: ['bucket'] })
  t.match(await settled(ask, id), { stores: 'faraway,bucket' })
  let isBroken = false
  other.transport.inject((_target, { method, path }) => {
    if (method !== 'GET' || !path.includes('/glance/')) return undefined
    if (isBroken) return { kind: 'refuse' }
    isBroken = true
    return { kind: 'drop_body', afterBytes: 100_000 }
  })
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(BYTES))
  t.ok(isBroken)
})

void t.test('what a store that is away still holds is remembered until it is gone', async (t) => {
  const { ask, other, registry } = site()
  const id = await imageIn(ask, 'faraway')
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  other.transport.inject(() => ({ kind: 'refuse' }))
  t.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204)
  t.equal((await ask('GET', `/v2/images/${id}`)).status, 404)
  t.equal((await sweep(registry, context)).leftBytes, 1)
  other.transport.inject(() => undefined)
  t.equal((await other.objects('glance')).length, 2, 'it is there still')
  t.equal((await sweep(registry, context)).leftBytes, 0)
  t.same(await other.objects('glance'), [])
  const record = (await registry.records.find(context, id)) as ImageRecord
  t.notOk('leaving' in record)
})
