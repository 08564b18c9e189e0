/** The parts of an object that was uploaded in parts: where each lies, and what is kept of it. */
import type { HeaderMap } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import { type Segment, STATIC_MARK } from '#store/large-objects/manifest.ts'
import { readStoredManifest } from '#store/large-objects/stored-manifest.ts'
import type { Part } from '#store/multipart/parts.ts'
import { partIn, partsPrefix, UPLOAD_ID_AT } from '#store/multipart/upload-names.ts'
import { type S3Error, s3Error } from '../error.ts'
import { checksumHeaders, checksumIn } from '../objects/stored-checksum.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { readOf } from '../versions/version-asked.ts'
import { element, elementOf } from '../xml-writer.ts'
import { checksumElement, partChecksum } from './upload-checksum.ts'

export interface ObjectPart {
  readonly number: number
  readonly path: string
  readonly range: ByteRange
}

/** In order; `undefined` of an object that was put at once, or is not there. */
export async function objectParts(
  visit: S3Visit,
  versionId: string | undefined,
): Promise<{ readonly headers: HeaderMap; readonly parts: readonly ObjectPart[] } | undefined> {
  const { deps, transaction } = visit
  const read = await readStoredManifest(deps.store, transaction, objectOf(visit), readOf(versionId))
  const uploadId = read?.headers[UPLOAD_ID_AT]
  if (read === undefined || uploadId === undefined || read.headers[STATIC_MARK] === undefined)
    return undefined
  return {
    headers: read.headers,
    parts: placesOf(read.segments, partsPrefix(objectOf(visit).object, uploadId)),
  }
}

function placesOf(segments: readonly Segment[], prefix: string): readonly ObjectPart[] {
  const parts: ObjectPart[] = []
  let start = 0
  for (const [at, segment] of segments.entries()) {
    if (segment.kind !== 'object') continue
    const end = start + segment.sizeBytes
    const behind = segment.path.slice(segment.path.indexOf('/', 1) + 1)
    const number = behind.startsWith(prefix) ? partIn(behind.slice(prefix.length))?.number : undefined
    parts.push({ number: number ?? at + 1, path: segment.path, range: { start, end } })
    start = end
  }
  return parts
}

/** Where a part lies in its object. */
export interface PartPlace {
  readonly range: string
  /** Of parts of the object. */
  readonly count: number
  readonly path: string
  /** What is stored with the object. */
  readonly object: HeaderMap
}

/** The place of a part; `undefined` of an object that is its own only part. */
export async function partPlace(
  visit: S3Visit,
  number: number,
  versionId: string | undefined,
): Promise<PartPlace | S3Error | undefined> {
  const found = await objectParts(visit, versionId)
  if (found === undefined) return undefined
  const part = found.parts.find((one) => one.number === number)
  const count = found.parts.length
  if (part === undefined) {
    return s3Error('InvalidPartNumber', {
      extra: { PartNumberRequested: String(number), ActualPartCount: String(count) },
    })
  }
  const range = `bytes=${part.range.start}-${part.range.end - 1}`
  return { range, count, path: part.path, object: found.headers }
}

/** The header that tells the checksum of the part's own bytes, where it is kept. */
export async function partChecksumHeaders(
  visit: S3Visit,
  { path, object }: PartPlace,
): Promise<Readonly<Record<string, string>>> {
  const whole = checksumIn(object)
  if (whole === undefined) return {}
  const kept = (await keptOf(visit, object[UPLOAD_ID_AT] ?? '')).get(path)
  const value = kept && partChecksum(kept, whole.algorithm)
  return value === undefined ? {} : checksumHeaders({ ...whole, value })
}

const MAX_PARTS = 'x-amz-max-parts'
const MARKER = 'x-amz-part-number-marker'
const PAGE_MAX = 1_000

/** `ObjectParts` of GetObjectAttributes; nothing of an object that was put at once. */
export async function objectPartsXml(visit: S3Visit, versionId: string | undefined): Promise<string> {
  const limit = countIn(visit.request.headers, MAX_PARTS, PAGE_MAX)
  const marker = countIn(visit.request.headers, MARKER, 0)
  const found = await objectParts(visit, versionId)
  if (found === undefined) return ''
  const { headers, parts } = found
  const after = parts.filter(({ number }) => number > marker)
  const page = after.slice(0, Math.min(limit, PAGE_MAX))
  const kept = await keptOf(visit, headers[UPLOAD_ID_AT] ?? '')
  const algorithm = checksumIn(headers)?.algorithm
  return elementOf(
    'ObjectParts',
    element('PartsCount', parts.length),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    element('MaxParts', limit),
    element('IsTruncated', page.length > 0 && after.length > page.length),
    ...page.map(({ number, path, range }) => {
      const part = kept.get(path)
      const checksum = algorithm && part && partChecksum(part, algorithm)
      return elementOf(
        'Part',
        element('PartNumber', number),
        element('Size', range.end - range.start),
        algorithm === undefined ? '' : element(checksumElement(algorithm), checksum),
      )
    }),
  )
}

/** By path. Without them there is less to tell. */
async function keptOf(visit: S3Visit, uploadId: string): Promise<ReadonlyMap<string, Part>> {
  const { deps, transaction } = visit
  const listed = await deps.multipart.parts(transaction, { name: objectOf(visit), uploadId })
  return new Map(listed.kind === 'parts' ? listed.parts.map((part) => [part.path, part]) : [])
}

/** What is no number is not looked at, as with AWS. */
function countIn(headers: HeaderMap, name: string, usual: number): number {
  const written = headers[name] ?? ''
  return /^\d{1,9}$/.test(written) ? Number(written) : usual
}
