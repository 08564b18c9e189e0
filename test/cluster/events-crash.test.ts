/**
 * Goal: what was acknowledged is told to its webhook at least once, whoever dies on the way. Method: the proxy that writes,
 * and then the notifier that delivers, die before each of their steps in turn.
 */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody } from '#http/message.ts'
import { createNotifier } from '#notifier/notifier.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { Store } from '#store/contract.ts'
import { withFeatures } from '#store/features.ts'
import { EventQueue, eventShards } from '#store/notifications/event-queue.ts'
import type { ContainerName } from '#store/operation.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { CONTAINER, makeContainer, named } from './actions.ts'
import { asDeath, DyingProcess } from './dying-store.ts'
import { MemoryCluster } from './memory-cluster.ts'

const HOOK = 'arn:martlet:webhook:::https://hook.example/x'
const HOW = { pace: 'full', signal: new AbortController().signal } as const
/** More than any operation here takes. */
const STEPS_MAX = 40

class Events {
  readonly cluster: MemoryCluster
  /** Keys of the objects that the webhook was told of, as often as it was. */
  readonly told: string[] = []

  constructor(cluster: MemoryCluster) {
    this.cluster = cluster
  }

  /** The store of a proxy that stands on another one. */
  proxy(core: Store): Store {
    const { timestamps } = this.cluster
    const records = new ClusterRecords({ store: this.cluster.store, clock: realClock })
    const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
    const environment = { clock: realClock, random: new SeededRandom(7) }
    const events = { queue: new EventQueue(core, timestamps), region: 'here' }
    return withFeatures(core, { environment, timestamps, bucketSettings, events })
  }

  async subscribe(): Promise<void> {
    await makeContainer(this.cluster)
    const { context, store } = this.cluster
    const records = new ClusterRecords({ store, clock: realClock })
    const settings = new BucketSettings(store.containers, records.of(BUCKET_SETTINGS))
    const target = { id: 'all', kind: 'topic', arn: HOOK, events: ['s3:ObjectCreated:*'] } as const
    const changed = await settings.change(context, CONTAINER, () => ({
      kind: 'documents',
      documents: { notification: { targets: [target] } },
    }))
    if (changed.kind !== 'changed') throw new Error(changed.kind)
  }

  put(store: Store, object: string): Promise<{ readonly kind: string }> {
    return store.objects.put(this.cluster.context, named(object), {
      body: bufferBody(Buffer.from('x')),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: 10,
    })
  }

  /** One pass of a notifier whose process is this one; `true` when it came to its end. */
  async deliver(process: DyingProcess): Promise<void> {
    const { context, store, timestamps } = this.cluster
    const queue = new EventQueue(process.store(store), timestamps)
    const notifier = createNotifier({
      clock: realClock,
      log: silentLogger,
      intervalMs: 1000,
      send: ({ message }) =>
        process.step(async () => {
          this.told.push(...keysIn(message))
          return true
        }),
      queue: {
        shards: eventShards(),
        page: (shard, after, limit) => this.#page(shard, after, limit),
        sharing: async () => ({ own: 0, replicas: 1, away: new Set() }),
        read: (name) => queue.read(context, name),
        remove: (name) => queue.remove(context, name),
      },
    })
    await notifier.runOnce(HOW).catch(asDeath)
  }

  async #page(shard: ContainerName, marker: string, limit: number): Promise<readonly string[]> {
    const { context, store } = this.cluster
    const read = await store.containers.read(context, shard, { listing: { marker, limit, reverse: false } })
    const rows = read.kind === 'found' ? (read.page?.entries() ?? []) : []
    return rows.flatMap((row) => (row.kind === 'object' ? [row.name] : []))
  }
}

interface Message {
  readonly Records: readonly { readonly s3: { readonly object: { readonly key: string } } }[]
}

function keysIn(message: string): readonly string[] {
  const { Records } = JSON.parse(message) as Message
  return Records.map(({ s3 }) => s3.object.key)
}

async function start(t: Test): Promise<Events> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  const events = new Events(cluster)
  await events.subscribe()
  return events
}

/** The outcome, or `died`. */
async function outcomeOf(work: Promise<{ readonly kind: string }>): Promise<string> {
  return (await work.catch(asDeath)).kind
}

await t.test(
  'a write that was acknowledged is told of, at whatever step its proxy might have died',
  async (t) => {
    const events = await start(t)
    const acknowledged: string[] = []
    for (let step = 1; step <= STEPS_MAX; step += 1) {
      const process = new DyingProcess(step)
      const object = `o${step}`
      const outcome = await outcomeOf(events.put(events.proxy(process.store(events.cluster.store)), object))
      if (outcome === 'created') acknowledged.push(object)
      else t.equal(outcome, 'died')
      if (!process.isDead) break
    }
    t.ok(acknowledged.length > 0 && acknowledged.length < STEPS_MAX)
    await events.deliver(new DyingProcess(Number.POSITIVE_INFINITY))
    for (const object of acknowledged) t.ok(events.told.includes(object), `${object} was told of`)
  },
)

await t.test('a notifier that dies before any step loses no event', async (t) => {
  const events = await start(t)
  const store = events.proxy(events.cluster.store)
  const objects = ['a', 'b', 'c']
  for (const object of objects) t.equal(await outcomeOf(events.put(store, object)), 'created')
  for (let step = 1; ; step += 1) {
    const process = new DyingProcess(step)
    await events.deliver(process)
    if (!process.isDead) break
    t.ok(step < STEPS_MAX)
  }
  for (const object of objects) t.ok(events.told.includes(object), `${object} was told of`)
  const told = events.told.length
  await events.deliver(new DyingProcess(Number.POSITIVE_INFINITY))
  t.equal(events.told.length, told, 'and the queue is empty')
})
