/** What can be set about a proxy, with the defaults of OpenStack Swift unless a comment says why not. */
import { DEFAULT_RESELLERS, type ResellerPrefix } from '#auth/principal.ts'
import { MAX_FILE_SIZE_BYTES, TOKEN_LIFE_SECONDS } from '#base/limits.ts'
import type { AccessLogWhat } from './middleware/access-log.ts'
import { DEFAULT_WEB_OPTIONS, type WebOptions } from './web-options.ts'

export interface ProxyOptions {
  /** Signed URLs and forms, websites and their domains. */
  readonly web: WebOptions
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
}

export const DEFAULT_PROXY_OPTIONS: ProxyOptions = {
  web: DEFAULT_WEB_OPTIONS,
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
}
