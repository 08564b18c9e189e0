/**
 * The record of a multipart upload: what its object will be like, and whether somebody is completing it. It is there from
 * the moment the upload is begun until it is completed or aborted; while it is there, its parts are kept.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectPutReceipt, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { type SeenTimes, seenIn } from '../object-state.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { storedMetadata } from '../stored-copy.ts'
import { EMPTY_MD5, ROW_ETAG } from '../symlinks/link-metadata.ts'
import { recordNameOf } from './upload-names.ts'

/** Since when somebody completes the upload. */
const CLAIMED_AT = 'x-object-sysmeta-s3-upload-claimed'
/** What listings of uploads tell of it, as a parameter of its row's ETag. */
const SUMMARY = 's3_upload'

export interface Upload {
  readonly kind: 'upload'
  readonly name: ObjectName
  readonly id: string
  readonly contentType: string
  /** What is stored with its object. */
  readonly metadata: HeaderMap
  /** What was said of the upload itself when it was begun. */
  readonly summary: string | undefined
  /** Since when somebody is completing it; `undefined` when nobody is. */
  readonly claimedAt: Timestamp | undefined
  readonly seen: SeenTimes
}

export type NoSuchUpload = { readonly kind: 'no_such_upload' }

/** The upload, as enough replicas tell it that no acknowledged change of it is missed. */
export async function readUpload(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  id: string,
): Promise<Upload | NoSuchUpload | StoreFailure> {
  const record = recordNameOf(name, id)
  const read = await store.objects.read(context, record, {
    method: 'HEAD',
    conditions: {},
    newest: true,
    symlink: 'as_stored',
    manifest: 'as_stored',
  })
  if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return { kind: 'no_such_upload' }
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  if (read.kind !== 'found') return read
  const { [CLAIMED_AT]: claimed, [ROW_ETAG]: listed, ...metadata } = storedMetadata(read.headers)
  return {
    kind: 'upload',
    name,
    id,
    contentType: read.headers['content-type'] ?? '',
    metadata,
    summary: summaryIn(listed),
    claimedAt: claimed === undefined ? undefined : parseTimestamp(claimed),
    seen: seenIn(read.headers),
  }
}

export interface RecordWrite {
  readonly name: ObjectName
  readonly id: string
  readonly contentType: string
  readonly metadata: HeaderMap
  readonly summary: string | undefined
  readonly claimedAt?: Timestamp | undefined
  readonly condition?: WriteCondition | undefined
}

export function writeUpload(
  store: Store,
  context: OperationContext,
  { name, id, contentType, metadata, summary, claimedAt, condition }: RecordWrite,
): Promise<ObjectPutReceipt | StoreFailure> {
  return store.objects.put(context, recordNameOf(name, id), {
    body: EMPTY_BODY,
    contentType,
    expectedEtag: EMPTY_MD5,
    metadata: { ...metadata, ...summaryHeader(summary), ...(claimedAt && { [CLAIMED_AT]: claimedAt }) },
    limitBytes: 0,
    condition,
  })
}

/** Has the row say this of the upload, to whoever lists uploads. */
function summaryHeader(summary: string | undefined): HeaderMap {
  if (summary === undefined) return {}
  return { [ROW_ETAG]: `${EMPTY_MD5}; ${SUMMARY}=${Buffer.from(summary).toString('base64url')}` }
}

/** What was said of an upload in the ETag of its row. */
export function summaryIn(rowEtag: string | undefined): string | undefined {
  const written = new RegExp(`; ${SUMMARY}=([\\w-]+)`).exec(rowEtag ?? '')?.[1]
  return written === undefined ? undefined : Buffer.from(written, 'base64url').toString()
}
