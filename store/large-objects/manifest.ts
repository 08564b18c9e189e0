/**
 * The manifest of a static large object, in the form in which OpenStack Swift stores it (`common/middleware/slo.py`): JSON
 * of its segments as the object's body, and beside it the size and the ETag of what they make together. Pure.
 */
import { hash } from 'node:crypto'
import { isTrueValue } from '#backend/address.ts'
import { type JsonValue, pythonJson } from '#base/python-json.ts'
import type { ByteRange } from '#http/ranges.ts'

/** Marks the manifest of a static large object; its value is `True`. */
export const STATIC_MARK = 'x-static-large-object'
/** Names the segments of a dynamic large object: `container/prefix`, percent-encoded. */
export const DYNAMIC_MARK = 'x-object-manifest'
/** ETag and size of what the segments make together. Manifests of old releases of Swift lack both. */
export const ETAG_AT = 'x-object-sysmeta-slo-etag'
export const SIZE_AT = 'x-object-sysmeta-slo-size'

export interface ObjectSegment {
  readonly kind: 'object'
  /** `/container/object`, decoded. */
  readonly path: string
  /** Of the whole object, or, when it is a manifest, of what that stands for. */
  readonly etag: string
  readonly sizeBytes: number
  readonly contentType: string
  /** Swift's ISO form. */
  readonly lastModified: string
  /** The part of the object that is used; without it, all. */
  readonly range: ByteRange | undefined
  /** The object is the manifest of a static large object itself. */
  readonly isManifest: boolean
}

export interface InlineSegment {
  readonly kind: 'inline'
  readonly bytes: Buffer
}

export type Segment = ObjectSegment | InlineSegment

/** How many bytes the segment adds to the large object. */
export function lengthOf(segment: Segment): number {
  if (segment.kind === 'inline') return segment.bytes.length
  return segment.range === undefined ? segment.sizeBytes : segment.range.end - segment.range.start
}

export function totalBytes(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + lengthOf(segment), 0)
}

/** The ETag of the large object: MD5 over the ETags of its segments, with the ranges used of them. */
export function joinedEtag(segments: readonly Segment[]): string {
  return hash('md5', segments.map(etagPart).join(''))
}

function etagPart(segment: Segment): string {
  if (segment.kind === 'inline') return hash('md5', segment.bytes)
  return segment.range === undefined ? segment.etag : `${segment.etag}:${writtenRange(segment.range)};`
}

/** First and last byte, as manifests have them. */
export function writtenRange({ start, end }: ByteRange): string {
  return `${start}-${end - 1}`
}

/** The body to be stored. */
export function manifestJson(segments: readonly Segment[]): Buffer {
  return Buffer.from(pythonJson(segments.map(memberOf)))
}

function memberOf(segment: Segment): JsonValue {
  if (segment.kind === 'inline') return { data: segment.bytes.toString('base64') }
  const { path, sizeBytes, etag, contentType, lastModified, range, isManifest } = segment
  return {
    name: path,
    bytes: sizeBytes,
    hash: etag,
    content_type: contentType,
    last_modified: lastModified,
    range: range && writtenRange(range),
    sub_slo: isManifest ? true : undefined,
  }
}

/** The segments of a stored manifest; `undefined` when it is none. */
export function parseManifest(json: Buffer): readonly Segment[] | undefined {
  const members = listIn(json)
  if (members === undefined) return undefined
  const segments: Segment[] = []
  for (const member of members) {
    const segment = segmentOf(member)
    if (segment === undefined) return undefined
    segments.push(segment)
  }
  return segments
}

function listIn(json: Buffer): readonly unknown[] | undefined {
  try {
    const parsed = JSON.parse(json.toString('utf8')) as unknown
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

interface StoredMember {
  readonly data?: unknown
  readonly name?: unknown
  readonly bytes?: unknown
  readonly hash?: unknown
  readonly content_type?: unknown
  readonly last_modified?: unknown
  readonly range?: unknown
  readonly sub_slo?: unknown
}

function segmentOf(value: unknown): Segment | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const member = value as StoredMember
  if (typeof member.data === 'string') return { kind: 'inline', bytes: Buffer.from(member.data, 'base64') }
  const { name, hash: etag } = member
  if (typeof name !== 'string' || typeof etag !== 'string') return undefined
  const isManifest = isTrueValue(String(member.sub_slo))
  const contentType = typeof member.content_type === 'string' ? member.content_type : ''
  const typed = isManifest ? typeWithSize(contentType) : { contentType, sizeBytes: undefined }
  const sizeBytes = typed.sizeBytes ?? Number(member.bytes)
  const range = rangeIn(member.range)
  if (!Number.isSafeInteger(sizeBytes) || range === 'malformed') return undefined
  const lastModified = typeof member.last_modified === 'string' ? member.last_modified : ''
  return {
    kind: 'object',
    path: name,
    etag,
    sizeBytes,
    contentType: typed.contentType,
    lastModified,
    range,
    isManifest,
  }
}

const SWIFT_BYTES = /;\s*swift_bytes=(\d{1,15})\s*$/

/** Old manifests have the size of what a nested manifest stands for in its content type. */
export function typeWithSize(contentType: string): {
  readonly contentType: string
  readonly sizeBytes: number | undefined
} {
  const match = SWIFT_BYTES.exec(contentType)
  if (match === null) return { contentType, sizeBytes: undefined }
  return { contentType: contentType.slice(0, match.index), sizeBytes: Number(match[1]) }
}

function rangeIn(value: unknown): ByteRange | undefined | 'malformed' {
  if (value === undefined || value === null || value === '') return undefined
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(String(value))
  if (match === null) return 'malformed'
  const [start, last] = [Number(match[1]), Number(match[2])]
  return last < start ? 'malformed' : { start, end: last + 1 }
}
