/** Reads an image back from its pieces: each is opened when the one before ends, what was left out is given as zeros. */
import type { BodyStream, ResponseBody } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { BLOCK_CONTAINER } from '../blocks/shared-blocks.ts'
import { isShared, type PieceMap, piecePath, type Stretch, stretchesOf } from './piece-map.ts'

const ZEROS = Buffer.alloc(64 * 1024)

export interface PieceReaderDeps {
  readonly store: Store
  readonly container: ContainerName
}

/** Reading rejects when a piece is not there or cannot be read: the client must not take what it has for the whole. */
export class PieceReader implements BodyStream {
  readonly #deps: PieceReaderDeps
  readonly #context: OperationContext
  readonly #key: string
  readonly #stretches: Iterable<Stretch>
  #current: BodyStream | undefined
  #isCancelled = false

  constructor(
    deps: PieceReaderDeps,
    context: OperationContext,
    key: string,
    map: PieceMap,
    range: ByteRange,
  ) {
    this.#deps = deps
    this.#context = context
    this.#key = key
    this.#stretches = stretchesOf(map, range)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (const stretch of this.#stretches) {
      if (stretch.kind === 'zeros') yield* zeros(stretch.lengthBytes)
      else yield* this.#piece(stretch)
    }
  }

  async cancel(): Promise<void> {
    this.#isCancelled = true
    await this.#current?.cancel()
  }

  async *#piece(stretch: Extract<Stretch, { readonly kind: 'piece' }>): AsyncGenerator<Buffer> {
    const body = await this.#open(stretch)
    if (this.#isCancelled) throw new Error('the reader was cancelled')
    if (Buffer.isBuffer(body)) {
      yield body
      return
    }
    if (body === undefined) return
    this.#current = body
    yield* body
    this.#current = undefined
  }

  async #open({
    offset,
    lengthBytes,
    where,
    range,
  }: Extract<Stretch, { readonly kind: 'piece' }>): Promise<ResponseBody> {
    const isWhole = range.start === 0 && range.end === lengthBytes
    const name = isShared(where)
      ? { ...BLOCK_CONTAINER, object: where.block }
      : { ...this.#deps.container, object: `${this.#key}/${piecePath(offset, where)}` }
    const read = await this.#deps.store.objects.read(this.#context, name, {
      method: 'GET',
      conditions: isWhole ? {} : { range: `bytes=${range.start}-${range.end - 1}` },
      newest: false,
    })
    if (read.kind === 'found') return read.body
    throw new Error(`piece ${name.object} of an image cannot be read: ${read.kind}`)
  }
}

function* zeros(lengthBytes: number): Generator<Buffer> {
  for (let left = lengthBytes; left > 0; left -= ZEROS.length) {
    yield left >= ZEROS.length ? ZEROS : ZEROS.subarray(0, left)
  }
}
