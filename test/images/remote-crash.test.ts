/**
 * Goal: what is stored elsewhere is what records name, whoever dies when. Method: every operation that moves bytes to or from a store
 * elsewhere is cut off before every one of its steps, those of the cluster and those over the network; then another proxy
 * sweeps, much later, and looks.
 */
import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import type { Transport } from '#http/transport.ts'
import { sweep } from '#images/data/sweeper.ts'
import type { ImageRecord } from '#images/model/image-record.ts'
import {
  type AskImages,
  createImage,
  type Heard,
  PEOPLE,
  streamed,
  type TestImages,
  testImages,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { DIED, DyingProcess } from '#test/cluster/dying-store.ts'
import { type AnotherCluster, anotherCluster } from './another-cluster.ts'
import { storedKeys } from './survivors.ts'

const CONTEXT = { txId: 'tx-sweep', signal: undefined, log: silentLogger }
const BYTES = randomBytes(100_000)
const SEGMENT_BYTES = 40_000
const STEPS_MAX = 80
const OCTETS = { 'Content-Type': 'application/octet-stream' }
/** Longer than anything is waited for that nobody is at. */
const LATER_MS = 2 * 3_600_000

const later: Clock = {
  wallMs: () => realClock.wallMs() + LATER_MS,
  monotonicMs: () => realClock.monotonicMs(),
  setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
  sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
}

/** Somebody else, who sees what becomes of an operation whose process may be dead. */
interface Watching {
  readonly watch: AskImages
  readonly isDead: () => boolean
}

async function until({ isDead }: Watching, isOver: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000 && !isDead() && !(await isOver()); tries += 1) await realClock.sleep(1)
}

interface Operation {
  readonly name: string
  readonly prepare: (ask: AskImages, id: string) => Promise<unknown>
  readonly run: (ask: AskImages, id: string, watching: Watching) => Promise<{ readonly status: number }>
  /** What the image may be after the sweep. */
  readonly may: readonly string[]
}

function uploadTo(store: string): (ask: AskImages, id: string) => Promise<Heard> {
  return (ask, id) =>
    ask('PUT', `/v2/images/${id}/file`, {
      body: streamed([BYTES.subarray(0, 60_000), BYTES.subarray(60_000)]),
      headers: { ...OCTETS, 'X-Image-Meta-Store': store },
    })
}

const stage: Operation['prepare'] = (ask, id) =>
  ask('PUT', `/v2/images/${id}/stage`, { body: streamed([BYTES]), headers: OCTETS })

function importTo(method: string, stores: readonly string[], mustAll = true): Operation['run'] {
  return async (ask, id, watching) => {
    const body = { method: { name: method }, stores, all_stores_must_succeed: mustAll }
    const begun = await ask('POST', `/v2/images/${id}/import`, { body })
    await until(watching, async () => {
      const { json } = await watching.watch('GET', `/v2/images/${id}`)
      return !('os_glance_import_task' in json)
    })
    return begun
  }
}

const OPERATIONS: readonly Operation[] = [
  { name: 'upload to a Swift', prepare: async () => {}, run: uploadTo('faraway'), may: ['queued', 'active'] },
  { name: 'upload to an S3', prepare: async () => {}, run: uploadTo('bucket'), may: ['queued', 'active'] },
  {
    name: 'import into two stores elsewhere',
    prepare: stage,
    run: importTo('glance-direct', ['faraway', 'bucket']),
    may: ['queued', 'uploading', 'active'],
  },
  {
    name: 'copy to a store elsewhere',
    prepare: uploadTo('cluster'),
    run: importTo('copy-image', ['faraway', 'bucket'], false),
    may: ['active'],
  },
  {
    name: 'copy from one store elsewhere to another',
    prepare: uploadTo('faraway'),
    run: importTo('copy-image', ['bucket']),
    may: ['active'],
  },
  {
    name: 'caching',
    prepare: uploadTo('faraway'),
    run: async (ask, id, watching) => {
      const asked = await ask('PUT', `/v2/cache/${id}`)
      await until(
        watching,
        async () => (await watching.watch('GET', `/v2/cache/nodes/${id}`)).bytes.length > 2,
      )
      return asked
    },
    may: ['active'],
  },
  {
    name: 'deletion',
    prepare: uploadTo('faraway'),
    run: (ask, id) => ask('DELETE', `/v2/images/${id}`),
    may: ['active', 'gone'],
  },
  {
    name: 'deletion of one copy',
    prepare: async (ask, id) => {
      const watching = { watch: ask, isDead: () => false }
      await uploadTo('cluster')(ask, id)
      await importTo('copy-image', ['faraway'])(ask, id, watching)
    },
    run: (ask, id) => ask('DELETE', `/v2/stores/faraway/${id}`),
    may: ['active'],
  },
]

