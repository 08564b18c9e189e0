/** What can be set about a proxy, with the defaults of OpenStack Swift unless a comment says why not. */
import { DEFAULT_RESELLERS, type ResellerPrefix } from '#auth/principal.ts'
import { MAX_FILE_SIZE_BYTES, TOKEN_LIFE_SECONDS } from '#base/limits.ts'
import type { ReadOnlyOptions } from '#store/read-only/read-only.ts'
import type { AccessLogWhat } from './middleware/access-log.ts'
import type { NameRules } from './middleware/name-check.ts'
import type { RateLimits } from './middleware/ratelimit.ts'
import { DEFAULT_S3_OPTIONS, type S3Options } from './s3/options.ts'
import { DEFAULT_WEB_OPTIONS, type WebOptions } from './web-options.ts'

export interface ProxyOptions {
  /** Signed URLs and forms, websites and their domains. */
  readonly web: WebOptions
  readonly s3: S3Options
  /** Names of layers, outermost first (`app.ts` has the list); all of them when empty. */
  readonly pipeline: readonly string[]
  readonly accessLog: AccessLogWhat
  /** Appended to every transaction identifier, to tell clusters apart. */
  readonly transactionIdSuffix: string
  /** Prefixes of the accounts that this door answers for; tokens begin with the first. */
  readonly resellers: readonly ResellerPrefix[]
  /** `/auth/`, with both slashes. */
  readonly authPrefix: string
  readonly tokenLifeSeconds: number
  /** Scheme of the storage URLs given out: behind a TLS terminator, `https`. */
  readonly storageUrlScheme: 'default' | 'http' | 'https'
  /** Resellers may create and delete accounts. Swift's default is no. */
  readonly allowAccountManagement: boolean
  /** Told in `/info`; the store does it. */
  readonly accountAutocreate: boolean
  readonly maxFileSizeBytes: number
  readonly corsAllowOrigin: readonly string[]
  readonly corsExposeHeaders: readonly string[]
  readonly strictCorsMode: boolean
  readonly exposeInfo: boolean
  readonly infoAdminKey: string | undefined
  readonly infoDisallowedSections: readonly string[]
  readonly bulk: BulkSettings
  readonly rateLimits: RateLimits
  readonly readOnly: ReadOnlyOptions
  /** `undefined`: every name that Swift takes is taken. */
  readonly nameRules: NameRules | undefined
  readonly etags: 'quoted' | 'bare'
  /** What stands in `/crossdomain.xml`; `undefined`: there is no such file. */
  readonly crossdomainPolicy: string | undefined
}

/** Of unpacking archives and deleting by list. */
export interface BulkSettings {
  readonly maxContainersPerExtraction: number
  readonly maxFailedExtractions: number
  readonly maxDeletesPerRequest: number
  readonly maxFailedDeletes: number
  readonly deleteConcurrency: number
  /** How often a client that waits gets a sign of life, milliseconds. */
  readonly yieldMs: number
}

/** OpenStack Swift's (`common/middleware/bulk.py`). */
export const DEFAULT_BULK: BulkSettings = {
  maxContainersPerExtraction: 10_000,
  maxFailedExtractions: 1000,
  maxDeletesPerRequest: 10_000,
  maxFailedDeletes: 1000,
  deleteConcurrency: 2,
  yieldMs: 10_000,
}

/** OpenStack Swift's (`common/middleware/ratelimit.py`): nothing is limited. */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  accountRate: 0,
  containerRates: [],
  listingRates: [],
  maxSleepMs: 60_000,
  logSleepMs: 0,
  bufferMs: 5_000,
}

export const DEFAULT_PROXY_OPTIONS: ProxyOptions = {
  web: DEFAULT_WEB_OPTIONS,
  s3: DEFAULT_S3_OPTIONS,
  pipeline: [],
  accessLog: 'all',
  transactionIdSuffix: '',
  resellers: DEFAULT_RESELLERS,
  authPrefix: '/auth/',
  tokenLifeSeconds: TOKEN_LIFE_SECONDS,
  storageUrlScheme: 'default',
  // A cluster in one command has one operator, who is the reseller.
  allowAccountManagement: true,
  accountAutocreate: true,
  maxFileSizeBytes: MAX_FILE_SIZE_BYTES,
  corsAllowOrigin: [],
  corsExposeHeaders: [],
  strictCorsMode: true,
  exposeInfo: true,
  infoAdminKey: undefined,
  infoDisallowedSections: ['swift.auto_create_account_prefix', 'swift.valid_api_versions'],
  bulk: DEFAULT_BULK,
  rateLimits: DEFAULT_RATE_LIMITS,
  readOnly: { cluster: 'writable', deletes: 'refused' },
  nameRules: undefined,
  etags: 'bare',
  crossdomainPolicy: undefined,
}
