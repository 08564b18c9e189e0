/**
 * In which form a listing is sent: the `format` parameter decides, else the `Accept` header (OpenStack Swift,
 * `common/middleware/listing_formats.py`). Parsing is linear in the header's length.
 */
import type { Request, Response } from '#http/message.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'

export type ListingType = 'text/plain' | 'application/json' | 'application/xml' | 'text/xml'

export type ListingFormat =
  | {
      readonly kind: 'format'
      readonly type: ListingType
      /** `Vary: Accept`, unless the parameter decided. */
      readonly varies: boolean
    }
  | { readonly kind: 'refused'; readonly response: Response }

const TYPES: readonly ListingType[] = ['text/plain', 'application/json', 'application/xml', 'text/xml']
const BY_PARAMETER: Readonly<Record<string, ListingType>> = {
  plain: 'text/plain',
  json: 'application/json',
  xml: 'application/xml',
}

export function listingFormatOf(request: Request, parameters: ReadonlyMap<string, string>): ListingFormat {
  const parameter = parameters.get('format')
  if (parameter !== undefined && parameter !== '') {
    const type = Object.hasOwn(BY_PARAMETER, parameter.toLowerCase())
      ? BY_PARAMETER[parameter.toLowerCase()]
      : undefined
    return { kind: 'format', type: type ?? 'text/plain', varies: false }
  }
  const accepted = bestAccepted(request.headers['accept'])
  if (accepted === 'malformed') {
    return { kind: 'refused', response: textAnswer(400, 'Invalid Accept header', HTML_TYPE) }
  }
  if (accepted === undefined) return { kind: 'refused', response: answer(406) }
  return { kind: 'format', type: accepted, varies: parameter === undefined }
}

interface MediaRange {
  readonly type: string
  readonly subtype: string
  readonly quality: number
}

function bestAccepted(accept: string | undefined): ListingType | 'malformed' | undefined {
  if (accept === undefined || accept === '') return 'text/plain'
  const ranges: MediaRange[] = []
  for (const written of accept.split(',')) {
    const range = mediaRange(written)
    if (range === undefined) return 'malformed'
    ranges.push(range)
  }
  // Highest quality first; of the same quality, exact types before those with a star; else as written.
  ranges.sort((left, right) => right.quality - left.quality || Number(isExact(right)) - Number(isExact(left)))
  for (const range of ranges) {
    const type = TYPES.find((candidate) => matches(range, candidate))
    if (type !== undefined) return type
  }
  return undefined
}

function isExact(range: MediaRange): boolean {
  return range.type !== '*' && range.subtype !== '*'
}

function matches(range: MediaRange, candidate: ListingType): boolean {
  const [type, subtype] = candidate.split('/')
  return (range.type === '*' || range.type === type) && (range.subtype === '*' || range.subtype === subtype)
}

/** RFC 9110 tokens. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const QUALITY = /^(?:\d+(?:\.\d*)?|\.\d+)$/

function mediaRange(written: string): MediaRange | undefined {
  const [media = '', ...parameters] = written.split(';')
  const [type = '', subtype = '', ...more] = media.trim().split('/')
  if (more.length > 0 || !TOKEN.test(type) || !TOKEN.test(subtype)) return undefined
  const quality = qualityIn(parameters)
  return quality === undefined ? undefined : { type, subtype, quality }
}

/** `undefined` when a parameter is malformed. */
function qualityIn(parameters: readonly string[]): number | undefined {
  let quality: number | undefined
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    const name = parameter.slice(0, Math.max(equals, 0)).trim()
    const value = parameter.slice(equals + 1).trim()
    if (!TOKEN.test(name) || value === '') return undefined
    if (name !== 'q') continue
    if (quality !== undefined || !QUALITY.test(value)) return undefined
    quality = Number(value)
  }
  return quality ?? 1
}
