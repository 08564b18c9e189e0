/**
 * Where `web-download` may fetch from. Schemes, hosts and ports by lists (OpenStack Glance, `import_filtering_opts`), and
 * addresses by what they are: what is not on the public network is reached only for a host that the operator names.
 * Numbers that are written in other ways than addresses usually are (octal, hexadecimal, one long number) are refused. Pure.
 */

import { isPublic } from '#http/public-address.ts'

export interface FetchRules {
  readonly allowedSchemes: readonly string[]
  /** When there are any, only these; names or addresses. */
  readonly allowedHosts: readonly string[]
  readonly disallowedHosts: readonly string[]
  readonly allowedPorts: readonly number[]
}

export const DEFAULT_FETCH_RULES: FetchRules = {
  allowedSchemes: ['http', 'https'],
  allowedHosts: [],
  disallowedHosts: [],
  allowedPorts: [80, 443],
}

/** Why a URI may not be fetched; `undefined` when, by what is written in it, it may. */
export function uriRefusal(uri: string, rules: FetchRules): string | undefined {
  const url = parsedUrl(uri)
  if (url === undefined) return 'it is no absolute URI'
  const host = hostOf(url)
  if (!rules.allowedSchemes.includes(url.protocol.slice(0, -1)))
    return `its scheme ${url.protocol} is not allowed`
  if (url.username !== '' || url.password !== '') return 'it has credentials in it'
  if (host === '') return 'it names no host'
  if (isDisguised(uri)) return 'its host is a number in disguise'
  if (url.port !== '' && !rules.allowedPorts.includes(Number(url.port)))
    return `its port ${url.port} is not allowed`
  if (rules.allowedHosts.length > 0) {
    return rules.allowedHosts.includes(host) ? undefined : `its host ${host} is not allowed`
  }
  return rules.disallowedHosts.includes(host) ? `its host ${host} is not allowed` : undefined
}

/** Whether a connection on behalf of a URI may go to an address. */
export function mayReachFor(uri: string, rules: FetchRules): (address: string) => boolean {
  const url = parsedUrl(uri)
  const isNamed = url !== undefined && rules.allowedHosts.includes(hostOf(url))
  return (address) => isNamed || (isPublic(address) && !rules.disallowedHosts.includes(address))
}

export function parsedUrl(uri: string): URL | undefined {
  return URL.canParse(uri) ? new URL(uri) : undefined
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

/** Everything that programs take for an IPv4 address although it is not written as one. */
function isDisguised(uri: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1] ?? ''
  const host = (authority.split('@').at(-1) ?? '').replace(/:\d*$/, '')
  if (host.startsWith('[')) return false
  if (!/^(?:0x[\da-f]*|\d+)(?:\.(?:0x[\da-f]*|\d+))*\.?$/i.test(host)) return false
  return !/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(host)
}
