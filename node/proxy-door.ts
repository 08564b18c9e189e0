/** The proxy of a process: the pipeline over a store over the cluster's rings. */
import { keyRingOf } from '#auth/key-ring.ts'
import type { ResellerPrefix } from '#auth/principal.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import { parseUserEntry, UserDirectory } from '#auth/users.ts'
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
import { dnsNames } from '#http/canonical-names.ts'
import type { LocalTransport } from '#http/local-transport.ts'
import type { Handler } from '#http/message.ts'
import { connectTcp } from '#http/tcp-client.ts'
import type { Endpoint } from '#http/transport.ts'
import { GuessDesk } from '#identity/guess-desk.ts'
import { ClusterStore } from '#images/data/cluster-store.ts'
import { createProxy, type SyncRealms } from '#proxy/app.ts'
import type { KeystoneParts } from '#proxy/middleware/keystone.ts'
import type { RateLimits } from '#proxy/middleware/ratelimit.ts'
import { DEFAULT_PROXY_OPTIONS, type ProxyOptions } from '#proxy/options.ts'
import { RateDesk } from '#proxy/ratelimit/rate-desk.ts'
import type { RateStep } from '#proxy/ratelimit/rates.ts'
import { ringEndpoints } from '#proxy/ring-endpoints.ts'
import { LogDelivery } from '#proxy/s3/logging/log-delivery.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import { createStore } from '#store/create-store.ts'
import { type Desk, type Desks, deskHandler, deskOf, PeerDesks } from '#store/desk/peer-desks.ts'
import { ownStore, quotaDeskOver, withFeatures } from '#store/features.ts'
import type { SharedCache } from '#store/info-cache.ts'
import { type Invalidations, invalidationHandler, PeerInvalidations } from '#store/invalidations.ts'
import { MemcachedClient } from '#store/memcached-client.ts'
import { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import { EventQueue } from '#store/notifications/event-queue.ts'
import { OBJECT_HOLDS, ObjectHolds } from '#store/object-holds/object-holds.ts'
import { OBJECT_LOCKS, ObjectLocks } from '#store/object-lock/object-locks.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { storeMetrics } from '#store/store-metrics.ts'
import type { ClusterRings } from '#store/store-parts.ts'
import { type ClusterFile, recordKeysOf } from './cluster-file.ts'
import { encryptionUnder, keysFor, openRootSecrets } from './encryption.ts'
import { parseEndpoint } from './endpoint-option.ts'
import { identityOf } from './identity.ts'
import { openImages } from './images.ts'
import { openKeystone } from './keystone.ts'
import { knownUsers } from './known-users.ts'
import type { Settings } from './options.ts'
import { openRealms } from './realms-file.ts'
import { s3OptionsOf } from './s3-options.ts'
import { s3PartsOf } from './s3-parts.ts'
import { webOptionsOf } from './web-options.ts'

export interface ProxyDoorOptions {
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

export interface ProxyDoor {
  /** For clients. */
  readonly handler: Handler
  /** For other proxies, never on the public port. */
  readonly invalidations: Handler
  /** For other proxies, too: decides what the desk of this process has to decide (`store/desk/`). */
  readonly desk: Handler
  /** Health checks say from now on that this process is going away. */
  readonly announceEnd: () => void
}

/** Rejects with an `Error` that names what is wrong with the configuration. */
export async function openProxyDoor(options: ProxyDoorOptions): Promise<ProxyDoor> {
  const { environment, log, metrics, cluster, policies } = options
  const { settings } = options
  const keystone = await openKeystone({ environment, log, metrics, settings: settings.keystone })
  const rootSecrets = await openRootSecrets(environment, settings)
  const encryption = encryptionUnder(rootSecrets, settings)
  const keysAtRest = keysFor(rootSecrets, settings, recordKeysOf(cluster))
  const proxyOptions = proxyOptionsOf(settings, keystone)
  const time = options.watch?.clock ?? environment.clock
  const timestamps = await HybridClock.open(time, options.clockMark, (error) =>
    log.warn({ err: error }, 'the mark of the clock could not be kept; time follows the wall clock'),
  )
  options.watch?.onCheck(({ confirmed }) => confirmed && timestamps.rewind())
  const invalidations = new PeerInvalidations({ ...options, clock: environment.clock })
  const store = openStore(options, timestamps, invalidations)
  const records = new ClusterRecords({ store, clock: environment.clock, invalidations })
  const bucketSettings = new BucketSettings(store.containers, records.of(BUCKET_SETTINGS))
  const objectLocks = new ObjectLocks({ clock: environment.clock, records: records.of(OBJECT_LOCKS) })
  const features = {
    environment,
    timestamps,
    policies,
    deferDeletes: store.deferDeletes,
    deferPartsCheck: store.deferPartsCheck,
    bucketSettings,
    objectLocks,
    objectHolds: new ObjectHolds(records.of(OBJECT_HOLDS), store.containers),
    events: { queue: new EventQueue(store, timestamps), region: settings.s3.region },
  }
  const guesses = new GuessDesk(environment.clock, {
    failures: settings.identity.lockoutFailures,
    holdMs: settings.identity.lockoutMs,
  })
  const answers = [new RateDesk(environment.clock).answer, guesses.answer, quotaDeskOver(store, features)]
  const own = deskOf(answers)
  const desks = desksOf(options, own)
  let ending = false
  const { readOnly } = proxyOptions
  const imagesOwn = ownStore(store, { environment, encryption })
  const imageBytes = new ClusterStore(imagesOwn)
  const layered = withFeatures(store, { ...features, desks, readOnly, imageBytes, encryption: keysAtRest })
  const multipart = new MultipartUploads({
    store: layered,
    clock: environment.clock,
    random: environment.random,
    timestamps,
    checkParts: store.deferPartsCheck,
  })
  const resellers = ownResellers(settings)
  const images = await openImages({
    environment,
    log,
    settings,
    store: layered,
    ownStore: imagesOwn,
    records,
    accountPrefixes: resellers.map(({ prefix }) => prefix),
  })
  const keys = keyRingOf(cluster.tokenKeys)
  const secrets = new SecretSeal(
    keyRingOf(recordKeysOf(cluster), 'martlet record seal v1'),
    environment.random,
  )
  const entries = knownUsers(settings, cluster).map(parseUserEntry)
  const users = new UserDirectory(entries, resellers)
  const { identity: identitySettings } = settings
  const identity = identityOf({
    environment,
    log,
    records,
    secrets,
    keys,
    desks,
    entries,
    users,
    resellers,
    lifeSeconds: proxyOptions.tokenLifeSeconds,
    urlScheme: proxyOptions.storageUrlScheme,
    passwordLifeMs: identitySettings.passwordLifeMs || undefined,
    region: identitySettings.region,
    isServed: identitySettings.enabled && keystone === undefined,
  })
  const accessKeys = [identity?.accessKeys ?? userAccessKeys(users)]
  if (keystone !== undefined) accessKeys.push(keystone.accessKeys)
  const { clock, random } = environment
  const logs = new LogDelivery({ store: layered, clock, random, log, region: proxyOptions.s3.region })
  const { handler } = createProxy({
    environment,
    log,
    store: layered,
    multipart,
    doors: images === undefined ? [] : [images],
    desks,
    guarantees: () => store.guarantees(),
    policies,
    users,
    directory: identity?.directory,
    identity: identity?.service,
    keystone,
    encryption: encryption?.writes,
    syncRealms: await syncRealmsOf(options),
    keys,
    s3: { ...s3PartsOf({ environment, keys, accessKeys, options: proxyOptions.s3 }), logs },
    records,
    bucketSettings,
    objectLocks,
    secrets,
    options: proxyOptions,
    metrics,
    isDisabled: () => ending,
    canonicalNames: canonicalNames(settings),
    endpoints: settings.proxy.endpoints
      ? ringEndpoints({ store, salt: cluster.salt, rings: ringsNow(options.rings) })
      : undefined,
  })
  return {
    handler,
    invalidations: invalidationHandler((stale) => {
      if (stale.object === undefined) store.forget(stale)
      else records.forget(stale)
    }),
    desk: deskHandler(own),
    announceEnd: () => {
      ending = true
      void logs.flush()
    },
  }
}

async function syncRealmsOf({
  environment,
  log,
  settings,
}: ProxyDoorOptions): Promise<SyncRealms | undefined> {
  const { realmsFile: path, current } = settings.container_sync
  if (path === undefined) return undefined
  const [, , realm = '', cluster = ''] = (current ?? '').toUpperCase().split('/')
  const realms = await openRealms({ clock: environment.clock, disk: environment.disk, log, path })
  return { realms, current: current === undefined ? undefined : { realm, cluster } }
}

function desksOf(options: ProxyDoorOptions, own: Desk): Desks {
  const { transport, environment, log, members, isSelf } = options
  return new PeerDesks({ transport, clock: environment.clock, log, members, isSelf, own })
}

function openStore(
  options: ProxyDoorOptions,
  timestamps: HybridClock,
  invalidations: Invalidations,
): ReturnType<typeof createStore> {
  const { environment, transport, rings, cluster, settings, policies } = options
  const { clock } = environment
  return createStore({
    environment,
    client: new NodeClient({
      transport,
      clock,
      errors: new ErrorLimiter({ clock }),
      observer: nodeMetrics(options.metrics),
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

function canonicalNames({ websites }: Settings): ReturnType<typeof dnsNames> | undefined {
  const { cnameLookup, nameservers, lookupTimeoutMs } = websites
  return cnameLookup ? dnsNames({ servers: nameservers, timeoutMs: lookupTimeoutMs }) : undefined
}

function ringsNow(rings: RingDirectory): ClusterRings {
  return {
    account: () => rings.account.ring,
    container: () => rings.container.ring,
    object: (index) => rings.object(index)?.ring,
  }
}

function sharedCache({ environment, log, settings }: ProxyDoorOptions): SharedCache | undefined {
  const servers = settings.proxy.memcached.map(parseEndpoint)
  if (servers.length === 0) return undefined
  return new MemcachedClient({ servers, connect: connectTcp, clock: environment.clock, log })
}

/** Whose accounts our own users may have; tokens begin with the first. */
function ownResellers({ auth }: Settings): readonly ResellerPrefix[] {
  return [{ prefix: auth.resellerPrefix, requireGroup: '' }, ...auth.servicePrefixes]
}

/** Those of our own users first, with which our tokens begin; the empty one, which every account begins with, last. */
function resellersOf(settings: Settings, keystone: KeystoneParts | undefined): readonly ResellerPrefix[] {
  const own = ownResellers(settings)
  const known = own.map(({ prefix }) => prefix)
  const prefixes = [...(keystone?.rules.accounts.keys() ?? [])].filter((prefix) => !known.includes(prefix))
  const named = prefixes.toSorted((left, right) => right.length - left.length)
  return [...own, ...named.map((prefix) => ({ prefix, requireGroup: '' }))]
}

function proxyOptionsOf(settings: Settings, keystone: KeystoneParts | undefined): ProxyOptions {
  const { proxy, auth, log } = settings
  const { infoDisallowedSections } = DEFAULT_PROXY_OPTIONS
  return {
    pipeline: proxy.pipeline,
    web: webOptionsOf(settings),
    s3: s3OptionsOf(settings),
    accessLog: log.requests,
    transactionIdSuffix: proxy.transactionIdSuffix,
    resellers: resellersOf(settings, keystone),
    authPrefix: auth.prefix,
    tokenLifeSeconds: Math.floor(auth.tokenLifeMs / 1000),
    storageUrlScheme: proxy.storageUrlScheme,
    allowAccountManagement: proxy.allowAccountManagement,
    accountAutocreate: proxy.accountAutocreate,
    maxFileSizeBytes: proxy.maxFileSizeBytes,
    corsAllowOrigin: proxy.corsAllowOrigin,
    corsExposeHeaders: proxy.corsExposeHeaders,
    strictCorsMode: proxy.strictCorsMode,
    exposeInfo: proxy.exposeInfo,
    infoAdminKey: proxy.infoAdminKey,
    infoDisallowedSections,
    ...limitsOf(settings),
  }
}

function limitsOf(settings: Settings): Pick<ProxyOptions, LimitOption> {
  const { bulk, ratelimit, read_only: readOnly, name_check: nameCheck, crossdomain } = settings
  return {
    bulk,
    rateLimits: { ...ratelimit, ...sortedRates(ratelimit) },
    readOnly: {
      cluster: readOnly.cluster ? 'read_only' : 'writable',
      deletes: readOnly.allowDeletes ? 'allowed' : 'refused',
    },
    nameRules: nameCheck.enabled ? nameCheck : undefined,
    etags: settings.etag_quoter.enableByDefault ? 'quoted' : 'bare',
    crossdomainPolicy: crossdomain.policy,
  }
}

type LimitOption = 'bulk' | 'rateLimits' | 'readOnly' | 'nameRules' | 'etags' | 'crossdomainPolicy'

/** Steps by size, however they were written. */
function sortedRates({
  containerRates,
  listingRates,
}: Settings['ratelimit']): Pick<RateLimits, 'containerRates' | 'listingRates'> {
  const bySize = (left: RateStep, right: RateStep): number => left.objects - right.objects
  return { containerRates: containerRates.toSorted(bySize), listingRates: listingRates.toSorted(bySize) }
}
