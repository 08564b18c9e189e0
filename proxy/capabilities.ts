/** What `/info` tells of the Swift door: its limits and features (OpenStack Swift, `proxy/server.py`). */
import type { StoragePolicies } from '#backend/policies.ts'
import {
  LISTING_LIMIT,
  MAX_ACCOUNT_NAME_BYTES,
  MAX_CONTAINER_NAME_BYTES,
  MAX_HEADER_LINE_BYTES,
  MAX_META_COUNT,
  MAX_META_NAME_BYTES,
  MAX_META_OVERALL_BYTES,
  MAX_META_VALUE_BYTES,
  MAX_OBJECT_NAME_BYTES,
} from '#base/limits.ts'
import type { Guarantees } from '#store/contract.ts'
import { LINKS_MAX } from '#store/symlinks/follow.ts'
import { storeLimitSections } from './limit-sections.ts'
import type { InfoSections } from './middleware/info.ts'
import type { ProxyOptions } from './options.ts'
import { HEARTBEAT_MS } from './swift/manifest-put.ts'
import { MANIFEST_INPUT_BYTES_MAX, MANIFEST_SEGMENTS_MAX } from './swift/manifest-segments.ts'

/** The release of OpenStack Swift whose behaviour is ours; clients compare it. */
const SWIFT_VERSION = '2.30.1'

/** `signIn`: whether users sign in at this door, or elsewhere (at Keystone) only. */
export function capabilities(
  options: ProxyOptions,
  policies: StoragePolicies,
  signIn: 'here' | 'elsewhere' = 'here',
): InfoSections {
  return {
    swift: {
      version: SWIFT_VERSION,
      strict_cors_mode: options.strictCorsMode,
      policies: policies.all.filter((policy) => !policy.deprecated).map(policyInfo),
      allow_account_management: options.allowAccountManagement,
      account_autocreate: options.accountAutocreate,
      max_file_size: options.maxFileSizeBytes,
      max_meta_name_length: MAX_META_NAME_BYTES,
      max_meta_value_length: MAX_META_VALUE_BYTES,
      max_meta_count: MAX_META_COUNT,
      max_meta_overall_size: MAX_META_OVERALL_BYTES,
      max_header_size: MAX_HEADER_LINE_BYTES,
      max_object_name_length: MAX_OBJECT_NAME_BYTES,
      container_listing_limit: LISTING_LIMIT,
      account_listing_limit: LISTING_LIMIT,
      max_account_name_length: MAX_ACCOUNT_NAME_BYTES,
      max_container_name_length: MAX_CONTAINER_NAME_BYTES,
      extra_header_count: 0,
      auto_create_account_prefix: '.',
      valid_api_versions: ['v1', 'v1.0'],
    },
    ...(signIn === 'here' ? { tempauth: { account_acls: true } } : undefined),
    ...storeLimitSections(options),
    slo: {
      max_manifest_segments: MANIFEST_SEGMENTS_MAX,
      max_manifest_size: MANIFEST_INPUT_BYTES_MAX,
      yield_frequency: HEARTBEAT_MS / 1000,
      min_segment_size: 1,
      allow_async_delete: true,
    },
    versioned_writes: { allowed_flags: ['x-versions-location', 'x-history-location'] },
    object_versioning: {},
    symlink: { symloop_max: LINKS_MAX, static_links: true },
  }
}

function policyInfo(policy: StoragePolicies['default']): Readonly<Record<string, unknown>> {
  const aliases = [policy.name, ...policy.aliases].join(', ')
  return { name: policy.name, aliases, ...(policy.isDefault ? { default: true } : undefined) }
}

/**
 * What is promised beyond Swift, as far as every storage server that was heard lets it be: a cluster with servers of
 * OpenStack Swift is told apart from one without before a client relies on it.
 */
export function promisesBeyondSwift({ listings, conditionalWrites }: Guarantees): InfoSections {
  return {
    martlet: { listings, conditional_writes: conditionalWrites === 'agreed' ? 'agreed' : 'best-effort' },
  }
}
