/**
 * A bucket of an S3 elsewhere as a store of images: Amazon's, or another cluster of ours. An image is one object, sent in
 * parts unless it is short. Each part is held in memory until it was taken: its signature covers its bytes, so that the
 * other side refuses what came otherwise, and a part that failed is sent again. An upload becomes an object when it is
 * completed, and not before.
 */
import { releasePiece } from '#http/piece-memory.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ByteSource, BytesRead, ImageStore, StoredBytes, WriteOptions } from '../data/image-store.ts'
import { Refusal } from '../refusal.ts'
import { openedRead, rangeHeader } from './opened-read.ts'
import { completion, textOf, textsOf } from './s3-answers.ts'
import type { S3Bucket } from './s3-bucket.ts'
import { isSuccess, type SmallAnswer, type Unreachable } from './site.ts'
import { SourceCutter } from './source-cutter.ts'
import { StoreElsewhere, type StoreIdentity } from './store-elsewhere.ts'

export interface S3StoreOptions extends StoreIdentity {
  readonly bucket: S3Bucket
  /** Told to administrators. */
  readonly address: string
  /** In front of each key. */
  readonly prefix: string
  /** The bucket is made when it is missing (OpenStack Glance, `s3_store_create_bucket_on_put`). */
  readonly create: boolean
  /** Length of the first parts, bytes; the least that S3 allows is 5 MiB. */
  readonly partBytes: number
}

/** An upload has at most so many parts (Amazon S3, "Multipart upload limits"). */
const PARTS_MAX = 10_000
/** Every so many parts they become twice as long, when nobody says how long the image is. */
const PARTS_BEFORE_DOUBLING = 2000
/** Parts that may wait for their answer at once; each is held in memory. */
const UNANSWERED_MAX = 2
const OCTETS = 'application/octet-stream'

export class S3Store extends StoreElsewhere implements ImageStore {
  readonly type = 's3'
  readonly #options: S3StoreOptions
  readonly #bucket: S3Bucket

  constructor(options: S3StoreOptions) {
    super(options, {
      s3_store_host: options.address,
      s3_store_large_object_size: options.partBytes,
      s3_store_large_object_chunk_size: options.partBytes,
    })
    this.#options = options
    this.#bucket = options.bucket
  }

  async write(
    context: OperationContext,
    key: string,
    source: ByteSource,
    { sizeBytes }: WriteOptions = {},
  ): Promise<StoredBytes | Refusal> {
    const cutter = new SourceCutter(source)
    const refused = await this.#prepare(context)
    if (refused !== undefined) return refused
    const partBytes = this.#partBytes(0, sizeBytes)
    const first = await gathered(cutter, partBytes)
    if (await cutter.isOver()) return await this.#writeWhole(context, key, first)
    return await this.#writeParts(context, key, { cutter, first, sizeBytes })
  }

