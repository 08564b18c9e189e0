/** Which bucket's website a request is for, by the name of its host. */
import type { Request } from '#http/message.ts'
import { hostOf } from '../../middleware/host-header.ts'
import type { S3Options } from '../options.ts'

export type WebsiteHost =
  /** `<bucket>.<website domain>`: it is a website or nothing. */
  | { readonly kind: 'endpoint'; readonly bucket: string }
  /** Perhaps a domain of somebody's own: the bucket that has its name, if it is a website. */
  | { readonly kind: 'custom'; readonly bucket: string }

/** At least two labels of letters, digits and hyphens: what a bucket can be called, too. */
const DOMAIN_NAME = /^(?=.{4,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/

/** `undefined` when it is for no website. */
export function websiteHost(
  request: Request,
  { websiteDomains, websiteCustomDomains, domains }: S3Options,
): WebsiteHost | undefined {
  const isOn = websiteDomains.length > 0 || websiteCustomDomains === 'on'
  const host = isOn ? hostOf(request)?.name.toLowerCase() : undefined
  if (host === undefined) return undefined
  for (const domain of websiteDomains) {
    if (host.length > domain.length + 1 && host.endsWith(`.${domain}`)) {
      return { kind: 'endpoint', bucket: host.slice(0, -domain.length - 1) }
    }
  }
  if (websiteCustomDomains !== 'on' || !isVisitors(request) || !DOMAIN_NAME.test(host)) return undefined
  const isOurs = domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
  return isOurs ? undefined : { kind: 'custom', bucket: host }
}

/** Browsers neither sign requests nor bring tokens. */
function isVisitors({ method, headers }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return headers['authorization'] === undefined && headers['x-auth-token'] === undefined
}