interface Cut {
  readonly store: MemoryStore
  readonly other: AnotherCluster
}

/** A proxy over the cluster and the stores elsewhere; it may be one that dies. */
function proxyOver({ store, other }: Cut, clock: Clock, dying?: DyingProcess): TestImages {
  const transport: Transport = {
    send: (...sent) => dying?.step(() => other.transport.send(...sent)) ?? other.transport.send(...sent),
    close: async () => {},
  }
  const network = { ...other.network, transport: () => transport }
  const how = { network, segmentBytes: SEGMENT_BYTES }
  return testImages({
    store: (dying?.store(store) ?? store) as MemoryStore,
    clock,
    options: { cache: { maxBytes: 1_000_000, stallMs: 1_000_000 } },
    deps: { otherStores: [other.swiftStore(other.first, how), other.s3Store(how)] },
  })
}

async function cutOff(operation: Operation, cut: Cut, id: string, step: number): Promise<boolean> {
  const process = new DyingProcess(step)
  try {
    const watching = { watch: proxyOver(cut, realClock).as(PEOPLE.admin), isDead: () => process.isDead }
    const { status } = await operation.run(proxyOver(cut, realClock, process).as(PEOPLE.admin), id, watching)
    return status < 300 && !process.isDead
  } catch (error) {
    if (error !== DIED) throw error
    return false
  }
}

async function look(t: Test, { may }: Operation, cut: Cut, id: string): Promise<void> {
  const survivor = proxyOver(cut, later)
  await sweep(survivor.registry, CONTEXT)
  const shown = await survivor.as(PEOPLE.admin)('GET', `/v2/images/${id}`)
  const status = shown.status === 404 ? 'gone' : String(shown.json['status'])
  t.ok(may.includes(status), `the image is ${status}`)
  const record = (await survivor.registry.records.find(CONTEXT, id)) as ImageRecord
  if (status === 'active') {
    t.equal(record.hashValue, createHash('sha512').update(BYTES).digest('hex'))
    for (const { store, key } of record.locations) {
      const read = await survivor.registry.stores.find(store)?.read(CONTEXT, key, undefined)
      const chunks: Buffer[] = []
      if (read?.kind === 'found') for await (const chunk of read.body) chunks.push(Buffer.from(chunk))
      t.ok(Buffer.concat(chunks).equals(BYTES), `the copy in ${store}`)
    }
  }
  await lookElsewhere(t, cut, record)
  const { locations, cached, staged } = record
  const named = [...locations, cached, staged].flatMap((one) => (one?.store === 'cluster' ? [one.key] : []))
  t.same([...(await storedKeys(survivor))], named, 'in the cluster')
}

/** Only what is named is stored. */
async function lookElsewhere(t: Test, { other }: Cut, { locations }: ImageRecord): Promise<void> {
  const segments = Math.ceil(BYTES.length / SEGMENT_BYTES)
  const expected = locations.flatMap(({ store, key }) => {
    if (store === 'bucket') return [`images/${key}`]
    const numbers = Array.from({ length: segments }, (_, at) => `${key}/${String(at + 1).padStart(8, '0')}`)
    // A copy knows beforehand how long it is, and is in segments all the same: it is longer than one.
    return store === 'faraway' ? [key, ...numbers] : []
  })
  t.same([...(await other.objects('glance')), ...(await other.objects('images'))], expected)
}

for (const operation of OPERATIONS) {
  void t.test(`whatever step a proxy dies at: ${operation.name}`, async (t) => {
    let step = 1
    for (; step <= STEPS_MAX; step += 1) {
      const cut: Cut = { store: new MemoryStore({ clock: realClock }), other: anotherCluster() }
      const ask = proxyOver(cut, realClock).as(PEOPLE.admin)
      const id = await createImage(ask)
      await operation.prepare(ask, id)
      const isWhole = await cutOff(operation, cut, id, step)
      await look(t, operation, cut, id)
      if (isWhole) break
    }
    t.ok(step > 3 && step < STEPS_MAX, `it takes ${step} steps`)
  })
}
