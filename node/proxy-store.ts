/**
 * The store of a proxy: the cluster behind its rings, with every feature around it, and the records that the cluster keeps in
 * itself.
 */
import type { ClockWatch } from '#backend/clock-watch.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import { ErrorLimiter } from '#cluster/error-limit.ts'
import { type HighWaterStore, HybridClock } from '#cluster/hybrid-clock.ts'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { nodeMetrics } from '#cluster/node-metrics.ts'
import { StorageNodes } from '#cluster/placement.ts'
import type { LocalTransport } from '#http/local-transport.ts'
import { connectTcp } from '#http/tcp-client.ts'
import type { Endpoint } from '#http/transport.ts'
import { GuessDesk } from '#identity/guess-desk.ts'
import { ClusterStore } from '#images/data/cluster-store.ts'
import { RateDesk } from '#proxy/ratelimit/rate-desk.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { Store } from '#store/contract.ts'
import { type CreatedStore, createStore } from '#store/create-store.ts'
import { type Desk, type Desks, deskOf, PeerDesks } from '#store/desk/peer-desks.ts'
import type { ActiveSecrets } from '#store/encryption/key-manager.ts'
import { type FeatureDeps, ownStore, quotaDeskOver, withFeatures } from '#store/features.ts'
import type { SharedCache } from '#store/info-cache.ts'
import { type Invalidations, PeerInvalidations } from '#store/invalidations.ts'
import { MemcachedClient } from '#store/memcached-client.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { EventQueue } from '#store/notifications/event-queue.ts'
import { OBJECT_HOLDS, ObjectHolds } from '#store/object-holds/object-holds.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { storeMetrics } from '#store/store-metrics.ts'
import { type ClusterFile, recordKeysOf } from './cluster-file.ts'
import { encryptionUnder, keysFor } from './encryption.ts'
import { parseEndpoint } from './endpoint-option.ts'
import type { Settings } from './options.ts'
import { readOnlyOf } from './proxy-options.ts'
import { ringsNow } from './rings-now.ts'

export interface ProxyStoreOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly metrics: Metrics
  readonly cluster: ClusterFile
  readonly settings: Settings
  readonly policies: StoragePolicies
  readonly rings: RingDirectory
  /** Servers of this process must be registered already. */
  readonly transport: LocalTransport
  readonly clockMark: HighWaterStore
  /** What the device of this process makes of the machine's clock; writes are dated by it. */
  readonly watch?: ClockWatch | undefined
  /** The other proxy processes of the cluster, where they hear of changes. */
  readonly peers: () => readonly Endpoint[]
  /** All proxy processes of the cluster, this one included, and which of them it is. */
  readonly members: () => readonly Endpoint[]
  readonly isSelf: (endpoint: Endpoint) => boolean
}

export interface ProxyStore {
  /** Without features: what answers for replicas. */
  readonly core: CreatedStore
  /** With all of them: what doors call. */
  readonly store: Store
  /** For what the cluster keeps for itself: encrypted, and no more. */
  readonly ownStore: Store
  readonly multipart: MultipartUploads
  readonly records: ClusterRecords
  readonly bucketSettings: BucketSettings
  readonly objectLocks: ObjectLocks
  readonly desks: Desks
  /** That of this process. */
  readonly ownDesk: Desk
}

