/**
 * The source of a copy, opened through the whole store: what a client would read under the name is what is copied, a large
 * object joined, a link followed, a version of an object. Copying is no layer but an operation over all of them, so that
 * quotas, versions and encryption see a copy as the read and the write that it is.
 */
import { isTrueValue } from '#backend/address.ts'
import type { HeaderMap, RequestBody } from '#http/message.ts'
import type {
  LinkPut,
  ObjectPut,
  ObjectRead,
  ObjectReadOptions,
  ObjectReadOutcome,
  ReadTrail,
  SegmentWanted,
  Store,
} from '../contract.ts'
import { isUnderCustomerKey } from '../encryption/customer-keys.ts'
import { JOINED_HEADER, segmentFailure } from '../large-objects/joined-answer.ts'
import { DYNAMIC_MARK, parseManifest, type Segment, STATIC_MARK } from '../large-objects/manifest.ts'
import { bareEtag, release, wholeBody } from '../large-objects/segment-reader.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { CopiedBody } from './copied-body.ts'

/** What is read, and how; the newest version is asked for always. */
export type CopiedRead = Pick<
  ObjectReadOptions,
  'conditions' | 'customerKey' | 'nullVersion' | 'versionId' | 'symlink' | 'manifest' | 'etagIsAt'
>

export interface SourceBody extends RequestBody {
  /** Why the source broke off; `undefined` when it did not. */
  readonly failure: unknown
}

export interface CopySource {
  readonly kind: 'source'
  readonly headers: HeaderMap
  readonly trail: ReadTrail | undefined
  readonly contentType: string
  readonly body: SourceBody
  /** MD5 that the copy must have; `undefined` where that of the bytes read is not known. */
  readonly etag: string | undefined
  /** Whether the copy is stored as the very bytes of the source. */
  readonly bytes: 'same' | 'other'
  /** What the copy is besides a plain object. */
  readonly made: Pick<ObjectPut, 'segments' | 'link'>
  /** Marks the copy as a manifest of segments that are shared. */
  readonly dynamicMark: string | undefined
  close(): Promise<void>
}

export type OpenedSource =
  | CopySource
  | Exclude<ObjectReadOutcome, ObjectRead>
  /** Longer than one object may be, or of a length that nobody knows. */
  | { readonly kind: 'source_too_large' }

export async function openCopySource(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { read, limitBytes }: { readonly read: CopiedRead; readonly limitBytes: number },
): Promise<OpenedSource> {
  const permission = await context.permits?.('read', name)
  if (permission?.kind === 'denied') return permission
  const found = await store.objects.read(context, name, { ...read, method: 'GET', newest: true })
  if (found.kind !== 'found') return found
  const lengthBytes = Number(found.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (lengthBytes > limitBytes) {
    await release(found.body)
    return { kind: 'source_too_large' }
  }
  if (read.manifest !== undefined && isTrueValue(found.headers[STATIC_MARK])) return await ofManifest(found)
  const body = new CopiedBody(found.body, lengthBytes)
  const isJoined = found.headers[JOINED_HEADER] !== undefined
  const isWhole = found.status === 200 && !isJoined && !isUnderCustomerKey(found.headers)
  return {
    kind: 'source',
    headers: found.headers,
    trail: found.trail,
    contentType: found.headers['content-type'] ?? '',
    body,
    etag: isWhole ? bareEtag(found.headers) : undefined,
    bytes: isWhole ? 'same' : 'other',
    made: linkOf(name, found.trail),
    dynamicMark: isJoined ? undefined : found.headers[DYNAMIC_MARK],
    close: () => body.cancel(),
  }
}

/** A manifest is copied by making another of the same segments. */
async function ofManifest(
  found: ObjectRead & { readonly trail?: ReadTrail | undefined },
): Promise<OpenedSource> {
  try {
    const json = await wholeBody(found.body)
    const segments = parseManifest(json)
    if (segments === undefined) return { kind: 'conflict', newest: undefined }
    const body = new CopiedBody(json, json.length)
    return {
      kind: 'source',
      headers: found.headers,
      trail: found.trail,
      contentType: found.headers['content-type'] ?? '',
      body,
      etag: undefined,
      bytes: 'other',
      made: { segments: segments.map(wantedAgain) },
      dynamicMark: undefined,
      close: () => body.cancel(),
    }
  } catch (error) {
    return segmentFailure(error)
  }
}

function wantedAgain(segment: Segment): SegmentWanted {
  if (segment.kind === 'inline') return segment
  const { path, etag, sizeBytes, range } = segment
  return {
    kind: 'object',
    path,
    etag,
    sizeBytes,
    range: range && { first: range.start, last: range.end - 1 },
  }
}

/** A link that was read as it is stored is copied as a link to the same target. */
function linkOf(name: ObjectName, trail: ReadTrail | undefined): { readonly link?: LinkPut } {
  const link = trail?.link
  if (link === undefined) return {}
  const { container, object, etag } = link
  const target = { account: link.account ?? name.account, container, object }
  return { link: { target, etag, contentType: 'given' } }
}
