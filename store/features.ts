/**
 * The one list of features: layers around the core store, outermost first. Every door gets the store with all of them, so
 * what one door writes the others read. A layer wraps the operations it changes and hands the others through.
 */

import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { HybridClock } from '#cluster/hybrid-clock.ts'
import { replicationLayer } from './bucket-replication/replication-layer.ts'
import type { BucketSettings } from './bucket-settings/bucket-settings.ts'
import { bucketSettingsLayer } from './bucket-settings/settings-layer.ts'
import type { Store, StoreLayer } from './contract.ts'
import type { DeferPartsCheck } from './deferred-checks.ts'
import type { DeferDeletes } from './deferred-deletes.ts'
import { type Desk, type Desks, onlyDesk } from './desk/peer-desks.ts'
import { customerKeys } from './encryption/customer-keys.ts'
import { type EncryptionOptions, encryptionLayer } from './encryption/encryption-layer.ts'
import { hiddenAccounts } from './hidden-accounts/hidden-accounts.ts'
import { type ImageBytes, imageObjects } from './image-objects/image-objects.ts'
import { largeObjects } from './large-objects/large-objects.ts'
import { leftParts } from './multipart/left-parts.ts'
import type { EventQueue } from './notifications/event-queue.ts'
import { notificationsLayer } from './notifications/notifications-layer.ts'
import { objectFactsLayer } from './object-facts/facts-layer.ts'
import { deferringNotHeld, objectHolds } from './object-holds/holds-layer.ts'
import type { ObjectHolds } from './object-holds/object-holds.ts'
import { objectLockLayer } from './object-lock/lock-layer.ts'
import type { ObjectLocks } from './object-lock/object-locks.ts'
import { QuotaDesk, quotaAnswers } from './quotas/quota-desk.ts'
import { QuotaLedger } from './quotas/quota-ledger.ts'
import { UsageReader } from './quotas/quota-usage.ts'
import { quotas } from './quotas/quotas.ts'
import { type ReadOnlyOptions, readOnly } from './read-only/read-only.ts'
import { symlinks } from './symlinks/symlinks.ts'
import { archives } from './versions/archives.ts'
import { versions } from './versions/versions.ts'

export interface FeatureDeps {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  /** The clock that the core store writes by. */
  readonly timestamps: Pick<HybridClock, 'next' | 'observe'>
  /** Names of storage policies, by which account servers tell what each of them uses. */
  readonly policies?: StoragePolicies | undefined
  /** Where uploads reserve their quotas; this process decides alone without it. */
  readonly desks?: Desks | undefined
  readonly readOnly?: ReadOnlyOptions | undefined
  /** Deletes with segments may leave the segments to the expirer where it is given. */
  readonly deferDeletes?: DeferDeletes | undefined
  /** Parts of multipart uploads are looked after where it is given. */
  readonly deferPartsCheck?: DeferPartsCheck | undefined
  /** What the owners of buckets have configured; goes with the bucket. */
  readonly bucketSettings?: BucketSettings | undefined
  /** Where events of buckets go; with `bucketSettings`. */
  readonly events?: { readonly queue: EventQueue; readonly region: string } | undefined
  /** Where new versions go is stored with them; with `bucketSettings`. Only of writes that clients ask for. */
  readonly replication?: 'marked' | undefined
  /** What keeps versions from being deleted; with `bucketSettings`. */
  readonly objectLocks?: ObjectLocks | undefined
  /** What keeps objects that images have their bytes in. */
  readonly objectHolds?: ObjectHolds | undefined
  /** Where the bytes are of objects that share those of images. */
  readonly imageBytes?: ImageBytes | undefined
  /** Objects are encrypted where it is given. */
  readonly encryption?: Omit<EncryptionOptions, 'random'> | undefined
}

/** With what is left to choose. */
interface FeatureParts extends FeatureDeps {
  readonly desks: Desks
}

interface Feature {
  readonly name: string
  /** `undefined` when the options turn it off. */
  readonly make: (parts: FeatureParts) => StoreLayer | undefined
}

/** Outermost first. The order is that of OpenStack Swift's default pipeline. */
const FEATURES: readonly Feature[] = [
  {
    name: 'read-only',
    make: (parts) => readOnly(parts.readOnly ?? { cluster: 'writable', deletes: 'refused' }),
  },
  {
    name: 'notifications',
    make: ({ bucketSettings: settings, events }) =>
      settings && events && notificationsLayer({ settings, ...events }),
  },
  {
    name: 'bucket-settings',
    make: ({ bucketSettings }) => bucketSettings && bucketSettingsLayer(bucketSettings),
  },
  {
    name: 'bucket-replication',
    make: ({ bucketSettings: settings, replication }) =>
      replication && settings && replicationLayer(settings),
  },
  { name: 'object-facts', make: () => objectFactsLayer },
  {
    name: 'quotas',
    make: ({ environment, desks }) => quotas({ clock: environment.clock, desk: new QuotaDesk(desks) }),
  },
  {
    name: 'object-lock',
    make: ({ environment: { clock }, bucketSettings: settings, objectLocks: locks }) =>
      settings && locks && objectLockLayer({ clock, settings, locks }),
  },
  {
    name: 'large-objects',
    make: ({ environment: { random }, deferDeletes: defer, objectHolds: holds }) =>
      largeObjects({ random, deferDeletes: deferringNotHeld(holds, defer) }),
  },
  {
    name: 'left-parts',
    make: ({ deferPartsCheck: checkParts }) => checkParts && leftParts({ checkParts }),
  },
  // Below what deletes segments by itself.
  { name: 'object-holds', make: ({ objectHolds: holds }) => holds && objectHolds(holds) },
  { name: 'archives', make: archives },
  { name: 'versions', make: versions },
  { name: 'symlinks', make: () => symlinks },
  {
    name: 'image-objects',
    make: ({ environment: { random }, imageBytes: bytes }) => bytes && imageObjects({ random, bytes }),
  },
  { name: 'customer-keys', make: ({ environment: { random } }) => customerKeys({ random }) },
  {
    name: 'encryption',
    make: ({ environment: { random }, encryption }) =>
      encryption && encryptionLayer({ random, ...encryption }),
  },
  // Innermost: no other feature leads around it.
  { name: 'hidden-accounts', make: () => hiddenAccounts },
]

/** Outermost first. */
export const FEATURE_NAMES: readonly string[] = FEATURES.map(({ name }) => name)

/** The store as doors use it; `without` some features only to measure what they cost. */
export function withFeatures(core: Store, deps: FeatureDeps, without: readonly string[] = []): Store {
  const parts = { ...deps, desks: deps.desks ?? onlyDesk(quotaDeskOver(core, deps)) }
  const wanted = FEATURES.filter(({ name }) => !without.includes(name))
  return wanted.reduceRight((inner, { make }) => make(parts)?.(inner) ?? inner, core)
}

/** The store as the cluster itself uses it for bytes that no client reaches: encrypted where others are, and nothing more. */
export function ownStore(
  core: Store,
  { environment, encryption }: Pick<FeatureDeps, 'environment' | 'encryption'>,
): Store {
  if (encryption === undefined) return core
  return encryptionLayer({ random: environment.random, ...encryption })(core)
}

/** The desk of this process for quotas: it reads what is used from the core store. */
export function quotaDeskOver(core: Store, { environment, policies }: FeatureDeps): Desk {
  const { clock, random } = environment
  const context = { txId: 'tx-quotas', signal: undefined, log: silentLogger }
  return quotaAnswers(new QuotaLedger({ clock, random, usage: new UsageReader(core, policies), context }))
}
