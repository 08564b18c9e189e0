/** Staging and imports: through another proxy, into several stores, from the web; and what is refused. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { ClusterStore } from '#images/data/cluster-store.ts'
import type { ImageStore } from '#images/data/image-store.ts'
import { giveUp } from '#images/data/upload.ts'
import { undoImport } from '#images/import/undo-import.ts'
import type { ImageRecord } from '#images/model/image-record.ts'
import { type AskImages, createImage, PEOPLE, testImages, uploadBytes } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import type { Store } from '#store/contract.ts'
import { importing, settled } from './importing.ts'

/** A second store: bytes in a map. */
function mapStore(
  id: string,
  kept = new Map<string, Buffer>(),
): ImageStore & { readonly kept: Map<string, Buffer> } {
  return {
    id,
    kept,
    description: 'in memory',
    type: 'file',
    access: 'writable',
    properties: {},
    async write(_context, key, source) {
      const chunks: Buffer[] = []
      for await (const chunk of source) chunks.push(Buffer.from(chunk))
      kept.set(key, Buffer.concat(chunks))
      return { sizeBytes: kept.get(key)?.length ?? 0 }
    },
    async read(_context, key, range) {
      const whole = kept.get(key)
      if (whole === undefined) return { kind: 'absent' }
      const part = range === undefined ? whole : whole.subarray(range.start, range.end)
      const body = {
        cancel: async () => {},
        async *[Symbol.asyncIterator]() {
          yield part
        },
      }
      return { kind: 'found', sizeBytes: whole.length, body }
    },
    remove: async (_context, key) => {
      kept.delete(key)
      return true
    },
  }
}

async function stage(ask: AskImages, id: string, bytes: Buffer): Promise<number> {
  const headers = { 'Content-Type': 'application/octet-stream' }
  return (await ask('PUT', `/v2/images/${id}/stage`, { body: bytes, headers })).status
}

const keysIn = async (store: Store): Promise<number> => {
  const { registry } = testImages({ store })
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  const objects = (await new ClusterStore(store).list(context, '')) ?? []
  return new Set(objects.map(({ name }) => name.split('/', 2).join('/'))).size
}

void t.test('what one proxy staged another imports, and no byte is moved', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const [one, other] = [1, 2].map(() => testImages({ store }).as(PEOPLE.tester)) as [AskImages, AskImages]
  const id = await createImage(one)
  const bytes = randomBytes(200_000)
  t.equal(await stage(one, id, bytes), 204)
  t.equal((await other('GET', `/v2/images/${id}`)).json['status'], 'uploading')
  t.equal((await importing(other, id, { name: 'glance-direct' })).status, 202)
  t.match(await settled(one, id), { status: 'active', size: bytes.length, os_glance_failed_import: '' })
  t.ok((await one('GET', `/v2/images/${id}/file`)).bytes.equals(bytes))
  t.equal(await keysIn(store), 1)
  const tasks = (await one('GET', `/v2/images/${id}/tasks`)).json['tasks'] as Record<string, unknown>[]
  t.match(tasks, [{ type: 'api_image_import', status: 'success', image_id: id }])
})

void t.test('an import goes to several stores, and a copy can be made later', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const [fast, slow] = [mapStore('fast'), mapStore('slow')]
  const { as } = testImages({ store, deps: { otherStores: [fast, slow] } })
  const ask = as(PEOPLE.admin)
  const id = await createImage(ask)
  const bytes = randomBytes(50_000)
  await stage(ask, id, bytes)
  t.equal((await importing(ask, id, { name: 'glance-direct' }, { stores: ['fast'] })).status, 202)
  t.match(await settled(ask, id), { status: 'active', stores: 'fast' })
  t.equal(await keysIn(store), 0, 'the staged bytes are gone')
  t.equal((await importing(ask, id, { name: 'copy-image' }, { stores: ['fast'] })).status, 400)
  t.equal((await importing(ask, id, { name: 'copy-image' }, { all_stores: true })).status, 202)
  t.match(await settled(ask, id), { status: 'active', stores: 'fast,cluster,slow' })
  t.ok(slow.kept.values().next().value?.equals(bytes))
  t.equal((await ask('DELETE', `/v2/stores/slow/${id}`)).status, 204)
  t.equal((await ask('GET', `/v2/images/${id}`)).json['stores'], 'fast,cluster')
  t.equal(slow.kept.size, 0)
})

