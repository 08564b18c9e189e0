/** The seam for the domain name system: what a name is an alias of. */
import { Resolver } from 'node:dns/promises'

/** What a host's name is another name for (its CNAME record). */
export type CanonicalName =
  | { readonly kind: 'alias'; readonly of: string }
  /** It is no alias, or does not exist. */
  | { readonly kind: 'none' }
  /** Nobody could tell. */
  | { readonly kind: 'unknown' }

export interface CanonicalNames {
  /** Never rejects. */
  lookUp(host: string): Promise<CanonicalName>
}

export interface ResolverOptions {
  /** `address` or `address:port`; those of the machine when there are none. */
  readonly servers: readonly string[]
  /** Longest wait for a server, milliseconds. */
  readonly timeoutMs: number
}

const TRIES = 2
/** There is no such name, or it has no such record: an answer, and not a failure. */
const IS_NONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])

/** Asks real servers. Throws when one of them is no address. */
export function dnsNames({ servers, timeoutMs }: ResolverOptions): CanonicalNames {
  const resolver = new Resolver({ timeout: timeoutMs, tries: TRIES })
  if (servers.length > 0) resolver.setServers(servers)
  return {
    async lookUp(host) {
      try {
        const [first] = await resolver.resolveCname(host)
        return first === undefined ? { kind: 'none' } : { kind: 'alias', of: first.replace(/\.$/, '') }
      } catch (error) {
        const { code } = error as { readonly code?: string }
        return { kind: code !== undefined && IS_NONE.has(code) ? 'none' : 'unknown' }
      }
    },
  }
}
