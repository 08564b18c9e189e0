/** What every verb of the image registry works with. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import type { Store } from '#store/contract.ts'
import type { ObjectHolds } from '#store/object-holds/object-holds.ts'
import type { BlockSweeper } from './blocks/sweep-blocks.ts'
import type { CacheUse } from './cache/cache-use.ts'
import type { QemuConverter } from './conversion/qemu-converter.ts'
import type { ClusterStore } from './data/cluster-store.ts'
import type { ImageStores } from './data/image-stores.ts'
import type { ObjectStore } from './data/object-store.ts'
import type { IntakeMemory } from './data/resumable.ts'
import type { EventSink } from './events.ts'
import type { GlanceRegion } from './import/glance-source.ts'
import type { Namespaces } from './metadefs/namespaces.ts'
import type { ImageJson } from './model/image-json.ts'
import type { ImageOptions } from './options.ts'
import type { ImageRecords } from './records/image-records.ts'
import type { TaskRecords } from './records/task-records.ts'
import type { AskedContext, Certificates } from './signatures/certificates.ts'

export interface Registry {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  readonly log: Logger
  /** The store of all doors, for objects that become images. */
  readonly store: Store
  readonly records: ImageRecords
  /** Images as they are shown. */
  readonly shown: ImageJson
  readonly tasks: TaskRecords
  /** Of metadata definitions. */
  readonly namespaces: Namespaces
  readonly cluster: ClusterStore
  /** Of blocks that images share. */
  readonly blockSweeper: BlockSweeper
  readonly stores: ImageStores
  /** Objects that are images. */
  readonly objects: ObjectStore
  /** Keeps them. */
  readonly holds: ObjectHolds
  /** Where images are converted on their way in. */
  readonly converter?: QemuConverter | undefined
  /** By which signatures are verified, where there are any. */
  readonly certificates?: Certificates | undefined
  readonly intakes: IntakeMemory
  readonly cacheUse: CacheUse
  readonly options: ImageOptions
  /** Other registries that images are fetched from. */
  readonly regions: readonly GlanceRegion[]
  /** The network outside of the cluster. */
  readonly fetch: OutsideFetch
  /** Told what happens to images, where somebody wants to hear of it. */
  readonly events?: EventSink | undefined
}

/** A random identifier in the form of a UUID, version 4. */
export function newUuid({ environment: { random } }: Pick<Registry, 'environment'>): string {
  const bytes = Buffer.from(random.bytes(16))
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The same operation, when nobody waits for it any more. */
export function onItsOwn({ txId, log, token }: AskedContext): AskedContext {
  return { txId, log, token, signal: undefined }
}
