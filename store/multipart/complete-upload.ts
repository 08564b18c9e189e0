/**
 * A multipart upload becomes an object. Steps, each durable before the next:
 *
 *  1. the parts that were named are held against those that are stored;
 *  2. the record is claimed, on the condition that nobody else has: from here on neither another completion nor an abort
 *     goes on beside this one (`CLAIM_LASTS_MS`: a claim whose owner died does not bind for ever);
 *  3. the expirer's queue is told to look after the upload later: for parts that were not named, and for those that come late;
 *  4. the manifest is written under the key, if the condition of the request holds: the object is there;
 *  5. the record goes.
 *
 * Who dies after 2 or 3 has left an upload that can be completed or aborted a little later. Who dies after 4 has left an
 * object, and a record besides it: the same request, sent again, finds the object and takes step 5; an abort removes the
 * record, and leaves the object its parts, because the check sees that they are needed. A request that comes again when all is
 * over is answered as it was, as long as its object stands.
 */
import { createHash } from 'node:crypto'
import { isTrueValue } from '#backend/address.ts'
import { type Timestamp, ticksOf } from '#base/timestamp.ts'
import { EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import type { ConditionJudged, WriteCondition } from '../condition.ts'
import type { ObjectPutReceipt, SegmentWanted } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { STATIC_MARK } from '../large-objects/manifest.ts'
import { seenIn } from '../object-state.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { ROW_ETAG } from '../symlinks/link-metadata.ts'
import type { MultipartDeps } from './multipart-uploads.ts'
import { listParts, type Part } from './parts.ts'
import { UPLOAD_ID_AT } from './upload-names.ts'
import { type NoSuchUpload, readUpload, type Upload, writeUpload } from './upload-record.ts'

/** The ETag that S3 clients see, where it is not the MD5 of the body (OpenStack Swift's gateway writes the same). */
export const S3_ETAG_AT = 'x-object-sysmeta-s3api-etag'
/** A claim older than this was left by somebody who died. */
const CLAIM_LASTS_MS = 120_000
/** Between the claim and the writing of the manifest no more may pass, or the claim is given back. */
const CLAIM_TO_MANIFEST_MS = 30_000
/** How long a completion waits for another of the same upload, and how often it looks. */
const OTHER_WAIT_MS = 10_000
const OTHER_LOOK_MS = 200
/** For how long a part may still come that was under way: a check comes later than that. Seconds. */
export const CHECK_LATER_SECONDS = 2 * 86_400
const TICKS_PER_MS = 100

export interface NamedPart {
  readonly number: number
  readonly etag: string
}

export interface Completion<Refusal> {
  readonly name: ObjectName
  readonly uploadId: string
  /** In the order of the numbers. */
  readonly parts: readonly NamedPart[]
  readonly condition?: WriteCondition | undefined
  /** No part but the last may be smaller, bytes. */
  readonly partBytesMin: number
  /** What else is stored with the object, or what speaks against it. */
  readonly describe: (
    upload: Upload,
    parts: readonly Part[],
  ) => { readonly kind: 'described'; readonly metadata: HeaderMap } | Refusal
}

export interface Completed {
  readonly kind: 'completed'
  /** MD5 of the MD5s of the parts, `-`, and their number. */
  readonly etag: string
  readonly sizeBytes: number
  readonly writtenAt: Timestamp
  readonly versionId?: string | undefined
  /** What is stored with the object. */
  readonly metadata: HeaderMap
  readonly condition?: ConditionJudged | undefined
}

export type PartRefused =
  /** It was not sent, or is another than was named. */
  | { readonly kind: 'invalid_part'; readonly part: NamedPart }
  | { readonly kind: 'part_too_small'; readonly part: Part; readonly bytesMin: number }

/** Somebody else completes the same upload and does not come to an end. */
export type UploadBusy = { readonly kind: 'upload_busy' }

export type CompletionOutcome<Refusal> =
  | Completed
  | PartRefused
  | UploadBusy
  | NoSuchUpload
  | StoreFailure
  | Refusal

export async function completeUpload<Refusal extends { readonly kind: string }>(
  deps: MultipartDeps,
  context: OperationContext,
  completion: Completion<Refusal>,
): Promise<CompletionOutcome<Refusal>> {
  return await new Completing(deps, context, completion).run()
}

class Completing<Refusal extends { readonly kind: string }> {
  readonly #deps: MultipartDeps
  readonly #context: OperationContext
  readonly #completion: Completion<Refusal>
  readonly #etag: string
  /** Until when the manifest may be written, once the upload is claimed. */
  #manifestByMs = 0
  /** Whether parts are stored that are not part of the object. */
  #unnamed: 'none' | 'some' = 'some'
  /** Whether listings are known to show the object: where versions are kept, a check finds it by a listing. */
  #listed: 'surely' | 'perhaps' = 'perhaps'

  constructor(deps: MultipartDeps, context: OperationContext, completion: Completion<Refusal>) {
    this.#deps = deps
    this.#context = context
    this.#completion = completion
    this.#etag = joinedPartsEtag(completion.parts)
  }

  async run(): Promise<CompletionOutcome<Refusal>> {
    const { clock } = this.#deps
    const giveUpAt = clock.monotonicMs() + OTHER_WAIT_MS
    for (;;) {
      const upload = await this.#upload()
      if (upload.kind === 'no_such_upload') return (await this.#completedBefore()) ?? upload
      if (upload.kind !== 'upload') return upload
      const outcome = isClaimed(upload, clock.wallMs()) ? 'busy' : await this.#complete(upload)
      if (outcome !== 'busy') return outcome
      if (clock.monotonicMs() > giveUpAt) return { kind: 'upload_busy' }
      await clock.sleep(OTHER_LOOK_MS)
    }
  }

  #upload(): ReturnType<typeof readUpload> {
    const { name, uploadId } = this.#completion
    return readUpload(this.#deps.store, this.#context, name, uploadId)
  }

  async #complete(upload: Upload): Promise<CompletionOutcome<Refusal> | 'busy'> {
    const before = upload.claimedAt === undefined ? undefined : await this.#completedBefore()
    if (before !== undefined) return before.kind === 'completed' ? await this.#end(before, upload) : before
    const chosen = await this.#chosenParts()
    if (!Array.isArray(chosen)) return chosen as StoreFailure | PartRefused
    const described = this.#completion.describe(upload, chosen)
    if (!isDescribed(described)) return described
    const claim = await this.#claim(upload)
    if (typeof claim !== 'object' || claim.kind !== 'upload') return claim
    const written = await this.#write(claim, chosen, described.metadata)
    if (written.kind === 'completed') return await this.#end(written, claim)
    await this.#release(claim)
    return written
  }

  /** The stored parts that were named, in their order. */
  async #chosenParts(): Promise<readonly Part[] | PartRefused | StoreFailure> {
    const { name, uploadId, parts, partBytesMin } = this.#completion
    const listed = await listParts(this.#deps.store, this.#context, name, uploadId)
    if (listed.kind !== 'parts') return listed
    const byNumber = new Map(listed.parts.map((part) => [part.number, part]))
    const chosen: Part[] = []
    for (const named of parts) {
      const part = byNumber.get(named.number)
      if (part === undefined || part.etag !== named.etag) {
        return listed.isComplete
          ? { kind: 'invalid_part', part: named }
          : { kind: 'unavailable', reason: 'the listing of the parts may lack some' }
      }
      chosen.push(part)
    }
    const small = chosen.slice(0, -1).find(({ sizeBytes }) => sizeBytes < partBytesMin)
    if (small !== undefined) return { kind: 'part_too_small', part: small, bytesMin: partBytesMin }
    if (listed.outdated.length === 0 && listed.parts.length === chosen.length) this.#unnamed = 'none'
    return chosen
  }

  async #claim(upload: Upload): Promise<Upload | 'busy' | StoreFailure> {
    const { store, clock, timestamps } = this.#deps
    this.#manifestByMs = clock.monotonicMs() + CLAIM_TO_MANIFEST_MS
    const claimedAt = await timestamps.next()
    const condition = { kind: 'unchanged', ...upload.seen } as const
    const written = await writeUpload(store, this.#context, { ...upload, claimedAt, condition })
    if (written.kind === 'precondition_failed' || written.kind === 'undecided') return 'busy'
    if (written.kind !== 'created') return written
    const seen = { writtenAt: written.timestamp, changedAt: written.timestamp }
    return { ...upload, claimedAt, seen }
  }

  /** Lets others complete or abort the upload, as far as that can be said now. */
  async #release(claim: Upload): Promise<void> {
    const condition = { kind: 'unchanged', ...claim.seen } as const
    const record = { ...claim, claimedAt: undefined, condition }
    await writeUpload(this.#deps.store, this.#context, record)
  }

  async #write(
    claim: Upload,
    parts: readonly Part[],
    described: HeaderMap,
  ): Promise<Completed | StoreFailure> {
    const { store, clock, checkParts } = this.#deps
    const { name, uploadId, condition } = this.#completion
    const queued = await checkParts(this.#context, { name, uploadId }, { afterSeconds: CHECK_LATER_SECONDS })
    if (queued.kind !== 'queued') return queued
    if (clock.monotonicMs() > this.#manifestByMs) {
      return { kind: 'unavailable', reason: 'completing the upload took too long' }
    }
    const metadata = {
      ...claim.metadata,
      ...described,
      [S3_ETAG_AT]: this.#etag,
      [UPLOAD_ID_AT]: uploadId,
    }
    // What else is told of the object in listings.
    const listed = described[ROW_ETAG] ?? ''
    const written = await store.objects.put(this.#context, name, {
      body: EMPTY_BODY,
      contentType: claim.contentType,
      expectedEtag: undefined,
      metadata: { ...metadata, [ROW_ETAG]: `; s3_etag=${this.#etag}${listed}` },
      limitBytes: 0,
      cause: 'CompleteMultipartUpload',
      condition,
      nullVersion: 'replaced',
      segments: parts.map(asSegment),
    })
    if (written.kind !== 'created') return written
    this.#listed = written.listingPending ? 'perhaps' : 'surely'
    return completedBy(written, this.#etag, metadata)
  }

  /** The record goes, and soon after it what is stored and was not named; if a listing may lag, when the later check comes. */
  async #end(completed: Completed, upload: Upload): Promise<Completed> {
    const { checkParts, endUpload } = this.#deps
    const { name, uploadId } = this.#completion
    await endUpload(this.#context, upload)
    if (this.#unnamed === 'some' && this.#listed === 'surely') {
      await checkParts(this.#context, { name, uploadId }, { afterSeconds: 0 })
    }
    return completed
  }

  /** What the same request came to before, if its object stands. */
  async #completedBefore(): Promise<Completed | StoreFailure | undefined> {
    const { name, uploadId } = this.#completion
    const read = await this.#deps.store.objects.read(this.#context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      keyless: 'allowed',
    })
    if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return undefined
    if (read.kind !== 'found') return read.kind === 'not_modified' ? undefined : read
    const { headers, trail } = read
    const isOurs = headers[UPLOAD_ID_AT] === uploadId && headers[S3_ETAG_AT] === this.#etag
    if (!isOurs || !isTrueValue(headers[STATIC_MARK])) return undefined
    return {
      kind: 'completed',
      etag: this.#etag,
      sizeBytes: Number(headers['content-length'] ?? 0),
      writtenAt: seenIn(headers).writtenAt,
      versionId: trail?.versionId,
      metadata: headers,
    }
  }
}

/** MD5 of the MD5s, `-`, how many: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
export function joinedPartsEtag(parts: readonly Pick<NamedPart, 'etag'>[]): string {
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'))
  return `${md5.digest('hex')}-${parts.length}`
}

/** Somebody is completing the upload, and is not dead as far as one can tell. */
export function isClaimed({ claimedAt }: Upload, nowMs: number): boolean {
  return claimedAt !== undefined && nowMs - ticksOf(claimedAt) / TICKS_PER_MS < CLAIM_LASTS_MS
}

function isDescribed<Refusal extends { readonly kind: string }>(
  described: { readonly kind: 'described'; readonly metadata: HeaderMap } | Refusal,
): described is { readonly kind: 'described'; readonly metadata: HeaderMap } {
  return described.kind === 'described'
}

function asSegment({ path, etag, sizeBytes, contentType, lastModified }: Part): SegmentWanted {
  return { kind: 'known', path, etag, sizeBytes, contentType, lastModified }
}

function completedBy(receipt: ObjectPutReceipt, etag: string, metadata: HeaderMap): Completed {
  const { sizeBytes, timestamp, versionId, condition } = receipt
  return { kind: 'completed', etag, sizeBytes, writtenAt: timestamp, versionId, metadata, condition }
}
