/**
 * PUT of a static large object (OpenStack Swift, `common/middleware/slo.py`: `handle_multipart_put`): every segment is held
 * against what is stored, then the manifest is written with what was found. The manifest is one object, so that the large
 * object is there as a whole or not at all; segments may go afterwards, which its readers notice.
 */
import { hash } from 'node:crypto'
import { isTrueValue } from '#backend/address.ts'
import { parseHttpDate } from '#http/conditionals.ts'
import { bufferBody, type HeaderMap } from '#http/message.ts'
import { type ByteRange, resolveRanges } from '#http/ranges.ts'
import type { ObjectOperations, ObjectPut, ObjectPutReceipt, SegmentWanted } from '../contract.ts'
import type { SegmentProblem, StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { inParallel } from './in-parallel.ts'
import {
  ETAG_AT,
  joinedEtag,
  lengthOf,
  manifestJson,
  type ObjectSegment,
  type Segment,
  SIZE_AT,
  STATIC_MARK,
  totalBytes,
} from './manifest.ts'
import { segmentName } from './pieces.ts'
import { bareEtag, STORED_MANIFEST_BYTES } from './segment-reader.ts'

/** Segments looked at together. */
const LANES = 8
/** What the container is told of the object instead of its ETag. */
const LISTED_ETAG = 'x-object-sysmeta-container-update-override-etag'

type Wanted = Extract<SegmentWanted, { readonly kind: 'object' }>
type Problem = SegmentProblem['problem']

export interface ManifestPut {
  readonly context: OperationContext
  readonly name: ObjectName
  readonly put: ObjectPut
  readonly segments: readonly SegmentWanted[]
}

/** `readers` reads segments, large ones joined; `writers` stores the manifest. */
export async function putStatic(
  { readers, writers }: { readonly readers: ObjectOperations; readonly writers: ObjectOperations },
  { context, name, put, segments: wanted }: ManifestPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const checked = await check(readers, context, name.account, wanted)
  if (checked.kind === 'segments_refused') return checked
  const { segments } = checked
  const etag = joinedEtag(segments)
  if (put.expectedEtag !== undefined && put.expectedEtag !== etag) return { kind: 'etag_mismatch' }
  const json = manifestJson(segments)
  const sizeBytes = totalBytes(segments)
  const stored = await writers.put(context, name, {
    ...put,
    body: bufferBody(json),
    contentType: `${put.contentType};swift_bytes=${sizeBytes}`,
    expectedEtag: hash('md5', json),
    metadata: { ...put.metadata, ...manifestMetadata(put.metadata, json, etag, sizeBytes) },
    limitBytes: STORED_MANIFEST_BYTES,
    segments: undefined,
  })
  return stored.kind === 'created' ? { ...stored, etag, sizeBytes } : stored
}

/** A layer further out may have something to say of the listed ETag already, or to add to it behind a semicolon. */
function manifestMetadata(given: HeaderMap, json: Buffer, etag: string, sizeBytes: number): HeaderMap {
  const { [LISTED_ETAG]: said = '' } = given
  const listed = said === '' || said.startsWith(';') ? `${hash('md5', json)}${said}` : said
  return {
    [STATIC_MARK]: 'True',
    [ETAG_AT]: etag,
    [SIZE_AT]: String(sizeBytes),
    [LISTED_ETAG]: `${listed}; slo_etag=${etag}`,
  }
}

type Checked =
  | { readonly kind: 'good'; readonly segments: readonly Segment[] }
  | Extract<StoreFailure, { readonly kind: 'segments_refused' }>

type Look =
  | { readonly kind: 'found'; readonly headers: HeaderMap }
  | { readonly kind: 'failed'; readonly failure: StoreFailure }

/** Each object is looked at once, however many segments are made of it. */
async function check(
  readers: ObjectOperations,
  context: OperationContext,
  account: string,
  wanted: readonly SegmentWanted[],
): Promise<Checked> {
  const paths = new Set(wanted.flatMap((segment) => (segment.kind === 'object' ? [segment.path] : [])))
  const looks = new Map<string, Look>()
  await inParallel(paths, LANES, async (path) => {
    looks.set(path, await look(readers, context, segmentName(account, path)))
  })
  const segments: Segment[] = []
  const problems: SegmentProblem[] = []
  for (const [at, segment] of wanted.entries()) {
    if (segment.kind === 'inline') segments.push(segment)
    else if (segment.kind === 'known') {
      segments.push({ ...segment, kind: 'object', range: undefined, isManifest: false })
    } else {
      const made = segmentOf(segment, looks.get(segment.path) as Look, {
        mayBeEmpty: at === wanted.length - 1,
      })
      if (made.segment !== undefined) segments.push(made.segment)
      for (const problem of made.problems) problems.push({ path: segment.path, problem })
    }
  }
  return problems.length > 0 ? { kind: 'segments_refused', problems } : { kind: 'good', segments }
}

async function look(readers: ObjectOperations, context: OperationContext, name: ObjectName): Promise<Look> {
  const permission = await context.permits?.('read', name)
  if (permission?.kind === 'denied') return { kind: 'failed', failure: permission }
  const read = await readers.read(context, name, { method: 'HEAD', conditions: {}, newest: false })
  if (read.kind === 'found') return { kind: 'found', headers: read.headers }
  return {
    kind: 'failed',
    failure: read.kind === 'not_modified' ? { kind: 'conflict', newest: undefined } : read,
  }
}

interface Made {
  readonly segment: ObjectSegment | undefined
  readonly problems: readonly Problem[]
}

/** The segment as it is stored, and what is wrong with what was said of it. */
function segmentOf(wanted: Wanted, look: Look, { mayBeEmpty }: { readonly mayBeEmpty: boolean }): Made {
  if (look.kind === 'failed') return { segment: undefined, problems: [look.failure] }
  const { headers } = look
  const sizeBytes = Number(headers['content-length'] ?? 0)
  const resolved = resolveRanges(wanted.range && [wanted.range], sizeBytes)
  const segment: ObjectSegment = {
    kind: 'object',
    path: `/${wanted.path.replace(/^\/+/, '')}`,
    etag: bareEtag(headers),
    sizeBytes,
    contentType: (headers['content-type'] ?? '').split(';', 1)[0] as string,
    lastModified: isoSeconds(headers['last-modified']),
    range: resolved.kind === 'single' ? partOf(resolved.range, sizeBytes) : undefined,
    isManifest: isTrueValue(headers[STATIC_MARK]),
  }
  const problems: Problem[] = []
  if (resolved.kind === 'unsatisfiable') problems.push('range_unsatisfiable')
  if (lengthOf(segment) < 1 && !mayBeEmpty) problems.push('too_small')
  if (wanted.sizeBytes !== undefined && wanted.sizeBytes !== sizeBytes) problems.push('size_mismatch')
  if (wanted.etag !== undefined && wanted.etag !== segment.etag) problems.push('etag_mismatch')
  return { segment, problems }
}

/** `undefined` for all of the object. */
function partOf(range: ByteRange, sizeBytes: number): ByteRange | undefined {
  return range.start === 0 && range.end === sizeBytes ? undefined : range
}

function isoSeconds(lastModified: string | undefined): string {
  const seconds = parseHttpDate(lastModified) ?? 0
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, '.000000')
}
