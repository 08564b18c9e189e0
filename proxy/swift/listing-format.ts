/**
 * In which form a listing is sent: the `format` parameter decides, else the `Accept` header (OpenStack Swift,
 * `common/middleware/listing_formats.py`; the texts are Swift's).
 */
import { type Negotiated, negotiate, negotiateListing } from '#http/accept.ts'
import type { Request, Response } from '#http/message.ts'
import type { Query } from '#http/query.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import { notUtf8 } from './listing-query.ts'

export type ListingFormat =
  | {
      readonly kind: 'format'
      /** `text/plain`, `application/json`, `application/xml` or `text/xml`. */
      readonly type: string
      /** `Vary: Accept`, unless there was a parameter. */
      readonly varies: boolean
    }
  | { readonly kind: 'refused'; readonly response: Response }

const JSON_TYPE = 'application/json'

/** Versions are listed as JSON alone. */
export function versionsFormatOf(request: Request, query: Query): ListingFormat {
  const parameter = query.values.get('format')?.toLowerCase() ?? ''
  if (parameter !== '' && parameter !== 'json') return { kind: 'refused', response: answer(406) }
  const accept = parameter === '' ? request.headers['accept'] : undefined
  return formatOf(negotiate(accept, [JSON_TYPE]), { varies: false })
}

/** The form, or the refusal: 406 when the client accepts none of ours, 400 when its header cannot be read. */
export function listingFormatOf(request: Request, query: Query, of: 'account' | 'container'): ListingFormat {
  if (query.invalid.has('format')) return { kind: 'refused', response: notUtf8('format', of) }
  const parameter = query.values.get('format')
  const negotiated = negotiateListing(request.headers['accept'], parameter)
  return formatOf(negotiated, { varies: parameter === undefined })
}

function formatOf(negotiated: Negotiated, { varies }: { readonly varies: boolean }): ListingFormat {
  switch (negotiated.kind) {
    case 'chosen':
      return { kind: 'format', type: negotiated.contentType, varies }
    case 'not_acceptable':
      return { kind: 'refused', response: answer(406) }
    case 'malformed':
      return { kind: 'refused', response: textAnswer(400, 'Invalid Accept header', HTML_TYPE) }
  }
}
