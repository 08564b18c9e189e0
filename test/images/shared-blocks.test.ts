/**
 * Goal: images that have blocks in common share them, and no block goes while an image has it, nor stays when none does.
 * Method: a cluster in memory with small blocks; uploads and deletes are cut off before every one of their steps, and others go
 * on beside them; then another proxy sweeps, a month later, and all that is stored is held against what the images have.
 */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { BLOCK_RECORDS } from '#images/blocks/block-record.ts'
import { BLOCK_CONTAINER } from '#images/blocks/shared-blocks.ts'
import { sweep } from '#images/data/sweeper.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  streamed,
  type TestImages,
  uploadBytes,
} from '#images/testing/test-images.ts'
import type { Store } from '#store/contract.ts'
import { allKeys } from '#store/records/all-records.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { DIED, dyingAt } from '#test/cluster/dying-store.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'
import { CONTEXT, LATER, namedKeys, proxyOver, storedKeys } from './survivors.ts'

t.setTimeout(600_000)

const UNIT = 1000
const STEPS_MAX = 80
const BLOCKS_MAX = 8
const SHARING = {
  options: { sharesBlocks: 'shared' },
  deps: {
    blockRules: {
      lengths: {
        unitBytes: UNIT,
        unitsOfBlock: 4,
        leastBytes: 2 * UNIT,
        mostBytes: 8 * UNIT,
        zeroRunBytes: 3 * UNIT,
      },
      blocksMax: BLOCKS_MAX,
    },
  },
} as const

function bytesFrom(seed: number, lengthBytes: number): Buffer {
  return Buffer.from(new SeededRandom(seed).bytes(lengthBytes))
}

/** A disk, and what became of it when somebody worked with it. */
const BASE = Buffer.concat([bytesFrom(1, 8 * UNIT), Buffer.alloc(5 * UNIT), bytesFrom(2, 3 * UNIT)])
const SNAPSHOT = Buffer.concat([BASE.subarray(0, 13 * UNIT), bytesFrom(3, UNIT), BASE.subarray(14 * UNIT)])

async function start(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  return cluster
}

function sharing(store: Store): TestImages {
  return proxyOver(store, realClock, store, SHARING)
}

function chunksOf(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / 700) }, (_, at) =>
    Buffer.from(bytes.subarray(at * 700, (at + 1) * 700)),
  )
}

async function imageOf(ask: AskImages, bytes: Buffer): Promise<string> {
  const id = await createImage(ask)
  const { status } = await uploadBytes(ask, id, streamed(chunksOf(bytes)))
  if (status !== 204) throw new Error(`not uploaded: ${status}`)
  return id
}

async function storedBlocks({
  store,
}: MemoryCluster): Promise<readonly { readonly name: string; readonly sizeBytes: number }[]> {
  const listing = { limit: 10_000, reverse: false }
  const read = await store.containers.read(CONTEXT, BLOCK_CONTAINER, { listing })
  if (read.kind !== 'found') return []
  return (read.page?.entries() ?? []).flatMap((entry) => (entry.kind === 'object' ? [entry] : []))
}

async function blockRecords({ store }: MemoryCluster): Promise<readonly string[]> {
  const keys = await allKeys(new ClusterRecords({ store, clock: realClock }).of(BLOCK_RECORDS), CONTEXT)
  if ('kind' in keys) throw new Error(keys.reason)
  return keys
}

async function bytesOf(ask: AskImages, id: string): Promise<Buffer> {
  return (await ask('GET', `/v2/images/${id}/file`)).bytes
}

/** As another proxy does it a month later. */
async function sweepLater(cluster: MemoryCluster): Promise<TestImages> {
  const survivor = proxyOver(cluster.store, LATER, cluster.store, SHARING)
  await sweep(survivor.registry, CONTEXT, 'now')
  return survivor
}

/** Every block that is stored is one of an image's, and has one record. */
async function holdsOnlyWhatIsUsed(t: Test, cluster: MemoryCluster, images: TestImages): Promise<void> {
  const named = await namedKeys(images)
  t.same(await storedKeys(images), named, 'only what is named is stored')
  const used = new Set<string>()
  for (const key of named) {
    const map = await images.registry.cluster.map(CONTEXT, key)
    if (typeof map === 'string') continue
    for (const [, , where] of map.pieces) if (typeof where === 'object') used.add(where.block)
  }
  const stored = (await storedBlocks(cluster)).map(({ name }) => name)
  t.same(stored.toSorted(), [...used].toSorted(), 'only blocks of images are stored')
  t.same(
    (await blockRecords(cluster)).toSorted(),
    [...used].map((path) => path.slice(0, path.indexOf('/'))).toSorted(),
    'and each has a record',
  )
}

