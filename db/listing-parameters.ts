/**
 * What a listing request asks for, from its query and `Accept` (OpenStack Swift, `common/request_helpers.py`:
 * `validate_container_params`, `constrain_req_limit`; `middleware/listing_formats.py`: `get_listing_content_type`).
 */
import { LISTING_LIMIT } from '#base/limits.ts'
import { LISTING_TYPES, negotiateListing } from '#http/accept.ts'
import type { Request } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { ListingQuery } from './listing.ts'

/** What a listing is rendered as. */
export type ListingType = (typeof LISTING_TYPES)[number]

export interface BadListing {
  readonly kind: 'bad_listing'
  readonly status: 400 | 406 | 412
  /** Empty for the status' own explanation. */
  readonly text: string
}

const PARAMETERS = [
  'marker',
  'end_marker',
  'prefix',
  'delimiter',
  'path',
  'reverse',
  'format',
  'limit',
] as const
const TRUE_VALUES: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 't', 'y'])

/** What is listed, and as what it is rendered. */
export interface ListingRequest {
  readonly query: ListingQuery
  readonly type: ListingType
}

/** All that a request says of the listing that it asks for. */
export function parseListing(
  request: Request,
  reservedNames: ListingQuery['reservedNames'],
): ListingRequest | BadListing {
  const query = parseListingQuery(request, reservedNames)
  if ('kind' in query) return query
  const type = listingType(request)
  return typeof type === 'string' ? { query, type } : type
}

/** The listing asked for. `limitMax` is the most entries of an answer. */
export function parseListingQuery(
  request: Request,
  reservedNames: ListingQuery['reservedNames'],
  limitMax: number = LISTING_LIMIT,
): ListingQuery | BadListing {
  const { values, invalid } = parseQuery(request.query)
  const notUtf8 = PARAMETERS.find((name) => invalid.has(name))
  if (notUtf8 !== undefined) return bad(400, `"${notUtf8}" parameter not valid UTF-8`)
  const limit = limitOf(values.get('limit'), limitMax)
  if (limit > limitMax) return bad(412, `Maximum limit is ${limitMax}`)
  return {
    limit,
    marker: values.get('marker'),
    endMarker: values.get('end_marker'),
    prefix: values.get('prefix'),
    delimiter: values.get('delimiter'),
    path: values.get('path'),
    direction: TRUE_VALUES.has((values.get('reverse') ?? '').toLowerCase()) ? 'reverse' : 'forward',
    reservedNames,
  }
}

/** What is not a number is as if it were not there. */
function limitOf(written: string | undefined, limitMax: number): number {
  return written === undefined || !/^\d+$/.test(written) ? limitMax : Number(written)
}

/** What to render the listing as: the `format` parameter decides, else `Accept`. */
export function listingType(request: Request): ListingType | BadListing {
  const { values, invalid } = parseQuery(request.query)
  if (invalid.has('format')) return bad(400, '"format" parameter not valid UTF-8')
  const negotiated = negotiateListing(request.headers['accept'], values.get('format'))
  switch (negotiated.kind) {
    case 'malformed':
      return bad(400, 'Invalid Accept header')
    case 'not_acceptable':
      return bad(406, '')
    case 'chosen':
      return LISTING_TYPES.find((type) => type === negotiated.contentType) ?? 'text/plain'
  }
}

function bad(status: BadListing['status'], text: string): BadListing {
  return { kind: 'bad_listing', status, text }
}
