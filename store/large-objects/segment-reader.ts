/**
 * Reads segments of a large object, each only as the manifest describes it: an object that has another ETag or size is
 * refused before a byte of it is passed on. A replica that has an older version is not the end: the newest is asked for.
 */
import type { HeaderMap, ResponseBody } from '#http/message.ts'
import { readWhole } from '#http/message.ts'
import { parseContentRange } from '#http/ranges.ts'
import type { ObjectRead, ObjectReadOptions, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { joinedEtag, type ObjectSegment, parseManifest, type Segment, totalBytes } from './manifest.ts'
import { type ManifestSource, type Piece, segmentName } from './pieces.ts'
import { SegmentError } from './segment-error.ts'

/** Largest manifest that is read, bytes: of one written with the largest input that Swift allows by default, four times. */
export const STORED_MANIFEST_BYTES = 32 * 1024 * 1024
/** Nested manifests kept while one request is answered: twice the deepest nesting, as in Swift. */
const KEPT_MANIFESTS = 20

type ObjectPiece = Extract<Piece, { readonly kind: 'object' }>

export class SegmentReader implements ManifestSource {
  readonly account: string
  readonly #store: Store
  readonly #context: OperationContext
  readonly #customerKey: Buffer | undefined
  readonly #manifests = new Map<string, Promise<readonly Segment[]>>()

  constructor(
    store: Store,
    context: OperationContext,
    account: string,
    /** Of parts that are encrypted with it. */
    customerKey?: Buffer,
  ) {
    this.#store = store
    this.#customerKey = customerKey
    this.#context = context
    this.account = account
  }

  get signal(): AbortSignal | undefined {
    return this.#context.signal
  }

  /** The bytes of a piece, and the ETag of the object they are of. Rejects with a `SegmentError`. */
  async open(piece: ObjectPiece): Promise<{ readonly body: ResponseBody; readonly etag: string }> {
    const { start, end } = piece.range
    const isWhole = start === 0 && end === piece.sizeBytes
    const conditions: HeaderMap = isWhole ? {} : { range: `bytes=${start}-${end - 1}` }
    const read = await this.#readUnchanged(piece, conditions)
    return { body: read.body, etag: bareEtag(read.headers) }
  }

  readonly segmentsOf = (segment: ObjectSegment): Promise<readonly Segment[]> => {
    const key = `${segment.path}\n${segment.etag}`
    const kept = this.#manifests.get(key)
    if (kept !== undefined) return kept
    const read = this.#readManifest(segment)
    this.#manifests.set(key, read)
    const [oldest] = this.#manifests.keys()
    if (this.#manifests.size > KEPT_MANIFESTS && oldest !== undefined) this.#manifests.delete(oldest)
    return read
  }

  async #readManifest(segment: ObjectSegment): Promise<readonly Segment[]> {
    const name = segmentName(this.account, segment.path)
    for (const newest of [false, true]) {
      const read = await this.#read(name, { method: 'GET', conditions: {}, newest })
      const segments = parseManifest(await wholeBody(read.body))
      const isSame = segments !== undefined && joinedEtag(segments) === segment.etag
      if (isSame && totalBytes(segments) === segment.sizeBytes) return segments
    }
    throw new SegmentError('CHANGED', `${segment.path} is another manifest now`)
  }

  async #readUnchanged(piece: ObjectPiece, conditions: HeaderMap): Promise<ObjectRead> {
    for (const newest of [false, true]) {
      const read = await this.#read(piece.name, { method: 'GET', conditions, newest })
      if (isUnchanged(read, piece)) return read
      await release(read.body)
    }
    throw new SegmentError('CHANGED', `/${piece.name.container}/${piece.name.object} has changed`)
  }

  async #read(name: ObjectName, options: ObjectReadOptions): Promise<ObjectRead> {
    const permission = await this.#context.permits?.('read', name)
    if (permission?.kind === 'denied') throw failed(name, permission)
    const customerKey = this.#customerKey
    const read = await this.#store.objects.read(this.#context, name, { ...options, customerKey })
    if (read.kind === 'found') return read
    throw failed(name, read.kind === 'not_modified' ? { kind: 'conflict', newest: undefined } : read)
  }
}

function failed({ container, object }: ObjectName, failure: StoreFailure): SegmentError {
  const isTransient = failure.kind === 'unavailable' || failure.kind === 'no_space'
  return new SegmentError(isTransient ? 'UNAVAILABLE' : 'CHANGED', `/${container}/${object}: ${failure.kind}`)
}

/** ETag and size are those of the manifest, and the part is the one asked for. */
function isUnchanged({ status, headers }: ObjectRead, { etag, sizeBytes, range }: ObjectPiece): boolean {
  if (etag !== undefined && bareEtag(headers) !== etag) return false
  if (status === 200)
    return range.start === 0 && range.end === sizeBytes && Number(headers['content-length']) === sizeBytes
  const partial = parseContentRange(headers['content-range'])
  return (
    partial?.lengthBytes === sizeBytes &&
    partial.range.start === range.start &&
    partial.range.end === range.end
  )
}

export function bareEtag(headers: HeaderMap): string {
  return (headers['etag'] ?? '').replaceAll('"', '')
}

/** A whole manifest. Rejects with a `SegmentError`. */
export async function wholeBody(body: ResponseBody): Promise<Buffer> {
  try {
    return await readWhole(body, STORED_MANIFEST_BYTES)
  } catch (error) {
    throw new SegmentError('UNAVAILABLE', 'a manifest could not be read', error)
  }
}

/** Lets go of a body that nobody wants. */
export async function release(body: ResponseBody): Promise<void> {
  if (body !== undefined && !Buffer.isBuffer(body)) await body.cancel()
}