void t.test('what two images have in common is stored once, until the last of them goes', async (t) => {
  const cluster = await start(t)
  const ask = sharing(cluster.store).as(PEOPLE.tester)
  const base = await imageOf(ask, BASE)
  const alone = (await storedBlocks(cluster)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  t.equal(alone, BASE.length - 5 * UNIT, 'zeros are left out')
  const snapshot = await imageOf(ask, SNAPSHOT)
  const both = (await storedBlocks(cluster)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  t.ok(both - alone < BASE.length / 2, `${both - alone} bytes more`)
  const shown = (await ask('GET', `/v2/images/${snapshot}`)).json
  t.equal(shown['os_hash_value'], createHash('sha512').update(SNAPSHOT).digest('hex'))
  t.ok((await bytesOf(ask, snapshot)).equals(SNAPSHOT))
  const range = { headers: { Range: 'bytes=900-14500' } }
  const part = await ask('GET', `/v2/images/${snapshot}/file`, range)
  t.ok(part.bytes.equals(SNAPSHOT.subarray(900, 14_501)))
  await ask('DELETE', `/v2/images/${base}`)
  t.ok((await bytesOf(ask, snapshot)).equals(SNAPSHOT), 'the other image keeps them')
  await ask('DELETE', `/v2/images/${snapshot}`)
  t.same(await storedBlocks(cluster), [])
  t.same(await blockRecords(cluster), [])
})

void t.test('an image that is longer than its blocks may be is stored whole', async (t) => {
  const cluster = await start(t)
  const images = sharing(cluster.store)
  const ask = images.as(PEOPLE.tester)
  const long = bytesFrom(4, 60 * UNIT)
  const id = await imageOf(ask, long)
  t.ok((await bytesOf(ask, id)).equals(long))
  t.equal((await storedBlocks(cluster)).length, BLOCKS_MAX)
  await ask('DELETE', `/v2/images/${id}`)
  await holdsOnlyWhatIsUsed(t, cluster, images)
})

void t.test('blocks stay shared, and go, where nothing is shared any more', async (t) => {
  const cluster = await start(t)
  const id = await imageOf(sharing(cluster.store).as(PEOPLE.tester), BASE)
  const plain = proxyOver(cluster.store)
  const ask = plain.as(PEOPLE.tester)
  t.ok((await bytesOf(ask, id)).equals(BASE))
  const apart = await imageOf(ask, BASE)
  t.ok((await storedKeys(plain)).size === 2)
  await ask('DELETE', `/v2/images/${id}`)
  t.same(await storedBlocks(cluster), [])
  t.ok((await bytesOf(ask, apart)).equals(BASE))
})

interface Operation {
  readonly name: string
  readonly prepare: (ask: AskImages) => Promise<string>
  readonly run: (ask: AskImages, id: string) => Promise<{ readonly status: number }>
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'upload',
    prepare: (ask) => createImage(ask),
    run: (ask, id) => uploadBytes(ask, id, streamed(chunksOf(SNAPSHOT))),
  },
  {
    name: 'delete',
    prepare: (ask) => imageOf(ask, SNAPSHOT),
    run: (ask, id) => ask('DELETE', `/v2/images/${id}`),
  },
]

void t.test('whatever step of an operation a proxy dies at', async (t) => {
  const cluster = await start(t)
  const ask = sharing(cluster.store).as(PEOPLE.tester)
  const base = await imageOf(ask, BASE)
  for (const operation of OPERATIONS) {
    await t.test(operation.name, async (t) => {
      let step = 1
      for (let isWhole = false; !isWhole && step < STEPS_MAX; step += 1) {
        const id = await operation.prepare(ask)
        const dying = sharing(dyingAt(cluster.store, step)).as(PEOPLE.tester)
        isWhole = await operation.run(dying, id).then(
          ({ status }) => status < 300,
          (error: unknown) => {
            if (error !== DIED) throw error
            return false
          },
        )
        const survivor = await sweepLater(cluster)
        const { status, json } = await survivor.as(PEOPLE.tester)('GET', `/v2/images/${id}`)
        if (status === 200 && json['status'] === 'active') {
          t.ok((await bytesOf(ask, id)).equals(SNAPSHOT), `active, with its bytes (step ${step})`)
        }
        await holdsOnlyWhatIsUsed(t, cluster, survivor)
        t.ok((await bytesOf(ask, base)).equals(BASE), 'the other image has all its blocks')
        await ask('DELETE', `/v2/images/${id}`)
      }
      t.ok(step < STEPS_MAX, `it takes ${step} steps`)
    })
  }
})

void t.test('a last image that goes and a new one that comes at the same moment', async (t) => {
  const cluster = await start(t)
  const one = sharing(cluster.store).as(PEOPLE.tester)
  const other = sharing(await cluster.anotherProxy()).as(PEOPLE.tester)
  for (let round = 0; round < 5; round += 1) {
    const first = await imageOf(one, BASE)
    const second = await createImage(other)
    const third = await createImage(one)
    const [, uploaded, also] = await Promise.all([
      one('DELETE', `/v2/images/${first}`),
      uploadBytes(other, second, streamed(chunksOf(BASE))),
      uploadBytes(one, third, streamed(chunksOf(SNAPSHOT))),
    ])
    t.same([uploaded.status, also.status], [204, 204])
    t.ok((await bytesOf(one, second)).equals(BASE))
    t.ok((await bytesOf(other, third)).equals(SNAPSHOT))
    await Promise.all([one('DELETE', `/v2/images/${second}`), other('DELETE', `/v2/images/${third}`)])
  }
  await holdsOnlyWhatIsUsed(t, cluster, await sweepLater(cluster))
})

void t.test('an image that is deleted while it is uploaded leaves no block', async (t) => {
  const cluster = await start(t)
  const ask = sharing(cluster.store).as(PEOPLE.tester)
  for (const after of [1, 12]) {
    const id = await createImage(ask)
    const chunks = chunksOf(BASE)
    const deleted = async function* (): AsyncGenerator<Buffer> {
      for (const [at, chunk] of chunks.entries()) {
        if (at === after) await ask('DELETE', `/v2/images/${id}`)
        yield chunk
      }
    }
    const { status } = await uploadBytes(ask, id, { ...streamed([]), [Symbol.asyncIterator]: deleted })
    t.equal(status, 410)
    t.same(await storedBlocks(cluster), [])
    t.same(await blockRecords(cluster), [])
  }
})
