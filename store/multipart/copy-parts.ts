/**
 * What was uploaded in parts is copied in parts, for a copy that is to be what its source is: the same parts, ETags and
 * checksums, of any length. The parts become those of a new upload, which has no record. Steps:
 *
 *  1. the bucket says that it has parts, and the container for them is there;
 *  2. a check of the upload is left for later: what nothing leads to by then goes;
 *  3. the parts, under names of that upload alone;
 *  4. whoever called writes a manifest of them, with the upload's id.
 *
 * Whoever dies before the last step has left parts that the check removes. No manifest may be written when the check might
 * come meanwhile: copying that takes longer than `COPYING_MS_MAX` is given up.
 */
import type { HeaderMap } from '#http/message.ts'
import type { SegmentWanted } from '../contract.ts'
import { copiedMetadata } from '../copy/copied-metadata.ts'
import { writeCopy } from '../copy/copy-object.ts'
import { openCopySource } from '../copy/copy-source.ts'
import type { StoreFailure } from '../failure.ts'
import { inParallel } from '../large-objects/in-parallel.ts'
import type { ObjectSegment } from '../large-objects/manifest.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { makePartsReady } from './begin-upload.ts'
import { CHECK_LATER_SECONDS } from './complete-upload.ts'
import type { MultipartOptions } from './multipart-uploads.ts'
import { makeUploadId, partNameOf } from './upload-names.ts'

const CHANCE_BYTES = 16
const LANES = 4
/** Half of the time after which the check comes. */
const COPYING_MS_MAX = (CHECK_LATER_SECONDS * 1000) / 2

export interface PartsCopy {
  /** Of the account of the source. */
  readonly parts: readonly ObjectSegment[]
  readonly sourceAccount: string
  readonly target: ObjectName
  /** What is stored with each part besides what its source has. */
  readonly given: HeaderMap
  /** Longest part, bytes. */
  readonly limitBytes: number
}

export interface PartsCopied {
  readonly kind: 'copied'
  readonly uploadId: string
  /** Of the manifest that is to be written. */
  readonly segments: readonly SegmentWanted[]
}

export async function copyParts(
  deps: MultipartOptions,
  context: OperationContext,
  copy: PartsCopy,
): Promise<PartsCopied | StoreFailure> {
  const { store, clock, random, timestamps, checkParts } = deps
  const { parts, target } = copy
  const giveUpAt = clock.monotonicMs() + COPYING_MS_MAX
  const unready = await makePartsReady(store, context, target)
  if (unready !== undefined) return unready
  const uploadId = makeUploadId(await timestamps.next(), random.bytes(CHANCE_BYTES))
  const queued = await checkParts(context, { name: target, uploadId }, { afterSeconds: CHECK_LATER_SECONDS })
  if (queued.kind !== 'queued') return queued
  const segments: SegmentWanted[] = []
  let failure: StoreFailure | undefined
  await inParallel(parts.entries(), LANES, async ([at, part]) => {
    if (failure !== undefined) return
    const place = partNameOf(target, uploadId, at + 1, await timestamps.next())
    const copied = await copyPart(deps, context, copy, part, place)
    if (copied !== undefined) failure = copied
    const { etag, sizeBytes, contentType, lastModified } = part
    const path = `/${place.container}/${place.object}`
    segments[at] = { kind: 'known', path, etag, sizeBytes, contentType, lastModified }
  })
  if (failure !== undefined) return failure
  if (clock.monotonicMs() > giveUpAt)
    return { kind: 'unavailable', reason: 'copying the parts took too long' }
  return { kind: 'copied', uploadId, segments }
}

/** `undefined`: it is stored, with the bytes that the manifest of the source says it has. */
async function copyPart(
  { store }: MultipartOptions,
  context: OperationContext,
  { sourceAccount, given, limitBytes }: PartsCopy,
  { path, etag }: ObjectSegment,
  place: ObjectName,
): Promise<StoreFailure | undefined> {
  const [, container = '', ...object] = path.split('/')
  const name = { account: sourceAccount, container, object: object.join('/') }
  const source = await openCopySource(store, context, name, { read: { conditions: {} }, limitBytes })
  if (source.kind === 'source_too_large') return { kind: 'too_large', limitBytes }
  if (source.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  // The object is gone with its parts, or a part of it is missing: that is not for who copies to say.
  if (source.kind === 'no_such_object') return { kind: 'unavailable', reason: 'a part is not there' }
  if (source.kind !== 'source') return source
  const { headers, bytes, contentType } = source
  const metadata = copiedMetadata({ source: headers, given, metadata: 'of_source_and_request', bytes })
  const put = { contentType, expectedEtag: etag, metadata, limitBytes }
  const written = await writeCopy(store, context, place, { source, put })
  return written.kind === 'created' ? undefined : written
}