  /** Equal where the length is known, so that all fit; else longer the more there are. */
  #partBytes(before: number, sizeBytes: number | undefined): number {
    const { partBytes } = this.#options
    if (sizeBytes !== undefined) return Math.max(partBytes, Math.ceil(sizeBytes / PARTS_MAX))
    return partBytes * 2 ** Math.floor(before / PARTS_BEFORE_DOUBLING)
  }

  /** Finds out whether the other side is there, and takes us, before the first byte is read. */
  async #prepare(context: OperationContext): Promise<Refusal | undefined> {
    const head = await this.#bucket.ask({ method: 'HEAD', key: '' })
    if (head.kind === 'answer' && isSuccess(head.status)) return undefined
    const isMissing = head.kind === 'answer' && head.status === 404
    if (!isMissing || !this.#options.create) return this.#refusal(context, head, 'HEAD of the bucket')
    const put = await this.#bucket.ask({ method: 'PUT', key: '' })
    const isMade = put.kind === 'answer' && (isSuccess(put.status) || put.status === 409)
    return isMade ? undefined : this.#refusal(context, put, 'PUT of the bucket')
  }

  async #writeWhole(context: OperationContext, key: string, body: Buffer): Promise<StoredBytes | Refusal> {
    const headers = { 'content-type': OCTETS }
    const put = await this.#bucket.ask({ method: 'PUT', key: this.#key(key), headers, body })
    const isDone = put.kind === 'answer' && isSuccess(put.status)
    return isDone ? { sizeBytes: body.length } : this.#refusal(context, put, 'PUT of an image')
  }

  async #writeParts(context: OperationContext, key: string, parts: Parts): Promise<StoredBytes | Refusal> {
    const uploadId = await this.#begin(context, key)
    if (uploadId instanceof Refusal) return uploadId
    const upload = { key: this.#key(key), uploadId }
    const written = await this.#sendParts(context, upload, parts)
    if (written instanceof Refusal) return written
    const complete = await this.#bucket.ask({
      method: 'POST',
      key: upload.key,
      query: { uploadId },
      headers: { 'content-type': 'application/xml' },
      body: completion(written.etags),
    })
    // A failure may come after the 200, in the body.
    const isDone =
      complete.kind === 'answer' && isSuccess(complete.status) && textOf(complete.bytes, 'ETag') !== undefined
    if (isDone) return { sizeBytes: written.sizeBytes }
    return (await this.#isWhole(upload.key, written.sizeBytes))
      ? { sizeBytes: written.sizeBytes }
      : this.#refusal(context, complete, 'completing an upload')
  }

  async #begin(context: OperationContext, key: string): Promise<string | Refusal> {
    const begun = await this.#bucket.ask({
      method: 'POST',
      key: this.#key(key),
      query: { uploads: '' },
      headers: { 'content-type': OCTETS },
    })
    const uploadId =
      begun.kind === 'answer' && isSuccess(begun.status) ? textOf(begun.bytes, 'UploadId') : undefined
    return uploadId ?? this.#refusal(context, begun, 'beginning an upload')
  }

  /** Whether a completion of which nobody heard was made after all: nobody else writes under the key. */
  async #isWhole(key: string, sizeBytes: number): Promise<boolean> {
    const head = await this.#bucket.ask({ method: 'HEAD', key })
    if (head.kind === 'unreachable' || head.status !== 200) return false
    return head.header('content-length') === String(sizeBytes)
  }

  async #sendParts(
    context: OperationContext,
    upload: Upload,
    { cutter, first, sizeBytes }: Parts,
  ): Promise<{ readonly etags: readonly string[]; readonly sizeBytes: number } | Refusal> {
    const etags: string[] = []
    const unanswered = new Set<Promise<void>>()
    let refusal: Refusal | undefined
    let sentBytes = 0
    try {
      for (let [part, at]: [Buffer, number] = [first, 0]; ; at += 1) {
        if (at === PARTS_MAX) return this.tooLong()
        sentBytes += part.length
        const sent = this.#sendPart(context, upload, at, part).then((etag) => {
          if (etag instanceof Refusal) refusal ??= etag
          else etags[at] = etag
        })
        const settled = sent.finally(() => unanswered.delete(settled))
        unanswered.add(settled)
        if (unanswered.size >= UNANSWERED_MAX) await Promise.race(unanswered)
        if (refusal !== undefined || (await cutter.isOver())) break
        part = await gathered(cutter, this.#partBytes(at + 1, sizeBytes))
      }
      await Promise.all(unanswered)
    } finally {
      // Nothing may be stored any more when the caller goes on to clean up.
      await Promise.allSettled(unanswered)
    }
    return refusal ?? { etags, sizeBytes: sentBytes }
  }

  async #sendPart(
    context: OperationContext,
    { key, uploadId }: Upload,
    at: number,
    body: Buffer,
  ): Promise<string | Refusal> {
    const query = { partNumber: String(at + 1), uploadId }
    const put = await this.#bucket.ask({ method: 'PUT', key, query, body })
    const etag = put.kind === 'answer' && isSuccess(put.status) ? put.header('etag') : undefined
    return etag ?? this.#refusal(context, put, 'PUT of a part of an image')
  }

  async read(_context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    return await openedRead(range, (wanted) =>
      this.#bucket.open({ method: 'GET', key: this.#key(key), headers: rangeHeader(wanted) }),
    )
  }

  /** The object, and uploads of it that were begun and not completed. */
  async remove(context: OperationContext, key: string): Promise<boolean> {
    const name = this.#key(key)
    const isDeleted = await this.#gone(context, { method: 'DELETE', key: name })
    const uploads = await this.#uploadsOf(context, name)
    if (uploads === undefined) return false
    let isGone = isDeleted
    for (const uploadId of uploads) {
      if (!(await this.#gone(context, { method: 'DELETE', key: name, query: { uploadId } }))) isGone = false
    }
    return isGone
  }

  async #gone(context: OperationContext, request: Parameters<S3Bucket['ask']>[0]): Promise<boolean> {
    const answer = await this.#bucket.ask(request)
    if (answer.kind === 'answer' && (isSuccess(answer.status) || answer.status === 404)) return true
    this.#refusal(context, answer, 'DELETE')
    return false
  }

  async #uploadsOf(context: OperationContext, key: string): Promise<readonly string[] | undefined> {
    const listed = await this.#bucket.ask({ method: 'GET', key: '', query: { prefix: key, uploads: '' } })
    if (listed.kind === 'answer' && listed.status === 404) return []
    if (listed.kind === 'answer' && isSuccess(listed.status)) return textsOf(listed.bytes, 'UploadId')
    this.#refusal(context, listed, 'listing uploads')
    return undefined
  }

  #key(key: string): string {
    return `${this.#options.prefix}${key}`
  }

  #refusal(context: OperationContext, answer: SmallAnswer | Unreachable, what: string): Refusal {
    const said =
      answer.kind === 'answer'
        ? `answered ${answer.status} ${textOf(answer.bytes, 'Code') ?? ''}`
        : answer.reason
    return this.failed(context, said, what)
  }
}

interface Upload {
  readonly key: string
  readonly uploadId: string
}

interface Parts {
  readonly cutter: SourceCutter
  readonly first: Buffer
  readonly sizeBytes: number | undefined
}

/** The next bytes, so many at most, in one piece of memory. */
async function gathered(cutter: SourceCutter, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of cutter.take(limitBytes)) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  for (const chunk of chunks) releasePiece(chunk)
  return whole
}
