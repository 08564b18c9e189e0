/**
 * Websites under their own domain (OpenStack Swift, `common/middleware/cname_lookup.py`): a host that is none of the
 * cluster's is looked up, and when it is an alias of one, the request goes on with that one.
 *
 *     www.example.test  CNAME  site.AUTH-account.DOMAIN
 */
import { isIpAddress } from '#auth/ip-range.ts'
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import type { CanonicalName, CanonicalNames } from '#http/canonical-names.ts'
import { textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'
import { domainOf, dotted, hostOf, withHost, withPlaces } from './host-header.ts'

export interface CnameLookupOptions {
  /** Domains of the cluster; without any, the layer does nothing. */
  readonly storageDomains: readonly string[]
  /** Aliases followed one after the other. */
  readonly lookupDepth: number
}

export interface CnameLookupDeps {
  readonly clock: Clock
  readonly names: CanonicalNames
  readonly options: CnameLookupOptions
}

/** An answer is kept for as long as OpenStack Swift keeps "there is none"; our resolver does not tell how long it holds. */
const KEPT_MS = 60_000
const KEPT_MAX = 10_000
/** RFC 1035, section 2.3.4. */
const NAME_MAX = 253
/** Letters, digits, hyphens, and the underscores that people use anyway. */
const LABEL = /^[a-z0-9_-]{1,63}$/

export function cnameLookup({ clock, names, options }: CnameLookupDeps): ProxyLayer | undefined {
  if (options.storageDomains.length === 0) return undefined
  const domains = dotted(options.storageDomains)
  const known = new AgingLru<CanonicalName>(clock, KEPT_MAX)
  const lookUp = async (host: string): Promise<CanonicalName> => {
    const held = known.get(host)
    if (held !== undefined) return held
    const found = await names.lookUp(host)
    if (found.kind !== 'unknown') known.set(host, found, KEPT_MS)
    return found
  }
  return (inner) => async (transaction) => {
    const { request } = transaction
    const host = hostOf(request)
    // The domain itself is the cluster's address.
    if (host === undefined || isIpAddress(host.name) || domainOf(`.${host.name}`, domains) !== undefined) {
      return inner(transaction)
    }
    const found = await storageHost(host.name, lookUp, domains, options.lookupDepth)
    if (found.kind === 'no_alias') return textAnswer(400, 'CNAME lookup failed to resolve to a valid domain')
    if (found.kind === 'too_many')
      return textAnswer(400, `CNAME lookup failed after ${options.lookupDepth} tries`)
    const ours = found.host + host.port
    transaction.request = withHost(request, ours)
    const response = await inner(transaction)
    const theirs = host.name + host.port
    return { ...response, headers: withPlaces(response.headers, (url) => replacedHost(url, ours, theirs)) }
  }
}

type StorageHost =
  | { readonly kind: 'found'; readonly host: string }
  | { readonly kind: 'no_alias' }
  /** Of aliases that are followed. */
  | { readonly kind: 'too_many' }

/** The cluster's own host that the name is an alias of. */
async function storageHost(
  name: string,
  lookUp: (host: string) => Promise<CanonicalName>,
  domains: readonly string[],
  depth: number,
): Promise<StorageHost> {
  // A dot at the end says that the name is whole.
  let host = name.toLowerCase().replace(/\.$/, '')
  for (let step = 0; step < depth; step += 1) {
    const found = isHostName(host) ? await lookUp(host) : undefined
    if (found?.kind !== 'alias' || found.of === host) return { kind: 'no_alias' }
    if (domainOf(`.${found.of}`, domains) !== undefined) return { kind: 'found', host: found.of }
    host = found.of.toLowerCase()
  }
  return { kind: 'too_many' }
}

function isHostName(lower: string): boolean {
  return lower.length <= NAME_MAX && lower.split('.').every((label) => LABEL.test(label))
}

/** A redirect to the cluster's host names the one that the visitor knows. */
function replacedHost(url: string, ours: string, theirs: string): string {
  const match = /^(https?:\/\/)([^/]*)(.*)$/.exec(url)
  return match !== null && match[2] === ours ? `${match[1]}${theirs}${match[3]}` : url
}