void t.test('what is not ready is not imported', async (t) => {
  const ask = testImages({ store: new MemoryStore({ clock: realClock }) }).as(PEOPLE.tester)
  const id = await createImage(ask)
  t.equal((await importing(ask, id, { name: 'glance-direct' })).status, 409)
  t.equal((await importing(ask, id, { name: 'teleport' })).status, 400)
  t.equal((await importing(ask, id, { name: 'web-download' })).status, 400)
  t.equal((await importing(ask, id, { name: 'copy-image' })).status, 409)
  await uploadBytes(ask, id, randomBytes(10))
  t.equal((await importing(ask, id, { name: 'copy-image' })).status, 403)
  t.equal(await stage(ask, id, randomBytes(10)), 409)
})

function web(
  answers: Readonly<Record<string, { status?: number; body?: Buffer; location?: string }>>,
): OutsideFetch {
  return async ({ url, mayReach }) => {
    if (!mayReach('198.51.100.7') && !mayReach('93.184.216.34')) throw new Error('may not be reached')
    const { status = 200, body = Buffer.alloc(0), location } = answers[url.href] ?? { status: 404 }
    return {
      status,
      headers: { 'content-length': String(body.length), ...(location === undefined ? {} : { location }) },
      body: {
        cancel: async () => {},
        async *[Symbol.asyncIterator]() {
          yield body
        },
      },
    }
  }
}

void t.test('images come from the web, by a redirect too, and not from inside', async (t) => {
  const bytes = randomBytes(20_000)
  const fetch = web({
    'http://images.example/a.img': { status: 302, location: 'https://other.example/b.img' },
    'https://other.example/b.img': { body: bytes },
    'http://images.example/inside.img': { status: 302, location: 'http://127.0.0.1/secret' },
  })
  const ask = testImages({ store: new MemoryStore({ clock: realClock }), deps: { fetch } }).as(PEOPLE.tester)
  const good = await createImage(ask)
  const method = (uri: string): object => ({ name: 'web-download', uri })
  t.equal((await importing(ask, good, method('http://images.example/a.img'))).status, 202)
  t.match(await settled(ask, good), { status: 'active', size: bytes.length })
  const bad = await createImage(ask)
  t.equal((await importing(ask, bad, method('http://images.example/none.img'))).status, 202)
  t.match(await settled(ask, bad), { status: 'queued' })
  const tasks = (await ask('GET', `/v2/images/${bad}/tasks`)).json['tasks'] as Record<string, unknown>[]
  t.match(tasks, [{ status: 'failure', message: /answers 404/ }])
  t.equal((await importing(ask, bad, method('http://2130706433/'))).status, 400)
  t.equal((await importing(ask, bad, method('ftp://images.example/a'))).status, 400)
  t.equal((await importing(ask, bad, method('http://images.example:22/a'))).status, 400)
})

void t.test('what is an image by now is not taken back by who still thinks that it is not', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const { as, registry } = testImages({ store })
  const ask = as(PEOPLE.tester)
  const context = { txId: 'tx', signal: undefined, log: registry.log }
  const id = await createImage(ask)
  const bytes = randomBytes(1000)
  await uploadBytes(ask, id, bytes)
  const image = (await registry.records.find(context, id)) as ImageRecord
  const key = image.locations[0]?.key ?? ''
  await giveUp(registry, context, { id, key, store: registry.cluster })
  await undoImport(registry, context, { ...image, status: 'importing' }, { key, store: 'cluster' })
  t.equal((await ask('GET', `/v2/images/${id}`)).json['status'], 'active')
  t.ok((await ask('GET', `/v2/images/${id}/file`)).bytes.equals(bytes))
})
