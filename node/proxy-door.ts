/** The proxy of a process: the pipeline and the doors over a store over the cluster's rings. */
import { keyRingOf } from '#auth/key-ring.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import { parseUserEntry, UserDirectory } from '#auth/users.ts'
import { dnsNames } from '#http/canonical-names.ts'
import type { Handler } from '#http/message.ts'
import { accessDepsOf } from '#proxy/access/access-deps.ts'
import { createProxy, type SyncRealms } from '#proxy/app.ts'
import type { ProxyOptions } from '#proxy/options.ts'
import { ringEndpoints } from '#proxy/ring-endpoints.ts'
import { LogDelivery } from '#proxy/s3/logging/log-delivery.ts'
import { deskHandler } from '#store/desk/peer-desks.ts'
import { invalidationHandler } from '#store/invalidations.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { recordKeysOf } from './cluster-file.ts'
import { encryptionUnder, openRootSecrets } from './encryption.ts'
import { identityOf, type ProxyIdentity } from './identity.ts'
import { openImages } from './images.ts'
import { openKeystone } from './keystone.ts'
import { knownUsers } from './known-users.ts'
import { loadLateModules } from './late-modules.ts'
import type { Settings } from './options.ts'
import { ownResellers, proxyOptionsOf } from './proxy-options.ts'
import { openProxyStore, type ProxyStore, type ProxyStoreOptions } from './proxy-store.ts'
import { openRealms } from './realms-file.ts'
import { ringsNow } from './rings-now.ts'
import { s3PartsOf } from './s3-parts.ts'

/** When a cluster that was just started has shown that it is ready, milliseconds. */
const LATE_MODULES_AFTER_MS = 1_500

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
export async function openProxyDoor(options: ProxyStoreOptions): Promise<ProxyDoor> {
  const { environment, log, metrics, cluster, policies, settings } = options
  const keystone = await openKeystone({ environment, log, metrics, settings: settings.keystone })
  const rootSecrets = await openRootSecrets(environment, settings)
  const proxyOptions = proxyOptionsOf(settings, keystone)
  const parts = await openProxyStore(options, rootSecrets)
  const { core, store, records, ownStore } = parts
  const resellers = ownResellers(settings)
  const accountPrefixes = resellers.map(({ prefix }) => prefix)
  const images = await openImages({ environment, log, settings, store, ownStore, records, accountPrefixes })
  const keys = keyRingOf(cluster.tokenKeys)
  const recordKeys = keyRingOf(recordKeysOf(cluster), 'martlet record seal v1')
  const secrets = new SecretSeal(recordKeys, environment.random)
  const entries = knownUsers(settings, cluster).map(parseUserEntry)
  const users = new UserDirectory(entries, resellers)
  const identity = openOwnIdentity(options, parts, {
    secrets,
    keys,
    entries,
    users,
    resellers,
    lifeSeconds: proxyOptions.tokenLifeSeconds,
    urlScheme: proxyOptions.storageUrlScheme,
    isServed: settings.identity.enabled && keystone === undefined,
  })
  const accessKeys = [identity?.accessKeys ?? userAccessKeys(users)]
  if (keystone !== undefined) accessKeys.push(keystone.accessKeys)
  const logs = logDelivery(options, parts, proxyOptions)
  environment.clock.setTimer(LATE_MODULES_AFTER_MS, () => {
    loadLateModules().catch((error: unknown) => log.error({ err: error }, 'modules could not be loaded'))
  })
  let ending = false
  const { handler } = createProxy({
    environment,
    log,
    metrics,
    policies,
    store,
    multipart: parts.multipart,
    records,
    bucketSettings: parts.bucketSettings,
    objectLocks: parts.objectLocks,
    desks: parts.desks,
    guarantees: () => core.guarantees(),
    doors: images === undefined ? [] : [images],
    users,
    directory: identity?.directory,
    identity: identity?.service,
    keystone,
    encryption: encryptionUnder(rootSecrets, settings)?.writes,
    syncRealms: await syncRealmsOf(options),
    keys,
    secrets,
    s3: { ...s3PartsOf({ environment, keys, accessKeys, options: proxyOptions.s3 }), logs },
    options: proxyOptions,
    isDisabled: () => ending,
    canonicalNames: canonicalNames(settings),
    endpoints: settings.proxy.endpoints
      ? ringEndpoints({ store: core, salt: cluster.salt, rings: ringsNow(options.rings) })
      : undefined,
  })
  return {
    handler,
    invalidations: invalidationHandler((stale) => {
      if (stale.object === undefined) core.forget(stale)
      else records.forget(stale)
    }),
    desk: deskHandler(parts.ownDesk),
    announceEnd: () => {
      ending = true
      void logs.flush()
    },
  }
}

type OwnIdentity = Omit<
  Parameters<typeof identityOf>[0],
  'environment' | 'log' | 'records' | 'desks' | 'passwordLifeMs' | 'region'
>

function openOwnIdentity(
  { environment, log, settings }: ProxyStoreOptions,
  { records, desks }: ProxyStore,
  own: OwnIdentity,
): ProxyIdentity | undefined {
  const { passwordLifeMs, region } = settings.identity
  return identityOf({
    ...own,
    environment,
    log,
    records,
    desks,
    passwordLifeMs: passwordLifeMs || undefined,
    region,
  })
}

function logDelivery(
  { environment, log }: ProxyStoreOptions,
  { store, bucketSettings }: ProxyStore,
  options: ProxyOptions,
): LogDelivery {
  const { clock, random } = environment
  const access = accessDepsOf({ store, bucketSettings, environment, options })
  return new LogDelivery({ store, access, clock, random, log, region: options.s3.region })
}

async function syncRealmsOf({
  environment,
  log,
  settings,
}: ProxyStoreOptions): Promise<SyncRealms | undefined> {
  const { realmsFile: path, current } = settings.container_sync
  if (path === undefined) return undefined
  const [, , realm = '', cluster = ''] = (current ?? '').toUpperCase().split('/')
  const realms = await openRealms({ clock: environment.clock, disk: environment.disk, log, path })
  return { realms, current: current === undefined ? undefined : { realm, cluster } }
}

function canonicalNames({ websites }: Settings): ReturnType<typeof dnsNames> | undefined {
  const { cnameLookup, nameservers, lookupTimeoutMs } = websites
  return cnameLookup ? dnsNames({ servers: nameservers, timeoutMs: lookupTimeoutMs }) : undefined
}
