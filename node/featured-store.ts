/** The store as workers use it that do to buckets what clients do: with the features that clients' doors have. */
import { ClusterStore } from '#images/data/cluster-store.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { ContainerOperations, Store } from '#store/contract.ts'
import type { CreatedStore } from '#store/create-store.ts'
import { type FeatureDeps, ownStore, withFeatures } from '#store/features.ts'
import { OBJECT_HOLDS, ObjectHolds } from '#store/object-holds/object-holds.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import type { StoreParts } from '#store/store-parts.ts'
import { keysFor, openRootSecrets } from './encryption.ts'
import type { WorkerContext } from './worker-context.ts'
import { workerStoreOf } from './worker-store.ts'

export interface FeaturedStore {
  readonly core: CreatedStore
  readonly store: Store
  readonly parts: StoreParts
  readonly bucketSettings: BucketSettings
  readonly objectHolds: ObjectHolds
  readonly objectLocks: ObjectLocks
}

/**
 * `containers`: how long what is known of containers is remembered; nobody tells a worker of changes. `more`: features that
 * the worker has besides.
 */
export async function openFeaturedStore(
  context: WorkerContext,
  containers: (inner: ContainerOperations) => ContainerOperations,
  more: (core: CreatedStore, parts: StoreParts) => Partial<FeatureDeps> = () => ({}),
): Promise<FeaturedStore> {
  const { environment, settings, clusterSecrets } = context
  const { clock } = environment
  const { store: worker, parts } = await workerStoreOf(context)
  const core = { ...worker, containers: containers(worker.containers) }
  const records = new ClusterRecords({ store: core, clock })
  const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
  const objectHolds = new ObjectHolds(records.of(OBJECT_HOLDS), core.containers)
  const objectLocks = new ObjectLocks({ clock, records: records.of(OBJECT_LOCKS) })
  const encryption = keysFor(await openRootSecrets(environment, settings), settings, clusterSecrets)
  const store = withFeatures(core, {
    environment,
    timestamps: parts.timestamps,
    deferDeletes: core.deferDeletes,
    deferPartsCheck: core.deferPartsCheck,
    bucketSettings,
    objectHolds,
    objectLocks,
    imageBytes: new ClusterStore(ownStore(core, { environment, encryption })),
    encryption,
    ...more(core, parts),
  })
  return { core, store, parts, bucketSettings, objectHolds, objectLocks }
}
