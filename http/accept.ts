/**
 * `Accept` negotiation as OpenStack Swift does it (`common/swob.py`: `Accept`), but read in linear time: a long header
 * must not cost more than its length.
 */

export type Negotiated =
  | { readonly kind: 'chosen'; readonly contentType: string }
  /** 406: nothing we have is acceptable. */
  | { readonly kind: 'not_acceptable' }
  /** 400: the header cannot be read. */
  | { readonly kind: 'malformed' }

interface MediaRange {
  readonly type: string
  readonly subtype: string
  readonly quality: number
}

// oxlint-disable-next-line no-control-regex -- RFC 2616, section 2.2: a token has no control characters
const TOKEN = /^[^()<>@,;:\\"/[\]?={}\x00-\x20\x7f]+$/
const QUOTED = /^"[^"\\]*"$/
const QUALITY = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i

/** The best of `offered`, in which earlier types win ties. Without a header the first one. */
export function negotiate(accept: string | undefined, offered: readonly string[]): Negotiated {
  const [first] = offered
  if (first === undefined) return { kind: 'not_acceptable' }
  if (accept === undefined || accept === '') return { kind: 'chosen', contentType: first }
  const ranges: MediaRange[] = []
  for (const written of accept.split(',')) {
    const range = parseMediaRange(written)
    if (range === undefined) return { kind: 'malformed' }
    ranges.push(range)
  }
  return choose(ranges.toSorted(byPreference), offered)
}

function choose(ranges: readonly MediaRange[], offered: readonly string[]): Negotiated {
  for (const range of ranges) {
    const contentType = offered.find((option) => isIn(option, range))
    if (contentType !== undefined) return { kind: 'chosen', contentType }
  }
  return { kind: 'not_acceptable' }
}

/** Higher quality first, then what has no wildcard; the sort is stable, so the order of the header decides the rest. */
function byPreference(left: MediaRange, right: MediaRange): number {
  return right.quality - left.quality || Number(isWildcard(left)) - Number(isWildcard(right))
}

function isWildcard(range: MediaRange): boolean {
  return range.type === '*' || range.subtype === '*'
}

function isIn(option: string, range: MediaRange): boolean {
  const [type, subtype] = option.split('/')
  return (range.type === '*' || range.type === type) && (range.subtype === '*' || range.subtype === subtype)
}

function parseMediaRange(written: string): MediaRange | undefined {
  const [media = '', ...parameters] = written.split(';')
  const [type = '', subtype = '', ...excess] = media.trim().split('/')
  if (excess.length > 0 || !TOKEN.test(type) || !TOKEN.test(subtype)) return undefined
  let quality: number | undefined
  for (const parameter of parameters) {
    const [name = '', value = '', ...rest] = parameter.split('=').map((part) => part.trim())
    if (rest.length > 0 || !TOKEN.test(name) || !(TOKEN.test(value) || QUOTED.test(value))) return undefined
    if (name !== 'q') continue
    if (quality !== undefined || !QUALITY.test(value)) return undefined
    quality = Number(value)
  }
  return { type, subtype, quality: quality ?? 1 }
}

/** What listings come in, the preferred one first (Swift `common/middleware/listing_formats.py`). */
export const LISTING_TYPES = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const

/** What `format=` asks for; it overrules `Accept`. Anything else is plain. */
const FORMATS: ReadonlyMap<string, string> = new Map([
  ['plain', 'text/plain'],
  ['json', 'application/json'],
  ['xml', 'application/xml'],
])

/** The content type of a listing. */
export function negotiateListing(accept: string | undefined, format: string | undefined): Negotiated {
  if (format === undefined || format === '') return negotiate(accept, LISTING_TYPES)
  return { kind: 'chosen', contentType: FORMATS.get(format.toLowerCase()) ?? 'text/plain' }
}
