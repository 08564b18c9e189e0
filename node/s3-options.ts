/** Options of the S3 API, `[s3]`. */
import { OBJECT_OWNERSHIPS } from '#auth/s3/ownership.ts'
import { boolean, bytes, listOf, oneOf, text } from '#base/option-values.ts'
import { type OptionsOf, option } from '#base/options.ts'
import { DEFAULT_S3_OPTIONS, type S3Options } from '#proxy/s3/options.ts'

const word = text({ leastLength: 1 })
const OURS = 'decision'

export const s3 = {
  enabled: option({
    name: 'enabled',
    doc: 'Whether the S3 API is spoken at all.',
    parse: boolean,
    default: DEFAULT_S3_OPTIONS.enabled,
    source: OURS,
  }),
  region: option({
    name: 'region',
    doc: 'The region that signatures name and that buckets are in.',
    parse: word,
    default: DEFAULT_S3_OPTIONS.region,
    source: 'OpenStack Swift s3api location',
  }),
  domains: option<readonly string[]>({
    name: 'domains',
    doc: 'Domains whose subdomains are buckets: bucket.DOMAIN/key.',
    parse: listOf(word),
    default: DEFAULT_S3_OPTIONS.domains,
    source: 'OpenStack Swift s3api storage_domain',
  }),
  websiteDomains: option<readonly string[]>({
    name: 'website_domains',
    doc: 'Domains whose subdomains are the websites of buckets: bucket.DOMAIN.',
    parse: listOf(word),
    default: DEFAULT_S3_OPTIONS.websiteDomains,
    source: OURS,
  }),
  websiteCustomDomains: option({
    name: 'website_custom_domains',
    doc: 'Whether a host that has the name of a bucket, and is no other domain of ours, is the website of the bucket.',
    parse: boolean,
    default: DEFAULT_S3_OPTIONS.websiteCustomDomains === 'on',
    source: OURS,
  }),
  publicEndpoints: option<readonly string[]>({
    name: 'public_endpoints',
    doc: 'URLs by which clients reach this door through a reverse proxy that does not pass their host on.',
    parse: listOf(word),
    default: DEFAULT_S3_OPTIONS.publicEndpoints,
    source: OURS,
  }),
  objectOwnership: option({
    name: 'object_ownership',
    doc: 'Whose objects are in buckets that do not say: ObjectWriter, BucketOwnerPreferred, or BucketOwnerEnforced, with which access lists of S3 count for nothing.',
    parse: oneOf(OBJECT_OWNERSHIPS),
    default: DEFAULT_S3_OPTIONS.objectOwnership,
    source: 'Amazon S3 Object Ownership',
  }),
  xmlLimit: option({
    name: 'xml_limit',
    doc: 'Longest document in the body of a request.',
    unit: 'bytes',
    parse: bytes,
    default: DEFAULT_S3_OPTIONS.xmlLimitBytes,
    source: OURS,
  }),
}

interface Sections {
  readonly s3: OptionsOf<typeof s3>
  readonly lifecycle: { readonly dayMs: number }
}

/** The options as the door takes them. */
export function s3OptionsOf({ s3: written, lifecycle }: Sections): S3Options {
  const { enabled, region, domains, publicEndpoints, objectOwnership, xmlLimit } = written
  return {
    enabled,
    region,
    domains: domains.map(bareDomain),
    websiteDomains: written.websiteDomains.map(bareDomain),
    websiteCustomDomains: written.websiteCustomDomains ? 'on' : 'off',
    publicEndpoints,
    objectOwnership,
    xmlLimitBytes: xmlLimit,
    lifecycleDayMs: lifecycle.dayMs,
  }
}

function bareDomain(domain: string): string {
  return domain.toLowerCase().replace(/^\./, '')
}
