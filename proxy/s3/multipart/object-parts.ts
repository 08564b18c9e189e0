/** The parts of an object that was uploaded in parts: where each lies, and what is kept of it. */
import type { HeaderMap } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import { type Segment, STATIC_MARK } from '#store/large-objects/manifest.ts'
import { readStoredManifest } from '#store/large-objects/stored-manifest.ts'
import type { Part } from '#store/multipart/parts.ts'
import { UPLOAD_ID_AT } from '#store/multipart/parts-check.ts'
import { partIn, partsPrefix } from '#store/multipart/upload-names.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { checksumIn } from '../objects/stored-checksum.ts'
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

/** The range of a part, and how many parts there are; `undefined` of an object that is its own only part. */
export async function partRange(
  visit: S3Visit,
  number: number,
  versionId: string | undefined,
): Promise<{ readonly range: string; readonly count: number } | S3Error | undefined> {
  const found = await objectParts(visit, versionId)
  if (found === undefined) return undefined
  const part = found.parts.find((one) => one.number === number)
  const count = found.parts.length
  if (part === undefined) {
    return s3Error('InvalidPartNumber', {
      extra: { PartNumberRequested: String(number), ActualPartCount: String(count) },
    })
  }
  return { range: `bytes=${part.range.start}-${part.range.end - 1}`, count }
}

const MAX_PARTS = 'x-amz-max-parts'
const MARKER = 'x-amz-part-number-marker'
const PAGE_MAX = 1_000

/** `ObjectParts` of GetObjectAttributes; nothing of an object that was put at once. */
export async function objectPartsXml(
  visit: S3Visit,
  versionId: string | undefined,
): Promise<{ readonly xml: string } | S3Error> {
  const limit = countIn(visit.request.headers, MAX_PARTS, PAGE_MAX)
  if (isS3Error(limit)) return limit
  const marker = countIn(visit.request.headers, MARKER, 0)
  if (isS3Error(marker)) return marker
  const found = await objectParts(visit, versionId)
  if (found === undefined) return { xml: '' }
  const { headers, parts } = found
  const after = parts.filter(({ number }) => number > marker.count)
  const page = after.slice(0, Math.min(limit.count, PAGE_MAX))
  const kept = await keptOf(visit, headers[UPLOAD_ID_AT] ?? '')
  const algorithm = checksumIn(headers)?.algorithm
  const xml = elementOf(
    'ObjectParts',
    element('PartsCount', parts.length),
    element('PartNumberMarker', marker.count),
    element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    element('MaxParts', limit.count),
    element('IsTruncated', after.length > page.length),
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
  return { xml }
}

/** By path. Without them there is less to tell. */
async function keptOf(visit: S3Visit, uploadId: string): Promise<ReadonlyMap<string, Part>> {
  const { deps, transaction } = visit
  const listed = await deps.multipart.parts(transaction, { name: objectOf(visit), uploadId })
  return new Map(listed.kind === 'parts' ? listed.parts.map((part) => [part.path, part]) : [])
}

function countIn(headers: HeaderMap, name: string, usual: number): { readonly count: number } | S3Error {
  const written = headers[name]
  if (written === undefined || written === '') return { count: usual }
  if (/^\d{1,9}$/.test(written)) return { count: Number(written) }
  return invalidArgument(name, written, `Provided ${name} not an integer or within integer range`)
}
