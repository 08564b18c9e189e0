/**
 * The answer to a read of a large object: all of it, a range, or several, made of pieces. The first piece is opened before
 * anything is promised, so that a large object whose segments are gone is an error and not a body that breaks off.
 */
import type { Random } from '#base/environment.ts'
import { evaluateConditions, parseHttpDate } from '#http/conditionals.ts'
import type { BodyStream, HeaderMap, ResponseBody } from '#http/message.ts'
import {
  multipartContentType,
  multipartLength,
  rangesBoundary,
  renderMultipart,
} from '#http/multipart-ranges.ts'
import { type ByteRange, contentRange, type RangeSpec, resolveRanges } from '#http/ranges.ts'
import type { ObjectRead, ObjectReadOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { JoinedBody } from './joined-body.ts'
import { typeWithSize } from './manifest.ts'
import type { Piece } from './pieces.ts'
import { SegmentError } from './segment-error.ts'
import { bareEtag, type SegmentReader } from './segment-reader.ts'

/** Says of what kind the large object is whose parts were joined; only inside (`X-Backend-…`). */
export const JOINED_HEADER = 'x-backend-large-object'

/** A large object that is known well enough to be given. */
export interface Joined {
  readonly headers: HeaderMap
  readonly sizeBytes: number
  readonly pieces: (range: ByteRange) => AsyncIterator<Piece, void>
}

/** The headers of a manifest as those of what it stands for. Without a size it is not known. */
export function joinedHeaders(
  manifest: HeaderMap,
  { kind, etag, sizeBytes }: { kind: 'static' | 'dynamic'; etag: string; sizeBytes: number },
): HeaderMap {
  const { 'content-range': _range, ...kept } = manifest
  const { contentType } = typeWithSize(manifest['content-type'] ?? '')
  return {
    ...kept,
    [JOINED_HEADER]: kind,
    'content-type': contentType,
    'content-length': String(sizeBytes),
    etag: `"${etag}"`,
    ...(kind === 'static' ? { 'x-manifest-etag': bareEtag(manifest) } : {}),
  }
}

/** The outcome of conditions held against the joined object; `undefined` when the read goes on. */
export function judged(conditions: HeaderMap, headers: HeaderMap): ObjectReadOutcome | undefined {
  const outcome = evaluateConditions(conditions, {
    exists: true,
    etag: bareEtag(headers),
    lastModifiedSeconds: parseHttpDate(headers['last-modified']),
  })
  return outcome === 'proceed' ? undefined : { kind: outcome, headers }
}

/** A body whose first bytes can be waited for. */
export interface BegunBody extends BodyStream {
  /** Resolves when the body can be read. Rejects with a `SegmentError`. */
  begin(): Promise<void>
}

/** Conditions have been judged; `ranges` are those of the request. */
export function joinedAnswer(
  reader: SegmentReader,
  random: Random,
  { headers, sizeBytes, pieces }: Joined,
  ranges: readonly RangeSpec[] | undefined,
): Promise<ObjectReadOutcome> {
  const body = (range: ByteRange): JoinedBody => new JoinedBody(reader, pieces(range))
  return rangedAnswer(random, { headers, sizeBytes, body }, ranges)
}

/** What is asked for of something whose every range can be read. */
export async function rangedAnswer(
  random: Random,
  {
    headers,
    sizeBytes,
    body,
  }: Pick<Joined, 'headers' | 'sizeBytes'> & { readonly body: (range: ByteRange) => BegunBody },
  ranges: readonly RangeSpec[] | undefined,
): Promise<ObjectReadOutcome> {
  const resolved = resolveRanges(ranges, sizeBytes)
  switch (resolved.kind) {
    case 'unsatisfiable':
      return { kind: 'range_unsatisfiable', sizeBytes, headers }
    case 'whole': {
      if (sizeBytes === 0) return { kind: 'found', status: 200, headers, body: Buffer.alloc(0) }
      return await begun({ status: 200, headers }, [body({ start: 0, end: sizeBytes })])
    }
    case 'single': {
      const { range } = resolved
      const partial = {
        'content-range': contentRange(range, sizeBytes),
        'content-length': String(range.end - range.start),
      }
      return await begun({ status: 206, headers: { ...headers, ...partial } }, [body(range)])
    }
    case 'multiple': {
      const multipart = {
        ranges: resolved.ranges,
        contentType: headers['content-type'] ?? '',
        lengthBytes: sizeBytes,
        boundary: rangesBoundary(random.bytes(16)),
      }
      const partial = {
        'content-type': multipartContentType(multipart.boundary),
        'content-length': String(multipartLength(multipart)),
      }
      const bodies = resolved.ranges.map(body)
      const unread = [...bodies]
      const rendered = renderMultipart(multipart, () => unread.shift() as BegunBody)
      return await begun({ status: 206, headers: { ...headers, ...partial } }, bodies, rendered)
    }
  }
}

/** The answer once its first piece is there; `rendered` is the body when it is more than the first of `bodies`. */
export async function begun(
  answer: Pick<ObjectRead, 'status' | 'headers'>,
  bodies: readonly BegunBody[],
  rendered?: AsyncGenerator<Buffer>,
): Promise<ObjectReadOutcome> {
  const cancel = async (): Promise<void> => {
    await Promise.all(bodies.map((body) => body.cancel()))
  }
  try {
    await bodies[0]?.begin()
  } catch (error) {
    await cancel()
    return segmentFailure(error)
  }
  const stream: BodyStream | undefined =
    rendered === undefined ? bodies[0] : { cancel, [Symbol.asyncIterator]: () => rendered }
  const body: ResponseBody = stream
  return { kind: 'found', ...answer, body }
}

/** What a segment that cannot be read means before the first byte was sent. Throws what is no `SegmentError`. */
export function segmentFailure(error: unknown): StoreFailure {
  if (!(error instanceof SegmentError)) throw error
  if (error.code === 'UNAVAILABLE') return { kind: 'unavailable', reason: error.message }
  return { kind: 'conflict', newest: undefined }
}
