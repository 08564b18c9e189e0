/** The `Host` header, taken apart and put together, and the domains that a cluster serves. */
import type { HeaderMap, Request } from '#http/message.ts'

export interface Host {
  /** As written. */
  readonly name: string
  /** With its colon; empty without one. */
  readonly port: string
}

/** `undefined` without a header, and for an address in brackets: that is no name. */
export function hostOf({ headers }: Request): Host | undefined {
  const written = headers['host']
  if (written === undefined || written === '' || written.includes('[')) return undefined
  const colon = written.lastIndexOf(':')
  return colon < 0
    ? { name: written, port: '' }
    : { name: written.slice(0, colon), port: written.slice(colon) }
}

/** `.example.com` of `example.com`; what has its dot keeps it. */
export function dotted(domains: readonly string[]): readonly string[] {
  return domains.map((domain) => (domain.startsWith('.') ? domain : `.${domain}`))
}

/** The domain, with its dot, that a name ends with; names of hosts know no case. */
export function domainOf(name: string, domains: readonly string[]): string | undefined {
  const lower = name.toLowerCase()
  return domains.find((domain) => lower.endsWith(domain.toLowerCase()))
}

/** Where an answer names a place: the headers that may hold one of our own URLs. */
export const PLACE_HEADERS = ['location', 'content-location'] as const

/** The headers with one URL's worth of text rewritten in those that name a place. */
export function withPlaces<Headers extends Readonly<Record<string, string | readonly string[] | undefined>>>(
  headers: Headers,
  rewrite: (url: string) => string,
): Headers {
  const changed: Record<string, string> = {}
  for (const name of PLACE_HEADERS) {
    const value = headers[name]
    if (typeof value === 'string') changed[name] = rewrite(value)
  }
  return Object.keys(changed).length === 0 ? headers : { ...headers, ...changed }
}

/** The request with another host. */
export function withHost(request: Request, host: string): Request {
  const headers: HeaderMap = { ...request.headers, host }
  return { ...request, headers }
}
