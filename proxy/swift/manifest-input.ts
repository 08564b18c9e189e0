/**
 * The list of segments in the body of a `multipart-manifest=put`, read and checked as far as that can be done without
 * looking at the segments (OpenStack Swift, `common/middleware/slo.py`: `parse_and_validate_input`, whose texts these are).
 */
import { isUtf8 } from 'node:buffer'
import { pythonJson } from '#base/python-json.ts'
import type { Response } from '#http/message.ts'
import { parseRange, type RangeSpec, resolveRanges } from '#http/ranges.ts'
import type { SegmentWanted } from '#store/contract.ts'
import type { ObjectName } from '#store/operation.ts'
import { HTML_TYPE, TEXT_TYPE, textAnswer } from '../answers.ts'

export type ManifestInput =
  | { readonly kind: 'segments'; readonly segments: readonly SegmentWanted[] }
  | { readonly kind: 'refused'; readonly response: Response }

type Members = Readonly<Record<string, unknown>>
type Parsed = SegmentWanted | { readonly kind: 'wrong'; readonly problem: string }

/** Where a segment stands in the manifest. */
interface Place {
  readonly isLast: boolean
  /** Of the manifest, `/container/object`, which may not include itself. */
  readonly manifestPath: string
}

const OPTIONAL_OF_PATH: ReadonlySet<string> = new Set(['path', 'range', 'etag', 'size_bytes'])
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export function parseManifestInput(body: Buffer, { container, object }: ObjectName): ManifestInput {
  // Python's reader of JSON, which Swift uses, takes a mark of byte order for what it is.
  const parsed = isUtf8(body) ? parsedJson(body.toString().replace(/^\uFEFF/, '')) : undefined
  if (parsed === undefined) return refused('Manifest must be valid JSON.\n', HTML_TYPE)
  if (!Array.isArray(parsed.value)) return refused('Manifest must be a list.\n', HTML_TYPE)
  const members: readonly unknown[] = parsed.value
  const segments: SegmentWanted[] = []
  const errors: string[] = []
  for (const [at, member] of members.entries()) {
    const place = { isLast: at === members.length - 1, manifestPath: `/${container}/${object}` }
    const segment = segmentOf(member, place)
    if (segment.kind === 'wrong') errors.push(`Index ${at}: ${segment.problem}\n`)
    else segments.push(segment)
  }
  if (members.length > 0 && members.every((member) => isObject(member) && 'data' in member)) {
    errors.push('Inline data segments require at least one object-backed segment.\n')
  }
  return errors.length > 0 ? refused(errors.join(''), TEXT_TYPE) : { kind: 'segments', segments }
}

function refused(text: string, type: string): ManifestInput {
  return { kind: 'refused', response: textAnswer(400, Buffer.from(text).toString('latin1'), type) }
}

function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function segmentOf(member: unknown, place: Place): Parsed {
  if (!isObject(member)) return wrong('not a JSON object')
  if ('data' in member) return extraneous(member, new Set(['data'])) ?? inlineSegment(member['data'])
  if (!('path' in member)) return wrong("expected keys to include one of b'data' or b'path'")
  return extraneous(member, OPTIONAL_OF_PATH) ?? objectSegment(member, place)
}

function wrong(problem: string): Parsed {
  return { kind: 'wrong', problem }
}

function extraneous(member: Members, known: ReadonlySet<string>): Parsed | undefined {
  const unknown = Object.keys(member).filter((key) => !known.has(key))
  return unknown.length === 0
    ? undefined
    : wrong(`extraneous keys ${unknown.toSorted().map(pythonJson).join(', ')}`)
}

function inlineSegment(data: unknown): Parsed {
  const isEncoded = typeof data === 'string' && BASE64.test(data) && data.length % 4 === 0
  if (!isEncoded) return wrong('data must be valid base64')
  const bytes = Buffer.from(data, 'base64')
  return bytes.length === 0
    ? wrong('too small; each segment must be at least 1 byte.')
    : { kind: 'inline', bytes }
}

function objectSegment(member: Members, { isLast, manifestPath }: Place): Parsed {
  const { path, etag, size_bytes: size, range } = member
  if (typeof path !== 'string') return wrong('"path" must be a string')
  if (!(etag === undefined || etag === null || typeof etag === 'string')) {
    return wrong('"etag" must be a string or null (if provided)')
  }
  if (!path.replace(/^\/+|\/+$/g, '').includes('/')) {
    return wrong('path does not refer to an object. Path must be of the form /container/object.')
  }
  const sizeBytes = sizeIn(size)
  if (sizeBytes === 'invalid') return wrong('invalid size_bytes')
  if (sizeBytes !== undefined && sizeBytes < 1 && !isLast) {
    return wrong('too small; each segment must be at least 1 byte.')
  }
  if (`/${path.replace(/^\/+/, '')}` === manifestPath)
    return wrong('manifest must not include itself as a segment')
  const part = rangeIn(range, sizeBytes)
  if (part.kind === 'wrong') return part
  return { kind: 'object', path, etag: etag ?? undefined, sizeBytes, range: part.range }
}

/** Whole numbers, also written as text, as Python's `int` reads them. */
function sizeIn(size: unknown): number | undefined | 'invalid' {
  if (size === undefined || size === null) return undefined
  if (typeof size === 'boolean') return Number(size)
  if (typeof size === 'number') return Number.isFinite(size) ? Math.trunc(size) : 'invalid'
  return typeof size === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(size) ? Number(size) : 'invalid'
}

type Part =
  | { readonly kind: 'range'; readonly range: RangeSpec | undefined }
  | Extract<Parsed, { readonly kind: 'wrong' }>

function rangeIn(written: unknown, sizeBytes: number | undefined): Part {
  if (written === undefined || written === null || written === '') return { kind: 'range', range: undefined }
  const specs = typeof written === 'string' ? parseRange(`bytes=${written}`) : undefined
  if (specs === undefined) return { kind: 'wrong', problem: 'invalid range' }
  if (specs.length > 1) return { kind: 'wrong', problem: 'multiple ranges (only one allowed)' }
  const isOutside = sizeBytes !== undefined && resolveRanges(specs, sizeBytes).kind === 'unsatisfiable'
  if (isOutside) return { kind: 'wrong', problem: 'unsatisfiable range' }
  return { kind: 'range', range: specs[0] }
}
