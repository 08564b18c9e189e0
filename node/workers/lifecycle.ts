/** The lifecycle worker of a device: it acts by the rules of the buckets that the device has a replica of. */
import { hashName } from '#base/names.ts'
import { StoreActions } from '#lifecycle/actions.ts'
import { createLifecycleWorker, type LifecycleParts } from '#lifecycle/lifecycle-worker.ts'
import { BUCKET_SETTINGS, bucketOfKey } from '#store/bucket-settings/bucket-settings.ts'
import { type ReplicasThere, replicasThere } from '#store/container-replicas.ts'
import type { ContainerOperations } from '#store/contract.ts'
import { deferJudgedDeletes } from '#store/deferred-deletes.ts'
import { containersOver } from '#store/layering.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { RECORDS_ACCOUNT } from '#store/records/contract.ts'
import { Gait } from '#worker/gait.ts'
import { ownerOf } from '#worker/share.ts'
import { openFeaturedStore } from '../featured-store.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'

export const lifecycleWorker: MakeWorker = (context) => {
  const { environment, log, device, foreground, settings } = context
  const { intervalMs, objectsPerSecond, dayMs } = settings.lifecycle
  const { clock } = environment
  const gait = new Gait({ clock, foreground, filesPerSecond: objectsPerSecond })
  let opened: Promise<LifecycleParts> | undefined
  return createLifecycleWorker({
    clock,
    log,
    index: device.containers.index,
    parts: () => {
      opened ??= open(context)
      return opened
    },
    dayMs,
    intervalMs,
    rest: (how) => gait.before({ files: 1 }, how),
  })
}

async function open(context: WorkerContext): Promise<LifecycleParts> {
  const { environment, log, host, device } = context
  const { clock, random } = environment
  const opened = await openFeaturedStore(context, alwaysAsked)
  const { core, store, parts, bucketSettings, objectHolds } = opened
  const { timestamps } = parts
  const checkParts = core.deferPartsCheck
  const multipart = new MultipartUploads({ store, clock, random, timestamps, checkParts })
  const asker: OperationContext = { txId: 'lifecycle', signal: undefined, log }
  const sharing: Sharing = async (name) => {
    if (!mayVote(context, name)) return undefined
    return await replicasThere(parts, name, (node) => node.host === host && node.device === device.name)
  }
  return {
    store,
    context: asker,
    uploads: (name, query) => multipart.list(asker, name, query),
    actions: new StoreActions({
      store,
      context: asker,
      queue: async (judged) => {
        const free = await objectHolds.notHeld(asker, judged)
        return await deferJudgedDeletes(parts, asker, free)
      },
      abort: (name, uploadId) => multipart.abort(asker, { name, uploadId }),
    }),
    rules: async (name) => {
      const read = await bucketSettings.of(asker, name)
      if (read.kind === 'settings') return read.documents.lifecycle?.rules ?? []
      return read.kind === 'no_such_container' ? [] : 'unavailable'
    },
    sharing: (name) => sharing(name),
    leftSettings: {
      buckets: () => configuredBuckets(context, sharing),
      remove: async (name) => {
        const { kind } = await bucketSettings.remove(asker, name)
        return kind === 'removed' || kind === 'in_use' ? kind : 'unavailable'
      },
    },
  }
}

type Sharing = (name: ContainerName) => Promise<ReplicasThere | undefined>

const SETTINGS_CONTAINER: ContainerName = { account: RECORDS_ACCOUNT, container: BUCKET_SETTINGS.name }
const RECORDS_POLICY = 0
const PAGE = 500

/** From the records of which this device has the rows, its share of them. */
async function* configuredBuckets(
  { device }: WorkerContext,
  sharing: Sharing,
): AsyncGenerator<ContainerName, void, undefined> {
  const shared = await sharing(SETTINGS_CONTAINER)
  if (shared === undefined) return
  const { own, replicas, away } = shared
  for (let marker: string | undefined = ''; marker !== undefined; ) {
    const query = { marker, limit: PAGE, direction: 'forward', reservedNames: 'shown' } as const
    const entries = await device.containers.index.list(SETTINGS_CONTAINER, RECORDS_POLICY, query)
    const keys = entries.flatMap((entry) => (entry.kind === 'row' ? [entry.row.name] : []))
    for (const key of keys) {
      const name = bucketOfKey(key)
      if (name !== undefined && ownerOf(key, replicas, (one) => away.has(one)) === own) yield name
    }
    marker = keys.length < PAGE ? undefined : keys.at(-1)
  }
}

/**
 * Nobody tells a worker of changes: a bucket that has begun to lock its objects, or whose rules were taken away, must be seen
 * at once, so nothing is remembered of containers.
 */
function alwaysAsked(containers: ContainerOperations): ContainerOperations {
  return containersOver(containers, {
    info: async (context, name) => {
      const read = await containers.read(context, name, { newest: true })
      return read.kind === 'found' ? read.info : undefined
    },
  })
}

/** One that may not vote may not know that the bucket's rules were taken away. */
function mayVote({ rings, salt, device }: WorkerContext, name: ContainerName): boolean {
  const { ring } = rings.container
  const partition = ring.partitionOf(hashName(name, salt))
  return device.containers.ledger.voice({ partPower: ring.partPower, partition }) === 'synced'
}
