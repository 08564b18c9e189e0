/** The query of a listing, checked (OpenStack Swift, `common/request_helpers.py`; the texts are Swift's). */
import { LISTING_LIMIT } from '#base/limits.ts'
import type { Response } from '#http/message.ts'
import type { Query } from '#http/query.ts'
import type { ListingQuery } from '#store/listing.ts'
import { HTML_TYPE, TEXT_TYPE, textAnswer } from '../answers.ts'
import { isTrue } from './visit.ts'

export type ParsedListingQuery =
  | { readonly kind: 'query'; readonly query: ListingQuery }
  | { readonly kind: 'refused'; readonly response: Response }

const CHECKED = ['marker', 'end_marker', 'prefix', 'delimiter', 'path', 'format', 'reverse', 'limit'] as const

/** The typed query, or the refusal: 400 for what is not UTF-8, 412 for a limit above the largest page. */
export function listingQueryFrom(
  { values, invalid }: Query,
  of: 'account' | 'container',
): ParsedListingQuery {
  const bad = CHECKED.find((name) => invalid.has(name))
  if (bad !== undefined) return { kind: 'refused', response: notUtf8(bad, of) }
  if (of === 'container' && values.has('versions') && values.has('version_marker') && !values.has('marker')) {
    return { kind: 'refused', response: textAnswer(400, 'version_marker param requires marker', HTML_TYPE) }
  }
  if (of === 'container' && values.has('versions') && values.get('version_marker') === '') {
    return { kind: 'refused', response: textAnswer(400, 'invalid version_marker param', HTML_TYPE) }
  }
  const limit = limitIn(values.get('limit'))
  if (limit > LISTING_LIMIT) {
    return { kind: 'refused', response: textAnswer(412, `Maximum limit is ${LISTING_LIMIT}`, HTML_TYPE) }
  }
  return {
    kind: 'query',
    query: {
      prefix: given(values.get('prefix')),
      delimiter: given(values.get('delimiter')),
      marker: given(values.get('marker')),
      endMarker: given(values.get('end_marker')),
      // An empty path is a path: the root.
      path: of === 'container' ? values.get('path') : undefined,
      limit,
      reverse: isTrue(values.get('reverse')),
      versions:
        of === 'container' && values.has('versions')
          ? { marker: given(values.get('version_marker')) }
          : undefined,
    },
  }
}

export function notUtf8(parameter: string, of: 'account' | 'container'): Response {
  const type = of === 'container' ? TEXT_TYPE : HTML_TYPE
  return textAnswer(400, `"${parameter}" parameter not valid UTF-8`, type)
}

/** What is no number is the default. */
function limitIn(written: string | undefined): number {
  return written !== undefined && /^\d+$/.test(written) ? Number(written) : LISTING_LIMIT
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
