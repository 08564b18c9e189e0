/**
 * Which bytes of which objects make up a range of a large object, in order, found one after the other: a manifest that is
 * nested is read only when bytes of it are wanted, and what is not wanted costs nothing.
 */
import type { ByteRange } from '#http/ranges.ts'
import type { ObjectName } from '../operation.ts'
import { lengthOf, type ObjectSegment, type Segment } from './manifest.ts'
import { SegmentError } from './segment-error.ts'

export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'object'
      readonly name: ObjectName
      /** Of the whole object, which must still be what the manifest says; `undefined`: the manifest does not say. */
      readonly etag: string | undefined
      readonly sizeBytes: number
      /** Not empty. */
      readonly range: ByteRange
    }

/** Manifests in manifests in manifests… (OpenStack Swift `max_slo_recursion_depth`). */
const DEPTH_MAX = 10

export interface ManifestSource {
  /** The account in which the segments are. */
  readonly account: string
  /** Rejects with a `SegmentError` when the manifest is not what the segment says. */
  readonly segmentsOf: (segment: ObjectSegment) => Promise<readonly Segment[]>
}

/** The pieces of a range. Rejects with a `SegmentError`. */
export async function* piecesOf(
  segments: readonly Segment[],
  range: ByteRange,
  source: ManifestSource,
  depth = 1,
): AsyncGenerator<Piece, void> {
  let position = 0
  for (const segment of segments) {
    if (position >= range.end) return
    const lengthBytes = lengthOf(segment)
    const start = Math.max(range.start - position, 0)
    const end = Math.min(range.end - position, lengthBytes)
    position += lengthBytes
    if (start >= end) continue
    if (segment.kind === 'inline') yield { kind: 'bytes', bytes: segment.bytes.subarray(start, end) }
    else yield* piecesIn(segment, { start, end }, source, depth)
  }
}

async function* piecesIn(
  segment: ObjectSegment,
  part: ByteRange,
  source: ManifestSource,
  depth: number,
): AsyncGenerator<Piece, void> {
  const offset = segment.range?.start ?? 0
  const range = { start: offset + part.start, end: offset + part.end }
  if (segment.isManifest) {
    if (depth >= DEPTH_MAX) throw new SegmentError('CHANGED', `${segment.path} is nested too deeply`)
    yield* piecesOf(await source.segmentsOf(segment), range, source, depth + 1)
    return
  }
  const name = segmentName(source.account, segment.path)
  yield { kind: 'object', name, etag: segment.etag, sizeBytes: segment.sizeBytes, range }
}

/** `/container/object` of an account. */
export function segmentName(account: string, path: string): ObjectName {
  const bare = path.replace(/^\/+/, '')
  const slash = bare.indexOf('/')
  return { account, container: bare.slice(0, slash), object: bare.slice(slash + 1) }
}
