/** What `/info` tells of the layers that hold clients back, in OpenStack Swift's words. */
import type { InfoSections } from './middleware/info.ts'
import type { ProxyOptions } from './options.ts'
import type { RateStep } from './ratelimit/rates.ts'

export function bulkSections({ bulk }: ProxyOptions): InfoSections {
  return {
    bulk_upload: {
      max_containers_per_extraction: bulk.maxContainersPerExtraction,
      max_failed_extractions: bulk.maxFailedExtractions,
    },
    bulk_delete: {
      max_deletes_per_request: bulk.maxDeletesPerRequest,
      max_failed_deletes: bulk.maxFailedDeletes,
    },
  }
}

export function rateLimitSection({ rateLimits }: ProxyOptions): InfoSections {
  const steps = (rates: readonly RateStep[]): unknown => rates.map((step) => [step.objects, step.perSecond])
  return {
    ratelimit: {
      account_ratelimit: rateLimits.accountRate,
      max_sleep_time_seconds: rateLimits.maxSleepMs / 1000,
      container_ratelimits: steps(rateLimits.containerRates),
      container_listing_ratelimits: steps(rateLimits.listingRates),
    },
  }
}

export function nameCheckSection({ nameRules }: ProxyOptions): InfoSections {
  if (nameRules === undefined) return {}
  return {
    name_check: {
      forbidden_chars: nameRules.forbiddenCharacters,
      maximum_length: nameRules.maximumLength,
      forbidden_regexp: nameRules.forbiddenPattern,
    },
  }
}

export function etagQuoterSection({ etags }: ProxyOptions): InfoSections {
  return { etag_quoter: { enable_by_default: etags === 'quoted' } }
}

export function crossdomainSection({ crossdomainPolicy }: ProxyOptions): InfoSections {
  return crossdomainPolicy === undefined ? {} : { crossdomain: {} }
}

/** Of the layers of the store, which cannot be left out. */
export function storeLimitSections({ readOnly }: ProxyOptions): InfoSections {
  return {
    container_quotas: {},
    account_quotas: {},
    ...(readOnly.cluster === 'read_only' ? { read_only: {} } : {}),
  }
}