/** Rejects with an `Error` that names what is wrong with the configuration. */
export async function openProxyStore(
  options: ProxyStoreOptions,
  rootSecrets: ActiveSecrets | undefined,
): Promise<ProxyStore> {
  const { environment, cluster, settings } = options
  const { clock, random } = environment
  const timestamps = await openTimestamps(options)
  const invalidations = new PeerInvalidations({ ...options, clock })
  const core = openCore(options, timestamps, invalidations)
  const records = new ClusterRecords({ store: core, clock, invalidations })
  const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
  const objectLocks = new ObjectLocks({ clock, records: records.of(OBJECT_LOCKS) })
  const imagesOwn = ownStore(core, {
    environment,
    encryption: encryptionUnder(rootSecrets, settings),
  })
  const features: FeatureDeps = {
    environment,
    timestamps,
    policies: options.policies,
    readOnly: readOnlyOf(settings),
    deferDeletes: core.deferDeletes,
    deferPartsCheck: core.deferPartsCheck,
    bucketSettings,
    replication: 'marked',
    objectLocks,
    objectHolds: new ObjectHolds(records.of(OBJECT_HOLDS), core.containers),
    events: { queue: new EventQueue(core, timestamps), region: settings.s3.region },
    imageBytes: new ClusterStore(imagesOwn),
    encryption: keysFor(rootSecrets, settings, recordKeysOf(cluster)),
  }
  const ownDesk = deskOf([
    new RateDesk(clock).answer,
    guessDesk(options).answer,
    quotaDeskOver(core, features),
  ])
  const desks = desksOf(options, ownDesk)
  const store = withFeatures(core, { ...features, desks })
  const checkParts = core.deferPartsCheck
  const multipart = new MultipartUploads({ store, clock, random, timestamps, checkParts })
  return {
    core,
    store,
    ownStore: imagesOwn,
    multipart,
    records,
    bucketSettings,
    objectLocks,
    desks,
    ownDesk,
  }
}

/** By which writes are dated: ahead of all that was given before, as far as the mark is kept. */
async function openTimestamps({
  environment,
  log,
  watch,
  clockMark,
  members,
  isSelf,
}: ProxyStoreOptions): Promise<HybridClock> {
  const clock = watch?.dating ?? environment.clock
  const onTrouble = (error: unknown): void =>
    log.warn({ err: error }, 'the mark of the clock could not be kept; time follows the wall clock')
  const timestamps = await HybridClock.open(clock, clockMark, onTrouble, laneOf(members(), isSelf))
  watch?.onCheck(({ confirmed }) => confirmed && timestamps.rewind())
  return timestamps
}

/** A number that no other process of the cluster has that knows the same members. */
function laneOf(members: readonly Endpoint[], isSelf: (endpoint: Endpoint) => boolean): number {
  const own = members.find(isSelf)
  const names = members.map(nameOf).toSorted()
  return Math.max(0, own === undefined ? 0 : names.indexOf(nameOf(own)))
}

function nameOf({ host, port }: Endpoint): string {
  return `${host}:${port}`
}

function guessDesk({ environment, settings }: ProxyStoreOptions): GuessDesk {
  const { lockoutFailures: failures, lockoutMs: holdMs } = settings.identity
  return new GuessDesk(environment.clock, { failures, holdMs })
}

function desksOf(options: ProxyStoreOptions, own: Desk): Desks {
  const { transport, environment, log, members, isSelf } = options
  return new PeerDesks({ transport, clock: environment.clock, log, members, isSelf, own })
}

function openCore(
  options: ProxyStoreOptions,
  timestamps: HybridClock,
  invalidations: Invalidations,
): CreatedStore {
  const { environment, transport, rings, cluster, settings, policies } = options
  const { clock } = environment
  return createStore({
    environment,
    client: new NodeClient({
      transport,
      clock,
      errors: new ErrorLimiter({ clock }),
      observer: nodeMetrics(options.metrics),
      endOfTurn: setImmediate,
      nodeTimeoutMs: settings.proxy.nodeTimeoutMs,
      connectTimeoutMs: settings.proxy.connectTimeoutMs,
    }),
    timestamps,
    nodes: new StorageNodes((endpoint) => transport.isLocal(endpoint)),
    rings: ringsNow(rings),
    shared: sharedCache(options),
    salt: cluster.salt,
    heldBodies: new MemoryBudget(),
    rules: {
      autoCreateAccounts: settings.proxy.accountAutocreate,
      defaultPolicyIndex: policies.default.index,
    },
    invalidations,
    observer: storeMetrics(options.metrics),
  })
}

function sharedCache({ environment, log, settings }: ProxyStoreOptions): SharedCache | undefined {
  const servers = settings.proxy.memcached.map(parseEndpoint)
  if (servers.length === 0) return undefined
  return new MemcachedClient({ servers, connect: connectTcp, clock: environment.clock, log })
}
