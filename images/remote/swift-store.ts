/**
 * A container of a Swift elsewhere as a store of images: OpenStack's, or another cluster of ours. An image is one object;
 * a long one, or one whose length nobody knows, is a static large object, whose segments are beside it, below its name. The
 * manifest is written last and names each segment by MD5 and length, which the other side checks: without it there is no
 * image, whatever segments there are.
 */
import { createHash } from 'node:crypto'
import { quotedPath } from '#base/names.ts'
import { bufferBody, EMPTY_BODY, type RequestBody } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ByteSource, BytesRead, ImageStore, StoredBytes, WriteOptions } from '../data/image-store.ts'
import { isObject } from '../model/json-schema.ts'
import { Refusal, unavailable } from '../refusal.ts'
import { openedRead, rangeHeader } from './opened-read.ts'
import { isSuccess, type SmallAnswer, type Unreachable } from './site.ts'
import { SourceCutter } from './source-cutter.ts'
import { StoreElsewhere, type StoreIdentity } from './store-elsewhere.ts'
import type { SwiftAccount } from './swift-account.ts'

export interface SwiftStoreOptions extends StoreIdentity {
  readonly account: SwiftAccount
  readonly container: string
  /** The container is made when it is missing (OpenStack Glance, `swift_store_create_container_on_put`). */
  readonly create: boolean
  /** Images up to this length, where it is known, are one object. Bytes. */
  readonly largeObjectBytes: number
  /** Length of the first segments, bytes. */
  readonly segmentBytes: number
}

/** Swift's `max_file_size`; and every so many segments they become twice as long, as a manifest has 1000 at most. */
const SEGMENT_BYTES_MAX = 5 * 1024 ** 3
const SEGMENTS_BEFORE_DOUBLING = 100
const SEGMENTS_MAX = 1000
/** Names listed, and segments deleted, at once. */
const PAGE = 1000
const LANES = 8
const OCTETS = 'application/octet-stream'

interface Segment {
  readonly path: string
  readonly etag: string
  readonly size_bytes: number
}

export class SwiftStore extends StoreElsewhere implements ImageStore {
  readonly type = 'swift'
  readonly #options: SwiftStoreOptions
  readonly #account: SwiftAccount

  constructor(options: SwiftStoreOptions) {
    super(options, {
      container: options.container,
      large_object_size: options.largeObjectBytes,
      large_object_chunk_size: options.segmentBytes,
    })
    this.#options = options
    this.#account = options.account
  }

  async write(
    context: OperationContext,
    key: string,
    source: ByteSource,
    { sizeBytes }: WriteOptions = {},
  ): Promise<StoredBytes | Refusal> {
    const cutter = new SourceCutter(source)
    const isOne = sizeBytes !== undefined && sizeBytes <= this.#options.largeObjectBytes
    const written =
      (await this.#prepare(context)) ??
      (isOne
        ? await this.#writeWhole(context, key, cutter, sizeBytes)
        : await this.#writeSegments(context, key, cutter))
    // Whoever sent the bytes on heard only that they stopped.
    if (cutter.failure !== undefined) throw cutter.failure.error
    return written
  }

  /** Finds out whether the other side is there, and takes us, before the first byte of what can be sent once. */
  async #prepare(context: OperationContext): Promise<Refusal | undefined> {
    const head = await this.#account.ask({ method: 'HEAD', path: this.#path('') })
    if (head.kind === 'answer' && isSuccess(head.status)) return undefined
    const isMissing = head.kind === 'answer' && head.status === 404
    if (!isMissing || !this.#options.create) return this.#refusal(context, head, 'HEAD of the container')
    const put = await this.#account.ask({ method: 'PUT', path: this.#path('') })
    return put.kind === 'answer' && isSuccess(put.status)
      ? undefined
      : this.#refusal(context, put, 'PUT of the container')
  }

  async #writeWhole(
    context: OperationContext,
    key: string,
    cutter: SourceCutter,
    sizeBytes: number,
  ): Promise<StoredBytes | Refusal> {
    const put = await this.#put(context, key, cutter.take(Number.MAX_SAFE_INTEGER), sizeBytes)
    return put instanceof Refusal ? put : { sizeBytes: put.size_bytes }
  }

  async #writeSegments(
    context: OperationContext,
    key: string,
    cutter: SourceCutter,
  ): Promise<StoredBytes | Refusal> {
    const segments: Segment[] = []
    while (!(await cutter.isOver())) {
      if (segments.length === SEGMENTS_MAX) return this.tooLong()
      const name = `${key}/${String(segments.length + 1).padStart(8, '0')}`
      const put = await this.#put(context, name, cutter.take(this.#segmentBytes(segments.length)), undefined)
      if (put instanceof Refusal) return put
      segments.push(put)
    }
    const sizeBytes = segments.reduce((sum, { size_bytes: bytes }) => sum + bytes, 0)
    const refused = await this.#writeManifest(context, key, segments)
    return refused ?? { sizeBytes }
  }

  #segmentBytes(before: number): number {
    const doublings = Math.floor(before / SEGMENTS_BEFORE_DOUBLING)
    return Math.min(this.#options.segmentBytes * 2 ** doublings, SEGMENT_BYTES_MAX)
  }

