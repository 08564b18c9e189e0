/** How a difference that is known is written down, and which parts of an answer usually differ together. */
import type { Statuses } from '../comparison.ts'

export interface KnownDifference {
  /** Name of the step, or a pattern of names. */
  readonly step: string | RegExp
  /** `status`, `body`, `header x`, or a pattern of these. */
  readonly field: string | RegExp
  /** Of the two answers; left out where they are equal. */
  readonly statuses?: Statuses
  /** What a person sees. */
  readonly what: string
  readonly reason: string
}

/** In what two answers differ when one side refuses before any request handling, in its own words. */
export const REFUSED_EARLY =
  /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id))$/
/** The same where the other side serves an account. */
export const REFUSED_ACCOUNT =
  /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id|x-account-.+|x-timestamp|accept-ranges|vary))$/
/** The same where the other side stores an object. */
export const REFUSED_UPLOAD =
  /^(status|body|header (content-(type|length)|x-trans-id|x-openstack-request-id|etag|last-modified))$/
/** Where Python's HTTP server refuses, which shows in `Server`. */
export const PYTHON_REFUSAL = /^(status|body|header (server|content-(type|length)))$/
/** The same where the other side answers with a report. */
export const REFUSED_REPORT = /^(status|body|header (content-(type|length)|transfer-encoding))$/
/** A verb that one side does not take for one. */
export const REFUSED_VERB =
  /^(status|body|header (allow|content-(type|length)|x-trans-id|x-openstack-request-id))$/
