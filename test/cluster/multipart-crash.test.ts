/**
 * Goal: a proxy that dies in the middle of a multipart operation loses nothing that was acknowledged and leaves nothing behind.
 * Method: every operation is cut off before every one of its steps, the one that does not come included. Then:
 *
 * - the object is the one of before or the one of after, whole;
 * - the same operation, asked for again, comes to its end;
 * - once all uploads are aborted, the object is deleted and the checks that were left for later are made, no part is left.
 */
import t, { type Test } from 'tap'
import type { Clock } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import type { DeferPartsCheck } from '#store/deferred-checks.ts'
import { uploadIn } from '#store/multipart/upload-names.ts'
import { CONTAINER } from './actions.ts'
import { asDeath, DyingProcess } from './dying-store.ts'
import { pass } from './expirers.ts'
import { idOf, Kept } from './kept-objects.ts'
import { MemoryCluster } from './memory-cluster.ts'
import { type SentPart, Uploads } from './uploads.ts'

/** An upload with two parts, and one more that is not named when it is completed. */
interface Prepared {
  readonly uploadId: string
  readonly parts: readonly SentPart[]
}

interface Operation {
  readonly name: string
  readonly container?: Readonly<Record<string, string>>
  readonly prepare?: (uploads: Uploads) => Promise<unknown>
  readonly run: (uploads: Uploads, prepared: Prepared) => Promise<unknown>
  /** What the object may be afterwards, and after the operation was asked for again. */
  readonly after: readonly string[]
  readonly again: string
}

const GONE = '<no_such_object>'
const VERSIONS = { 'x-versions-enabled': 'true' }

const OPERATIONS: readonly Operation[] = [
  {
    name: 'begin',
    run: (uploads) => uploads.begin('o'),
    after: [GONE],
    again: GONE,
  },
  {
    name: 'a part',
    run: (uploads, { uploadId }) => uploads.part('o', uploadId, 1, 'ONE'),
    after: [GONE],
    again: GONE,
  },
  {
    name: 'completion',
    run: (uploads, { uploadId, parts }) => uploads.complete('o', uploadId, parts),
    after: [GONE, 'onetwo'],
    again: 'onetwo',
  },
  {
    name: 'completion over an object made of parts',
    prepare: (uploads) => uploads.made('o', ['be', 'fore']),
    run: (uploads, { uploadId, parts }) => uploads.complete('o', uploadId, parts),
    after: ['before', 'onetwo'],
    again: 'onetwo',
  },
  {
    name: 'completion where versions are kept',
    container: VERSIONS,
    prepare: (uploads) => uploads.made('o', ['be', 'fore']),
    run: (uploads, { uploadId, parts }) => uploads.complete('o', uploadId, parts),
    after: ['before', 'onetwo'],
    again: 'onetwo',
  },
  {
    name: 'abort',
    run: (uploads, { uploadId }) => uploads.abort('o', uploadId),
    after: [GONE],
    again: GONE,
  },
  {
    name: 'PUT over an object made of parts',
    prepare: (uploads) => uploads.made('o', ['be', 'fore']),
    run: (uploads) => uploads.put('o', 'plain'),
    after: ['before', 'plain'],
    again: 'plain',
  },
  {
    name: 'DELETE of an object made of parts',
    prepare: (uploads) => uploads.made('o', ['be', 'fore']),
    run: (uploads) => uploads.delete('o'),
    after: ['before', GONE],
    again: GONE,
  },
]

for (const operation of OPERATIONS) {
  await t.test(`a proxy dies over: ${operation.name}`, async (t) => {
    const cluster = await startCluster(t)
    const uploads = new Uploads(cluster)
    // A process that died while it completed an upload is waited for, until it is dead for all that is known.
    const afterwards = new Uploads(cluster, { clock: clockAfter(130), seed: 1000 })
    for (let step = 1, isOver = false; !isOver; step += 1) {
      await uploads.bucket(operation.container)
      await operation.prepare?.(uploads)
      await passMuchLater(cluster)
      const uploadId = await uploads.begin('o')
      const parts = [await uploads.part('o', uploadId, 1, 'one'), await uploads.part('o', uploadId, 2, 'two')]
      await uploads.part('o', uploadId, 3, 'three')
      const outcome = await operation.run(dying(cluster, step), { uploadId, parts }).catch(asDeath)
      isOver = !(
        typeof outcome === 'object' &&
        outcome !== null &&
        'kind' in outcome &&
        outcome.kind === 'died'
      )
      const text = await uploads.text('o')
      t.ok(operation.after.includes(text), `step ${step}: the object is ${text}`)
      await pass(cluster)
      t.equal(await uploads.text('o'), text, `step ${step}: whatever is cleaned up`)
      await operation.run(afterwards, { uploadId, parts }).catch(() => {})
      t.equal(await uploads.text('o'), operation.again, `step ${step}: asked for again`)
      await pass(cluster)
      t.equal(await uploads.text('o'), operation.again, `step ${step}: and cleaned up`)
      await clear(t, cluster, afterwards, `step ${step}`)
    }
  })
}

/** One replica of each: it is the order of steps that is in question, not what a step comes to. */
async function startCluster(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  t.teardown(() => cluster.close())
  return cluster
}

/** Writing to the expirer's queue is a step, too. */
function dying(cluster: MemoryCluster, step: number): Uploads {
  const process = new DyingProcess(step)
  const checkParts: DeferPartsCheck = (...asked) =>
    process.step(() => cluster.store.deferPartsCheck(...asked))
  return new Uploads(cluster, { core: process.store(cluster.store), checkParts, seed: step + 1 })
}

/** The clock of somebody who comes so much later. */
function clockAfter(seconds: number): Clock {
  return { ...realClock, wallMs: () => realClock.wallMs() + seconds * 1000 }
}

/** The checks that were left for later are made. */
async function passMuchLater(cluster: MemoryCluster): Promise<void> {
  await pass(cluster, cluster.devices, { clock: clockAfter(3 * 86_400) })
}

async function clear(t: Test, cluster: MemoryCluster, uploads: Uploads, at: string): Promise<void> {
  for (const { key, uploadId } of await uploadsLeft(cluster)) await uploads.abort(key, uploadId)
  await uploads.bucket({ 'x-versions-enabled': 'false' })
  const kept = new Kept(cluster, uploads.store)
  for (const row of await kept.versions()) await uploads.delete(row.name, idOf(row))
  await uploads.delete('o')
  await passMuchLater(cluster)
  t.same(await uploads.stored(), [], `${at}: no part is left`)
  t.equal(await kept.deleteContainer(), 'deleted', `${at}: the bucket can go`)
}

async function uploadsLeft(
  cluster: MemoryCluster,
): Promise<readonly { readonly key: string; readonly uploadId: string }[]> {
  const hidden = { ...CONTAINER, container: `\0uploads\0${CONTAINER.container}` }
  const listing = { limit: 1000, reverse: false, reservedNames: 'shown' } as const
  const read = await cluster.store.containers.read(cluster.context, hidden, { listing })
  if (read.kind !== 'found') return []
  return (read.page?.entries() ?? []).flatMap((row) =>
    row.kind === 'object' ? (uploadIn(row.name) ?? []) : [],
  )
}
