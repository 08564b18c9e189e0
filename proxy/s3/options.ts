/** What can be set about the S3 door. */

import type { ObjectOwnership } from '#auth/s3/ownership.ts'
import { REAL_DAY_MS } from '#store/bucket-settings/lifecycle-rules.ts'

export interface S3Options {
  /** Without it, no request is taken for one of S3's. */
  readonly enabled: boolean
  /** The region that credentials are scoped to and that buckets are in. */
  readonly region: string
  /** Domains whose subdomains are buckets; lower-case, without a leading dot. */
  readonly domains: readonly string[]
  /** Domains whose subdomains are the websites of buckets; lower-case, without a leading dot. */
  readonly websiteDomains: readonly string[]
  /** `on`: a host that has the name of a bucket is its website. Every anonymous request to a host then costs a look. */
  readonly websiteCustomDomains: 'on' | 'off'
  /**
   * Where clients reach the door when that is not where the door hears them, behind a reverse proxy:
   * `https://s3.example.org`, with the port and the path that are put before keys, if any.
   */
  readonly publicEndpoints: readonly string[]
  /**
   * Of buckets that say nothing of it. `ObjectWriter` and `BucketOwnerPreferred`: access lists count, as existing tools
   * expect; `BucketOwnerEnforced`: only policies and Swift's lists let others in, as in AWS's new buckets.
   */
  readonly objectOwnership: ObjectOwnership
  /** Longest document in the body of a request, bytes; that of CompleteMultipartUpload has a limit of its own. */
  readonly xmlLimitBytes: number
  /** How long a day of lifecycle rules is, milliseconds. */
  readonly lifecycleDayMs: number
}

export const DEFAULT_S3_OPTIONS: S3Options = {
  enabled: true,
  region: 'us-east-1',
  domains: [],
  websiteDomains: ['s3-website.localhost'],
  websiteCustomDomains: 'off',
  publicEndpoints: [],
  objectOwnership: 'ObjectWriter',
  // A list of 1,000 keys to delete, each of 1,024 bytes that are all written as references.
  xmlLimitBytes: 8 * 1024 * 1024,
  lifecycleDayMs: REAL_DAY_MS,
}
