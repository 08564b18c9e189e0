/** What the settings of a process make of its proxy. */
import { keystoneRules } from '#auth/keystone/rules-options.ts'
import type { ResellerPrefix } from '#auth/principal.ts'
import type { KeystoneParts } from '#proxy/middleware/keystone.ts'
import type { RateLimits } from '#proxy/middleware/ratelimit.ts'
import { DEFAULT_PROXY_OPTIONS, type ProxyOptions } from '#proxy/options.ts'
import type { RateStep } from '#proxy/ratelimit/rates.ts'
import type { Settings } from './options.ts'
import { s3OptionsOf } from './s3-options.ts'
import { webOptionsOf } from './web-options.ts'

export function proxyOptionsOf(settings: Settings, keystone: KeystoneParts | undefined): ProxyOptions {
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
  const { bulk, ratelimit, name_check: nameCheck, crossdomain } = settings
  return {
    bulk,
    rateLimits: { ...ratelimit, ...sortedRates(ratelimit) },
    readOnly: readOnlyOf(settings),
    nameRules: nameCheck.enabled ? nameCheck : undefined,
    etags: settings.etag_quoter.enableByDefault ? 'quoted' : 'bare',
    crossdomainPolicy: crossdomain.policy,
  }
}

export function readOnlyOf({ read_only: { cluster, allowDeletes } }: Settings): ProxyOptions['readOnly'] {
  return {
    cluster: cluster ? 'read_only' : 'writable',
    deletes: allowDeletes ? 'allowed' : 'refused',
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

/** Whose accounts our own users may have; tokens begin with the first. */
export function ownResellers({ auth }: Settings): readonly ResellerPrefix[] {
  return [{ prefix: auth.resellerPrefix, requireGroup: '' }, ...auth.servicePrefixes]
}

function resellersOf(settings: Settings, keystone: KeystoneParts | undefined): readonly ResellerPrefix[] {
  return resellersWith(settings, [...(keystone?.rules.accounts.keys() ?? [])])
}

/** All whose accounts the S3 door knows, for those who have no Keystone to ask. */
export function configuredResellers(settings: Settings): readonly ResellerPrefix[] {
  const { url } = settings.keystone
  return resellersWith(
    settings,
    url === undefined ? [] : [...keystoneRules(settings.keystone).accounts.keys()],
  )
}

/** Those of our own users first, with which our tokens begin; the empty one, which every account begins with, last. */
function resellersWith(settings: Settings, prefixesOfProjects: readonly string[]): readonly ResellerPrefix[] {
  const own = ownResellers(settings)
  const known = own.map(({ prefix }) => prefix)
  const prefixes = prefixesOfProjects.filter((prefix) => !known.includes(prefix))
  const named = prefixes.toSorted((left, right) => right.length - left.length)
  return [...own, ...named.map((prefix) => ({ prefix, requireGroup: '' }))]
}
