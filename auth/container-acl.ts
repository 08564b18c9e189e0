/**
 * The access lists of `X-Container-Read` and `X-Container-Write`: a comma-separated list of groups and of referrer
 * designations (`.r:*`, `.r:.example.com`, `.r:-thief.example.com`, `.rlistings`).
 *
 * `cleanAcl` is what a container stores, `parseAcl` what a decision reads. The texts of refusals are those of OpenStack
 * Swift (`common/middleware/acl.py`), which clients show to people.
 */

export interface ContainerAcl {
  /** Referrer designations without `.r:`, in the order they are applied. */
  readonly referrers: readonly string[]
  /** Accounts, users (`account:user`) and `.rlistings`. */
  readonly groups: readonly string[]
}

export type CleanedAcl =
  | { readonly kind: 'clean'; readonly value: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Lets a container be listed, not only read, by those its referrer designations admit. */
export const LISTINGS_GROUP = '.rlistings'

const REFERRER_DESIGNATORS: readonly string[] = ['.r', '.ref', '.referer', '.referrer']
/** What may stand before the `//` of a URL (RFC 3986, section 3.1), or nothing. */
const SCHEME = /^(?:[a-z][a-z0-9+.-]*:)?$/i
const NOBODY: ContainerAcl = { referrers: [], groups: [] }

/**
 * The form in which an access list is stored: blanks and empty items removed, designators shortened to `.r:`.
 * `header` is the lower-case header name; a write list may not designate referrers.
 */
export function cleanAcl(header: string, value: string): CleanedAcl {
  const items: string[] = []
  for (const part of value.split(',')) {
    const item = part.trim()
    if (item === '') continue
    const cleaned = cleanItem(item, header.includes('write'))
    if (cleaned.kind === 'refused') return cleaned
    items.push(cleaned.value)
  }
  return { kind: 'clean', value: items.join(',') }
}

function cleanItem(item: string, isWriteList: boolean): CleanedAcl {
  const colon = item.indexOf(':')
  const designator = colon < 0 ? '' : item.slice(0, colon).trim()
  if (!designator.startsWith('.')) return { kind: 'clean', value: item }
  if (!REFERRER_DESIGNATORS.includes(designator)) {
    return refused(`Unknown designator ${quoted(designator)} in ACL: ${quoted(item)}`)
  }
  if (isWriteList) return refused(`Referrers not allowed in write ACL: ${quoted(item)}`)
  return cleanReferrer(item, item.slice(colon + 1).trim())
}

function cleanReferrer(item: string, designation: string): CleanedAcl {
  const negated = designation.startsWith('-')
  let host = negated ? designation.slice(1).trim() : designation
  if (host !== '*' && host.startsWith('*')) host = host.slice(1).trim()
  if (host === '' || host === '.') {
    return refused(`No host/domain value after referrer designation in ACL: ${quoted(item)}`)
  }
  return { kind: 'clean', value: `.r:${negated ? '-' : ''}${host}` }
}

function refused(reason: string): CleanedAcl {
  return { kind: 'refused', reason }
}

/** A value in quotes as Swift's messages show it: single quotes unless the value holds some, escapes as in Python. */
export function quoted(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  let written = ''
  for (const character of value) written += escaped(character, quote)
  return `${quote}${written}${quote}`
}

function escaped(character: string, quote: string): string {
  if (character === '\\' || character === quote) return `\\${character}`
  if (character === '\t') return '\\t'
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code === 0xad) {
    return `\\x${code.toString(16).padStart(2, '0')}`
  }
  return character
}

/** Reads a stored access list. The header value is bytes; names in it are UTF-8 and may be percent-encoded. */
export function parseAcl(written: string | undefined): ContainerAcl {
  if (written === undefined || written === '') return NOBODY
  const referrers: string[] = []
  const groups: string[] = []
  for (const item of Buffer.from(written, 'latin1').toString('utf8').split(',')) {
    if (item.startsWith('.r:')) referrers.push(item.slice('.r:'.length))
    else groups.push(percentDecoded(item))
  }
  return { referrers, groups }
}

function percentDecoded(item: string): string {
  if (!item.includes('%')) return item
  try {
    return decodeURIComponent(item)
  } catch {
    return item
  }
}

/** Whether the `Referer` header's host is admitted. Designations apply in their order; the last that matches wins. */
export function referrerAllowed(referer: string | undefined, designations: readonly string[]): boolean {
  if (designations.length === 0) return false
  const host = hostOf(referer)
  let allowed = false
  for (const designation of designations) {
    if (designation.startsWith('-')) {
      if (hostMatches(host, designation.slice(1))) allowed = false
    } else if (designation === '*' || hostMatches(host, designation)) {
      allowed = true
    }
  }
  return allowed
}

function hostMatches(host: string, designated: string): boolean {
  return host === designated || (designated.startsWith('.') && host.endsWith(designated))
}

/** Host name of a URL, lower-case; `unknown` when there is none. Linear in the length of the header. */
function hostOf(referer: string | undefined): string {
  if (referer === undefined) return 'unknown'
  const slashes = referer.indexOf('//')
  if (slashes < 0 || !SCHEME.test(referer.slice(0, slashes))) return 'unknown'
  let authority = referer.slice(slashes + 2)
  for (const end of ['/', '?', '#']) {
    const at = authority.indexOf(end)
    if (at >= 0) authority = authority.slice(0, at)
  }
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const name = host.startsWith('[') ? host.slice(1).split(']', 1)[0] : host.split(':', 1)[0]
  return name === undefined || name === '' ? 'unknown' : name.toLowerCase()
}
