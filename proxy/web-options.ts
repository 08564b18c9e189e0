/** What can be set about signed URLs and forms, websites and their domains, and what `/info` tells of them. */
import { SIGNATURE_DIGESTS, type SignatureDigest } from '#auth/request-signature.ts'
import type { DomainRemapOptions } from './middleware/domain-remap.ts'
import type { InfoSections } from './middleware/info.ts'
import { DEFAULT_TEMPURL_OPTIONS, type TempUrlOptions } from './middleware/tempurl.ts'

export interface WebOptions {
  readonly tempurl: TempUrlOptions
  readonly formpostDigests: readonly SignatureDigest[]
  /** Scheme and host of the redirects of websites; the request's own when there is none. */
  readonly urlBase: string | undefined
  readonly domainRemap: DomainRemapOptions
  /** Hosts that are none of ours may be aliases of one. */
  readonly cnameLookup: 'on' | 'off'
  readonly cnameLookupDepth: number
}

export const DEFAULT_WEB_OPTIONS: WebOptions = {
  tempurl: DEFAULT_TEMPURL_OPTIONS,
  formpostDigests: SIGNATURE_DIGESTS,
  urlBase: undefined,
  domainRemap: {
    // Which domains are ours, only the operator knows.
    storageDomains: [],
    pathRoot: 'v1',
    resellerPrefixes: ['AUTH'],
    defaultResellerPrefix: undefined,
    clientPaths: 'kept',
  },
  cnameLookup: 'off',
  cnameLookupDepth: 1,
}

/** Digests that OpenStack Swift means to give up. */
const DEPRECATED: readonly SignatureDigest[] = ['sha1']

export function tempUrlSection({ tempurl }: WebOptions): InfoSections {
  return {
    tempurl: {
      methods: tempurl.methods,
      incoming_remove_headers: tempurl.incomingRemoveHeaders,
      incoming_allow_headers: tempurl.incomingAllowHeaders,
      outgoing_remove_headers: tempurl.outgoingRemoveHeaders,
      outgoing_allow_headers: tempurl.outgoingAllowHeaders,
      ...digestsIn(tempurl.allowedDigests),
    },
  }
}

export function formPostSection({ formpostDigests }: WebOptions): InfoSections {
  return { formpost: digestsIn(formpostDigests) }
}

function digestsIn(allowed: readonly SignatureDigest[]): Readonly<Record<string, unknown>> {
  const deprecated = allowed.filter((digest) => DEPRECATED.includes(digest))
  const shown = { allowed_digests: allowed.toSorted() }
  return deprecated.length === 0 ? shown : { ...shown, deprecated_digests: deprecated }
}

export function staticWebSection(): InfoSections {
  return { staticweb: {} }
}

export function domainRemapSection({ domainRemap }: WebOptions): InfoSections {
  if (domainRemap.storageDomains.length === 0) return {}
  return { domain_remap: { default_reseller_prefix: domainRemap.defaultResellerPrefix ?? null } }
}

export function cnameLookupSection(options: WebOptions): InfoSections {
  return isCnameLookupOn(options) ? { cname_lookup: { lookup_depth: options.cnameLookupDepth } } : {}
}

export function isCnameLookupOn({ cnameLookup, domainRemap }: WebOptions): boolean {
  return cnameLookup === 'on' && domainRemap.storageDomains.length > 0
}
