/** Bucket replication of a device: the versions of which it has the rows, to other buckets of the cluster. */
import { createReplicationWorker } from '#bucket-replication/replication-worker.ts'
import { VersionReplicator } from '#proxy/s3/replication/version-replicator.ts'
import type { Replicator } from '#store/bucket-replication/contract.ts'
import { EventQueue } from '#store/notifications/event-queue.ts'
import { Gait } from '#worker/gait.ts'
import { brieflyRemembered } from '../brief-memory.ts'
import { turnOf } from '../container-turn.ts'
import { openFeaturedStore } from '../featured-store.ts'
import { configuredResellers } from '../proxy-options.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'

export const bucketReplicationWorker: MakeWorker = (context) => {
  const { environment, log, device, foreground, settings } = context
  const { clock } = environment
  const { intervalMs, discoveryMs, containerTimeMs, takeOverMs, versionsPerSecond } =
    settings.bucket_replication
  const gait = new Gait({ clock, foreground, filesPerSecond: versionsPerSecond })
  let opened: Promise<Replicator> | undefined
  return createReplicationWorker({
    clock,
    log,
    index: device.containers.index,
    replicator: () => {
      opened ??= open(context).catch((error: unknown) => {
        // Who keeps the keys may be away: the next pass asks again.
        opened = undefined
        throw error
      })
      return opened
    },
    turn: (name) => turnOf(context, name),
    rest: (how) => gait.before({ files: 1 }, how),
    intervalMs,
    discoveryMs,
    containerMs: containerTimeMs,
    takeOverMs,
  })
}

async function open(context: WorkerContext): Promise<Replicator> {
  const { environment, log, settings } = context
  const { clock, random } = environment
  const opened = await openFeaturedStore(context, brieflyRemembered(clock), (own, { timestamps }) => ({
    // Replicas are told of like any object.
    events: { queue: new EventQueue(own, timestamps), region: settings.s3.region },
  }))
  const { core, store, parts, bucketSettings, objectLocks } = opened
  const { timestamps } = parts
  return new VersionReplicator({
    context: { txId: 'bucket-replication', signal: undefined, log },
    store,
    core,
    settings: bucketSettings,
    locks: objectLocks,
    access: {
      store,
      settings: bucketSettings,
      clock,
      resellers: configuredResellers(settings),
      objectOwnership: settings.s3.objectOwnership,
    },
    multipart: { store, clock, random, timestamps, checkParts: core.deferPartsCheck },
    limitBytes: settings.proxy.maxFileSizeBytes,
  })
}
