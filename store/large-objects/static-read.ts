/**
 * GET and HEAD of a static large object (OpenStack Swift, `common/middleware/slo.py`: `SloGetContext`). Its ETag and size
 * stand beside the manifest, so that conditions are judged by the storage server and HEAD reads no manifest; manifests of
 * old releases lack them, and are read whole.
 */
import { isTrueValue } from '#backend/address.ts'
import type { Random } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import { parseRange } from '#http/ranges.ts'
import type { ObjectReadOptions, ObjectReadOutcome, ReadTrail, Store } from '../contract.ts'
import { isUnderCustomerKey } from '../encryption/customer-keys.ts'
import { partsContainerOf, UPLOAD_ID_AT } from '../multipart/upload-names.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { joinedAnswer, joinedHeaders, judged, segmentFailure } from './joined-answer.ts'
import {
  ETAG_AT,
  joinedEtag,
  parseManifest,
  type Segment,
  SIZE_AT,
  STATIC_MARK,
  totalBytes,
} from './manifest.ts'
import { piecesOf } from './pieces.ts'
import { release, SegmentReader, wholeBody } from './segment-reader.ts'

export interface LargeRead {
  readonly store: Store
  readonly random: Random
  readonly context: OperationContext
  readonly name: ObjectName
  readonly options: ObjectReadOptions
}

/** `first` is the answer of the store below, whose headers are those of a manifest. `changed`: it is none any more. */
export async function readStatic(
  read: LargeRead,
  first: ObjectReadOutcome,
  headers: HeaderMap,
): Promise<ObjectReadOutcome | { readonly kind: 'changed' }> {
  const known = knownHeaders(headers)
  const needsNoManifest = read.options.method === 'HEAD' || first.kind !== 'found'
  if (known !== undefined && needsNoManifest && first.kind !== 'range_unsatisfiable') {
    return { ...first, headers: known } as ObjectReadOutcome
  }
  if (
    first.kind === 'found' &&
    first.status === 200 &&
    read.options.method === 'GET' &&
    known !== undefined
  ) {
    return await answerFrom(read, first, 'judged')
  }
  if (first.kind === 'found') await release(first.body)
  const again = await read.store.objects.read(read.context, read.name, {
    ...read.options,
    method: 'GET',
    conditions: {},
  })
  if (again.kind !== 'found' || again.status !== 200) return again
  if (!isTrueValue(again.headers[STATIC_MARK])) {
    await release(again.body)
    return { kind: 'changed' }
  }
  return await answerFrom(read, again, 'not_judged')
}

/** `undefined` when ETag or size are not there. */
function knownHeaders(headers: HeaderMap): HeaderMap | undefined {
  const { [ETAG_AT]: etag, [SIZE_AT]: size } = headers
  if (etag === undefined || size === undefined || !/^\d{1,15}$/.test(size)) return undefined
  return joinedHeaders(headers, { kind: 'static', etag, sizeBytes: Number(size) })
}

type Found = Extract<ObjectReadOutcome, { readonly kind: 'found' }>

/** `conditions`: whether the storage server has judged them against the right ETag. */
async function answerFrom(
  read: LargeRead,
  manifest: Found,
  conditions: 'judged' | 'not_judged',
): Promise<ObjectReadOutcome> {
  const { options, context, name, store, random } = read
  try {
    const segments = parseManifest(await wholeBody(manifest.body))
    if (segments === undefined) return { kind: 'conflict', newest: undefined }
    const sizeBytes = totalBytes(segments)
    const headers = knownHeaders(manifest.headers) ?? computedHeaders(manifest.headers, segments)
    if (Number(headers['content-length']) !== sizeBytes) return { kind: 'conflict', newest: undefined }
    const refused = conditions === 'judged' ? undefined : judged(options.conditions, headers)
    if (refused !== undefined) return refused
    if (options.method === 'HEAD') return { kind: 'found', status: 200, headers, body: undefined }
    const isOwner = ownsSegments(manifest, name, segments)
    const reader = new SegmentReader(
      store,
      isOwner ? { ...context, permits: undefined } : context,
      accountOf(name, manifest.trail),
      isUnderCustomerKey(manifest.headers) ? options.customerKey : undefined,
    )
    const pieces = (range: { start: number; end: number }): ReturnType<typeof piecesOf> =>
      piecesOf(segments, range, reader)
    return await joinedAnswer(
      reader,
      random,
      { headers, sizeBytes, pieces },
      parseRange(options.conditions['range']),
    )
  } catch (error) {
    return segmentFailure(error)
  }
}

/** Parts of a multipart upload belong to what they make: whoever may read that may read them. */
function ownsSegments(manifest: Found, name: ObjectName, segments: readonly Segment[]): boolean {
  if (manifest.headers[UPLOAD_ID_AT] === undefined) return false
  const { container } = partsContainerOf(manifest.trail?.location ?? name)
  return segments.every((segment) => segment.kind === 'object' && segment.path.startsWith(`/${container}/`))
}

/** Segments are in the account of the manifest, wherever the links are that led to it. */
export function accountOf(name: ObjectName, trail: ReadTrail | undefined): string {
  return trail?.location?.account ?? name.account
}

function computedHeaders(headers: HeaderMap, segments: readonly Segment[]): HeaderMap {
  return joinedHeaders(headers, {
    kind: 'static',
    etag: joinedEtag(segments),
    sizeBytes: totalBytes(segments),
  })
}
