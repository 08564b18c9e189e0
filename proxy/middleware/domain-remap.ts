/**
 * Accounts and containers by the name of the host (OpenStack Swift, `common/middleware/domain_remap.py`):
 *
 *     http://container.AUTH-account.DOMAIN/object   is   /v1/AUTH_account/container/object
 *     http://AUTH-account.DOMAIN/container/object   is the same
 *
 * Hosts know no underscores and no capitals, so a hyphen stands for the first underscore, and the reseller's prefix is
 * found in any case.
 */
import { textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'
import { domainOf, dotted, hostOf, withPlaces } from './host-header.ts'

export interface DomainRemapOptions {
  /** Domains whose subdomains are accounts and containers; without any, the layer does nothing. */
  readonly storageDomains: readonly string[]
  /** What paths begin with: `v1`. */
  readonly pathRoot: string
  /** Without their underscore: `AUTH`. */
  readonly resellerPrefixes: readonly string[]
  /** Put before accounts that have none of these; without it, such hosts are left alone. */
  readonly defaultResellerPrefix: string | undefined
  /** A path that begins with the path root already is not given it twice. */
  readonly clientPaths: 'mangled' | 'kept'
}

export function domainRemap(options: DomainRemapOptions): ProxyLayer | undefined {
  if (options.storageDomains.length === 0) return undefined
  const domains = dotted(options.storageDomains)
  return (inner) => async (transaction) => {
    const { request } = transaction
    const host = hostOf(request)
    const domain = host && domainOf(host.name, domains)
    if (host === undefined || domain === undefined) return inner(transaction)
    const place = placeIn(host.name.slice(0, -domain.length), options)
    if (place === 'too_deep') return textAnswer(400, 'Bad domain in host header')
    if (place === 'not_ours') return inner(transaction)
    const path = remapped(place, request.path, options)
    transaction.request = { ...request, path }
    const response = await inner(transaction)
    const headers = withPlaces(response.headers, (url) => replacedPath(url, path, request.path))
    return { ...response, headers }
  }
}

interface Place {
  readonly account: string
  readonly container: string | undefined
}

/** The account and container that the labels before the domain name. */
function placeIn(subdomain: string, options: DomainRemapOptions): Place | 'too_deep' | 'not_ours' {
  const labels = subdomain.replaceAll(/^\.+|\.+$/g, '').split('.')
  if (labels.length > 2) return 'too_deep'
  const [first = '', second] = labels
  const account = accountNamed(second ?? first, options)
  if (account === undefined) return 'not_ours'
  return { account, container: second === undefined ? undefined : first }
}

function accountNamed(
  label: string,
  { resellerPrefixes, defaultResellerPrefix }: DomainRemapOptions,
): string | undefined {
  if (resellerPrefixes.length === 0) return label
  const named = label.includes('_') ? label : label.replace('-', '_')
  const given = (named.split('_', 1)[0] ?? '').toLowerCase()
  const prefix = resellerPrefixes.find((one) => one.toLowerCase() === given)
  if (prefix !== undefined) return prefix + named.slice(prefix.length)
  return defaultResellerPrefix === undefined ? undefined : `${defaultResellerPrefix}_${named}`
}

/** `path` is percent-encoded, and stays so. */
function remapped({ account, container }: Place, path: string, options: DomainRemapOptions): string {
  const root = `/${options.pathRoot.replaceAll(/^\/+|\/+$/g, '')}`
  const mangle = options.clientPaths === 'mangled' && `${path}/`.startsWith(`${root}/`)
  const rest = mangle ? path.slice(root.length + 1) : path.slice(1)
  const parts = [account, ...(container === undefined ? [] : [container])].map(encodeURIComponent)
  return `${root}/${parts.join('/')}/${rest}`
}

/** A redirect to a place inside names it as visitors do. */
function replacedPath(url: string, ours: string, theirs: string): string {
  const match = /^(https?:\/\/[^/]+)(\/.*)$/.exec(url)
  if (match === null) return url
  const [, host = '', path = ''] = match
  return path.startsWith(ours) ? host + theirs + path.slice(ours.length) : url
}
