/** Puts the registry together over the store of a cluster. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import type { Store } from '#store/contract.ts'
import { OBJECT_HOLDS, ObjectHolds } from '#store/object-holds/object-holds.ts'
import type { Records } from '#store/records/contract.ts'
import { BLOCK_RECORDS } from './blocks/block-record.ts'
import { BLOCK_RULES, type BlockRules } from './blocks/block-writer.ts'
import { SharedBlocks } from './blocks/shared-blocks.ts'
import { BlockSweeper } from './blocks/sweep-blocks.ts'
import { CacheUse } from './cache/cache-use.ts'
import type { QemuConverter } from './conversion/qemu-converter.ts'
import { ClusterStore } from './data/cluster-store.ts'
import type { ImageStore } from './data/image-store.ts'
import { ImageStores } from './data/image-stores.ts'
import { ObjectStore } from './data/object-store.ts'
import type { CuttingRules } from './data/piece-source.ts'
import { IntakeMemory } from './data/resumable.ts'
import type { EventSink } from './events.ts'
import type { GlanceRegion } from './import/glance-source.ts'
import { Namespaces } from './metadefs/namespaces.ts'
import { ImageJson } from './model/image-json.ts'
import type { ImageOptions } from './options.ts'
import { ImageRecords } from './records/image-records.ts'
import { TaskRecords } from './records/task-records.ts'
import { newUuid, type Registry } from './registry.ts'
import type { Certificates } from './signatures/certificates.ts'

export interface RegistryDeps {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  readonly log: Logger
  /** With all features: what other doors write can become an image. */
  readonly store: Store
  /** As the cluster uses it for itself (`ownStore` in `store/features.ts`). */
  readonly ownStore: Store
  readonly records: Records
  readonly options: ImageOptions
  /** Stores besides the cluster. */
  readonly otherStores?: readonly ImageStore[] | undefined
  /** Where images go that name no store; the cluster without it. */
  readonly defaultStore?: string | undefined
  /** Converts images on their way in. */
  readonly converter?: QemuConverter | undefined
  /** By which signatures of images are verified. */
  readonly certificates?: Certificates | undefined
  /** Registries for `glance-download`. */
  readonly regions?: readonly GlanceRegion[] | undefined
  readonly events?: EventSink | undefined
  readonly fetch: OutsideFetch
  /** How images are cut; for tests. */
  readonly cutting?: CuttingRules | undefined
  readonly blockRules?: BlockRules | undefined
}

export function createRegistry(deps: RegistryDeps): Registry {
  const { environment, log, store, options, otherStores = [], events, fetch } = deps
  const objects = new ObjectStore(store)
  const blocks = new SharedBlocks({
    store: deps.ownStore,
    records: deps.records.of(BLOCK_RECORDS),
    newCopy: () => newUuid({ environment }),
  })
  const cluster = new ClusterStore(deps.ownStore, deps.cutting, {
    blocks,
    writes: options.sharesBlocks,
    rules: deps.blockRules ?? BLOCK_RULES,
  })
  const stores = new ImageStores([cluster, ...otherStores], [objects], deps.defaultStore)
  const sweeperDeps = { store: deps.ownStore, records: deps.records, blocks, clock: environment.clock }
  return {
    environment,
    log,
    store,
    options,
    events,
    cluster,
    blockSweeper: new BlockSweeper(sweeperDeps),
    fetch,
    regions: deps.regions ?? [],
    cacheUse: new CacheUse(),
    intakes: new IntakeMemory(environment.clock),
    records: new ImageRecords(deps.records, environment.clock),
    namespaces: new Namespaces(deps.records),
    tasks: new TaskRecords(deps.records, environment.clock),
    objects,
    certificates: deps.certificates,
    converter: deps.converter,
    holds: new ObjectHolds(deps.records.of(OBJECT_HOLDS), store.containers),
    stores,
    shown: new ImageJson({ stores: stores.areSeveral ? 'several' : 'one', locations: options.locations }),
  }
}