  /** An image without a byte is an object without one. */
  async #writeManifest(
    context: OperationContext,
    key: string,
    segments: readonly Segment[],
  ): Promise<Refusal | undefined> {
    const manifest = Buffer.from(JSON.stringify(segments))
    const answer = await this.#account.ask({
      method: 'PUT',
      path: this.#path(key),
      query: segments.length === 0 ? '' : 'multipart-manifest=put',
      headers: { 'content-type': OCTETS },
      body: segments.length === 0 ? EMPTY_BODY : bufferBody(manifest),
    })
    const isDone = answer.kind === 'answer' && isSuccess(answer.status)
    return isDone ? undefined : this.#refusal(context, answer, 'PUT of an image')
  }

  /** Sends bytes once; what the other side says of their MD5 must be what they had. */
  async #put(
    context: OperationContext,
    name: string,
    bytes: AsyncIterable<Buffer>,
    lengthBytes: number | undefined,
  ): Promise<Segment | Refusal> {
    const md5 = createHash('md5')
    let sizeBytes = 0
    const looked = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of bytes) {
        md5.update(chunk)
        sizeBytes += chunk.length
        yield chunk
      }
    }
    const answer = await this.#account.sendOnce({
      method: 'PUT',
      path: this.#path(name),
      headers: { 'content-type': OCTETS },
      body: streamedBody(looked(), lengthBytes),
    })
    if (answer.kind === 'unreachable' || !isSuccess(answer.status)) {
      return this.#refusal(context, answer, 'PUT of a part of an image')
    }
    const etag = md5.digest('hex')
    const stored = answer.header('etag')?.replaceAll('"', '').toLowerCase()
    if (stored !== undefined && stored !== etag) {
      context.log.error(
        { store: this.id, name, stored, etag },
        'an image store keeps other bytes than were sent',
      )
      return unavailable(`Store '${this.id}' kept other bytes than it was sent.`)
    }
    return { path: `/${this.#options.container}/${name}`, etag, size_bytes: sizeBytes }
  }

  async read(_context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    return await openedRead(range, (wanted) =>
      this.#account.open({ method: 'GET', path: this.#path(key), headers: rangeHeader(wanted) }),
    )
  }

  /** The manifest goes first: what is half deleted is no image. It knows segments that a listing may not know yet. */
  async remove(context: OperationContext, key: string): Promise<boolean> {
    const known = await this.#segmentsOf(key)
    const listed = await this.#list(`${key}/`)
    if (known === undefined || listed === undefined) return false
    if (!(await this.#delete(context, key))) return false
    let isGone = true
    await inParallel([...new Set([...known, ...listed])], LANES, async (name) => {
      if (!(await this.#delete(context, name))) isGone = false
    })
    return isGone
  }

  async #delete(context: OperationContext, name: string): Promise<boolean> {
    const answer = await this.#account.ask({ method: 'DELETE', path: this.#path(name) })
    if (answer.kind === 'answer' && (isSuccess(answer.status) || answer.status === 404)) return true
    this.#refusal(context, answer, 'DELETE')
    return false
  }

  /** Names of the segments that the manifest of an image tells of; `undefined` when that cannot be known now. */
  async #segmentsOf(key: string): Promise<readonly string[] | undefined> {
    const head = await this.#account.ask({ method: 'HEAD', path: this.#path(key) })
    if (head.kind === 'unreachable') return undefined
    if (head.status === 404 || head.header('x-static-large-object') === undefined) {
      return head.status === 404 || isSuccess(head.status) ? [] : undefined
    }
    const query = 'multipart-manifest=get'
    const manifest = await this.#account.ask({ method: 'GET', path: this.#path(key), query })
    if (manifest.kind === 'unreachable' || !isSuccess(manifest.status)) return undefined
    const beginning = `/${this.#options.container}/`
    return itemsIn(manifest)?.flatMap(({ name }) =>
      typeof name === 'string' && name.startsWith(beginning) ? [name.slice(beginning.length)] : [],
    )
  }

  async #list(prefix: string): Promise<readonly string[] | undefined> {
    const found: string[] = []
    for (let marker = ''; ; ) {
      const query = new URLSearchParams({ format: 'json', prefix, marker, limit: String(PAGE) }).toString()
      const page = await this.#account.ask({ method: 'GET', path: this.#path(''), query })
      if (page.kind === 'answer' && page.status === 404) return found
      if (page.kind === 'unreachable' || !isSuccess(page.status)) return undefined
      const names = page.status === 204 ? [] : itemsIn(page)?.map(({ name }) => String(name))
      if (names === undefined) return undefined
      found.push(...names)
      const last = names.at(-1)
      if (last === undefined || names.length < PAGE) return found
      marker = last
    }
  }

  #path(name: string): string {
    const { container } = this.#options
    return quotedPath(name === '' ? `/${container}` : `/${container}/${name}`)
  }

  #refusal(context: OperationContext, answer: SmallAnswer | Unreachable, what: string): Refusal {
    const said = answer.kind === 'answer' ? `answered ${answer.status}` : answer.reason
    const refusal = this.failed(context, said, what)
    return answer.kind === 'answer' && FULL.has(answer.status) ? this.full() : refusal
  }
}

/** Over a quota, or without room. */
const FULL: ReadonlySet<number> = new Set([413, 507])

function itemsIn({ bytes }: SmallAnswer): readonly Readonly<Record<string, unknown>>[] | undefined {
  try {
    const items: unknown = JSON.parse(bytes.toString('utf8'))
    return Array.isArray(items) ? items.filter(isObject) : undefined
  } catch {
    return undefined
  }
}

function streamedBody(bytes: AsyncGenerator<Buffer>, lengthBytes: number | undefined): RequestBody {
  return {
    lengthBytes,
    sendContinue: () => {},
    // The source is read on, or left, by whoever gave it.
    cancel: async () => {},
    [Symbol.asyncIterator]: () => bytes,
  }
}
