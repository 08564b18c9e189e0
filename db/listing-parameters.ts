/**
 * What a listing request asks for, from its query and `Accept` (OpenStack Swift, `common/request_helpers.py`:
 * `validate_container_params`, `constrain_req_limit`; `middleware/listing_formats.py`: `get_listing_content_type`).
 */
import { LISTING_LIMIT } from '#base/limits.ts'
import type { Request } from '#http/message.ts'
import type { ListingQuery } from './listing.ts'
import { QueryParameters } from './query-parameters.ts'

/** What a listing can be rendered as; the first is given when the request does not care. */
export const LISTING_TYPES = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const
export type ListingType = (typeof LISTING_TYPES)[number]

export interface BadListing {
  readonly kind: 'bad_listing'
  readonly status: 400 | 406 | 412
  /** Empty for the status' own explanation. */
  readonly text: string
}

type NameParameter = 'marker' | 'end_marker' | 'prefix' | 'delimiter' | 'path' | 'reverse' | 'format'

const NAME_PARAMETERS: readonly NameParameter[] = [
  'marker',
  'end_marker',
  'prefix',
  'delimiter',
  'path',
  'reverse',
  'format',
]
const TRUE_VALUES: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 't', 'y'])
const FORMATS: Readonly<Record<string, ListingType>> = { json: 'application/json', xml: 'application/xml' }

/** The listing asked for. `limitMax` is the most entries of an answer. */
export function parseListingQuery(
  request: Request,
  reservedNames: ListingQuery['reservedNames'],
  limitMax: number = LISTING_LIMIT,
): ListingQuery | BadListing {
  const parameters = new QueryParameters(request.query)
  const texts: Partial<Record<NameParameter, string>> = {}
  for (const name of NAME_PARAMETERS) {
    const value = parameters.get(name)
    if (value === 'not_utf8') return bad(400, `"${name}" parameter not valid UTF-8`)
    if (value !== undefined) texts[name] = value.text
  }
  const limit = limitOf(parameters, limitMax)
  if (typeof limit !== 'number') return limit
  return {
    limit,
    marker: texts.marker,
    endMarker: texts.end_marker,
    prefix: texts.prefix,
    delimiter: texts.delimiter,
    path: texts.path,
    direction: TRUE_VALUES.has((texts.reverse ?? '').toLowerCase()) ? 'reverse' : 'forward',
    reservedNames,
  }
}

function limitOf(parameters: QueryParameters, limitMax: number): number | BadListing {
  const written = parameters.get('limit')
  if (written === 'not_utf8') return bad(400, '"limit" parameter not valid UTF-8')
  if (written === undefined || !/^\d+$/.test(written.text)) return limitMax
  const limit = Number(written.text)
  return limit > limitMax ? bad(412, `Maximum limit is ${limitMax}`) : limit
}

/** What to render the listing as: the `format` parameter decides, else `Accept`. */
export function listingType(request: Request): ListingType | BadListing {
  const format = new QueryParameters(request.query).get('format')
  if (format === 'not_utf8') return bad(400, '"format" parameter not valid UTF-8')
  if (format !== undefined && format.text !== '') return FORMATS[format.text.toLowerCase()] ?? 'text/plain'
  const accept = request.headers['accept']
  if (accept === undefined || accept === '') return 'text/plain'
  const ranges = parseAccept(accept)
  if (ranges === undefined) return bad(400, 'Invalid Accept header')
  for (const range of ranges) {
    const match = LISTING_TYPES.find((type) => covers(range, type))
    if (match !== undefined) return match
  }
  return bad(406, '')
}

interface MediaRange {
  readonly type: string
  readonly subtype: string
  readonly quality: number
}

const TOKEN = String.raw`[^()<>@,;:"/\[\]?={}\x00-\x20\x7f]+`
const MEDIA_RANGE = new RegExp(`^(${TOKEN})/(${TOKEN})$`)

/** Best first: by quality, then exact types before wildcards. `undefined` when the header is malformed. */
function parseAccept(header: string): readonly MediaRange[] | undefined {
  const ranges: MediaRange[] = []
  for (const part of header.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    const match = MEDIA_RANGE.exec(type)
    if (match === null) return undefined
    const quality = qualityOf(parameters)
    if (quality === undefined) return undefined
    ranges.push({ type: match[1] ?? '', subtype: match[2] ?? '', quality })
  }
  return ranges.toSorted((left, right) => right.quality - left.quality || isExact(right) - isExact(left))
}

function qualityOf(parameters: readonly string[]): number | undefined {
  const written = parameters.filter((parameter) => parameter !== '').map((parameter) => parameter.split('='))
  if (written.some((parameter) => parameter.length !== 2)) return undefined
  const qualities = written
    .filter(([name = '']) => name.trim() === 'q')
    .map(([, value = '']) => Number(value.trim()))
  if (qualities.length > 1 || qualities.some(Number.isNaN)) return undefined
  return qualities[0] ?? 1
}

function isExact({ type, subtype }: MediaRange): number {
  return type === '*' || subtype === '*' ? 0 : 1
}

function covers(range: MediaRange, candidate: ListingType): boolean {
  const [type, subtype] = candidate.split('/')
  return (range.type === '*' || range.type === type) && (range.subtype === '*' || range.subtype === subtype)
}

function bad(status: BadListing['status'], text: string): BadListing {
  return { kind: 'bad_listing', status, text }
}
