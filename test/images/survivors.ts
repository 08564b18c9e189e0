/** Registries over one cluster, some of whose processes die, and what the others find a month later. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { ClusterStore } from '#images/data/cluster-store.ts'
import { sweep } from '#images/data/sweeper.ts'
import type { ImageRecord } from '#images/model/image-record.ts'
import {
  type AskImages,
  PEOPLE,
  type TestImages,
  type TestImagesOptions,
  testImages,
} from '#images/testing/test-images.ts'
import type { Store } from '#store/contract.ts'
import { withFeatures } from '#store/features.ts'
import { OBJECT_HOLDS, ObjectHolds } from '#store/object-holds/object-holds.ts'
import type { OperationContext } from '#store/operation.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { makeContainer } from '#test/cluster/actions.ts'
import { DIED, dyingAt } from '#test/cluster/dying-store.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'

const CUTTING = { pieceBytes: 30_000, zeroRunBytes: 20_000, piecesMax: 100 }
export const BYTES = Buffer.concat([randomBytes(50_000), Buffer.alloc(40_000), randomBytes(20_000)])
/** As a client sends them. */
export const CHUNKS = Array.from({ length: 11 }, (_, at) => BYTES.subarray(at * 10_000, (at + 1) * 10_000))
export const CONTEXT: OperationContext = { txId: 'tx-sweep', signal: undefined, log: silentLogger }
/** Longer than anything is kept that nobody is at. */
const LATER_MS = 31 * 24 * 3_600_000

export const LATER: Clock = {
  wallMs: () => realClock.wallMs() + LATER_MS,
  monotonicMs: () => realClock.monotonicMs(),
  setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
  sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
}

/** The registry of one process; `own` is the store as the cluster uses it for itself. */
export function proxyOver(
  store: Store,
  clock: Clock = realClock,
  own: Store = store,
  more: Pick<TestImagesOptions, 'options' | 'deps'> = {},
): TestImages {
  const records = new ClusterRecords({ store: own, clock })
  const deps = { cutting: CUTTING, ownStore: own, records, ...more.deps }
  return testImages({ store, clock, options: more.options ?? {}, deps })
}

/** Keys under which there are bytes. */
export async function storedKeys({ registry }: TestImages): Promise<ReadonlySet<string>> {
  const objects = await registry.cluster.list(CONTEXT, '')
  return new Set((objects ?? []).map(({ name }) => name.split('/', 2).join('/')))
}

/** Keys that records name. */
export async function namedKeys({ registry }: TestImages): Promise<ReadonlySet<string>> {
  const all = [...((await registry.records.all(CONTEXT)) as Iterable<ImageRecord>)]
  return new Set(
    all.flatMap(({ locations, staged, pending, cached, references = [] }) =>
      [...locations, ...references, staged, pending, cached].flatMap((one) =>
        one === undefined ? [] : [one.key],
      ),
    ),
  )
}

/** The store as doors have it, over one that a test may have tampered with. */
function layersOver(cluster: MemoryCluster, core: Store): Store {
  const records = new ClusterRecords({ store: core, clock: realClock })
  return withFeatures(core, {
    environment: { clock: realClock, random: new SeededRandom(7) },
    timestamps: cluster.timestamps,
    imageBytes: new ClusterStore(core, CUTTING),
    objectHolds: new ObjectHolds(records.of(OBJECT_HOLDS), core.containers),
    deferDeletes: cluster.store.deferDeletes,
  })
}

/** A cluster with a container, and a registry of it whose images and objects know each other. */
export interface Scene {
  readonly cluster: MemoryCluster
  readonly store: Store
  readonly context: MemoryCluster['context']
  readonly images: TestImages
  readonly holds: ObjectHolds
  readonly ask: AskImages
}

export async function startScene(t: Test): Promise<Scene> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  const store = layersOver(cluster, cluster.store)
  const images = proxyOver(store, realClock, cluster.store)
  const { holds } = images.registry
  return { cluster, store, context: cluster.context, images, holds, ask: images.as(PEOPLE.tester) }
}

/** As another proxy does it a month later. */
export async function sweepLater({ cluster }: Pick<Scene, 'cluster'>): Promise<TestImages> {
  const survivor = proxyOver(layersOver(cluster, cluster.store), LATER, cluster.store)
  await sweep(survivor.registry, CONTEXT)
  return survivor
}

/** An operation of a process that dies before a step; the status of its answer, if there is one. */
export async function untilDeath(
  cluster: MemoryCluster,
  step: number,
  run: (ask: AskImages, images: TestImages) => Promise<{ readonly status: number }>,
): Promise<number | undefined> {
  const core = dyingAt(cluster.store, step)
  const dying = proxyOver(layersOver(cluster, core), realClock, core)
  try {
    return (await run(dying.as(PEOPLE.tester), dying)).status
  } catch (error) {
    if (error !== DIED) throw error
    return undefined
  }
}
