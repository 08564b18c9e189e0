/**
 * The cluster itself as the store of images: pieces in a container of the hidden account, and, written last, the map that
 * says which of them make the image. Without its map there is no image, whatever pieces there are.
 */
import { type BodyStream, readWhole } from '#http/message.ts'
import type { ByteRange } from '#http/ranges.ts'
import type { Store } from '#store/contract.ts'
import type { ImageBytes } from '#store/image-objects/image-objects.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { type BlockRules, blocksIn, writeBlocks } from '../blocks/block-writer.ts'
import type { SharedBlocks } from '../blocks/shared-blocks.ts'
import type { UploadSession } from '../model/image-record.ts'
import { ensureContainer, hiddenContainer, intoContainer } from '../records/hidden-account.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { ByteSource, BytesRead, ImageStore, StoredBytes, WriteOptions } from './image-store.ts'
import { decodeMap, encodeMap, type Piece, type PieceMap } from './piece-map.ts'
import { PieceReader } from './piece-reader.ts'
import { CUTTING_RULES, type CuttingRules } from './piece-source.ts'
import { type WrittenPieces, writePieces } from './piece-writer.ts'
import { slicedBody } from './sliced-body.ts'

export const CLUSTER_STORE = 'cluster'
const MAP_NAME = 'map'
/** A map of `piecesMax` pieces and of those that follow in the largest image is well below. Bytes. */
const MAP_BYTES = 16 * 1024 * 1024
/** Objects listed, and deleted, at once. */
const PAGE = 1000
const LANES = 8

/** Blocks that images have in common. */
export interface BlockSharing {
  readonly blocks: SharedBlocks
  /** What is new is stored `shared` or `apart`; what is shared stays so. */
  readonly writes: 'shared' | 'apart'
  readonly rules: BlockRules
}

export class ClusterStore implements ImageStore, ImageBytes {
  readonly id = CLUSTER_STORE
  readonly description = 'Three copies on the devices of the cluster'
  readonly type = 'cluster'
  readonly access = 'writable'
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly #store: Store
  readonly #container: ContainerName = hiddenContainer('image-data')
  readonly #rules: CuttingRules
  readonly #sharing: BlockSharing | undefined

  /** Without `sharing`, what is shared can be read, and neither written nor removed. */
  constructor(store: Store, rules: CuttingRules = CUTTING_RULES, sharing?: BlockSharing) {
    this.#store = store
    this.#rules = rules
    this.#sharing = sharing
    this.properties = { chunk_size: rules.pieceBytes, thin_provisioning: true }
  }

  async write(
    context: OperationContext,
    key: string,
    source: ByteSource,
    { describe }: WriteOptions = {},
  ): Promise<StoredBytes | Refusal> {
    const sharing = this.#sharing?.writes === 'shared' ? this.#sharing : undefined
    const complete = ({ end, pieces }: WrittenPieces): Promise<StoredBytes | Refusal> =>
      this.complete(context, key, { sizeBytes: end, pieces, image: describe?.() })
    if (sharing !== undefined) return await this.#writeShared(context, key, source, sharing, complete)
    const written = await this.append(context, key, source, 0)
    return written instanceof Refusal ? written : await complete(written)
  }

  /** As blocks; what cannot be completed holds none. */
  async #writeShared(
    context: OperationContext,
    key: string,
    source: ByteSource,
    { blocks, rules }: BlockSharing,
    complete: (written: WrittenPieces) => Promise<StoredBytes | Refusal>,
  ): Promise<StoredBytes | Refusal> {
    if (!(await ensureContainer(this.#store, context, this.#container))) {
      return unavailable('The image store cannot keep the data now.')
    }
    const deps = { store: this.#store, container: this.#container, blocks, rules }
    const first = await writeBlocks(deps, context, key, source)
    if (first instanceof Refusal) return first
    const giveBack = (): Promise<boolean> => blocks.letGoAll(context, blocksIn(first.pieces), key)
    try {
      const rest = await this.append(context, key, first.rest, first.end)
      const stored =
        rest instanceof Refusal
          ? rest
          : await complete({ pieces: [...first.pieces, ...rest.pieces], end: rest.end })
      if (stored instanceof Refusal) await giveBack()
      return stored
    } catch (error) {
      await giveBack()
      throw error
    }
  }

  /** Writes pieces from an offset on, without saying yet that they are an image. */
  append(
    context: OperationContext,
    key: string,
    source: ByteSource,
    from: number,
  ): Promise<WrittenPieces | Refusal> {
    const deps = { store: this.#store, container: this.#container, rules: this.#rules }
    return writePieces(deps, context, key, source, from)
  }

  /** The pieces are the image from now on. */
  async complete(context: OperationContext, key: string, map: PieceMap): Promise<StoredBytes | Refusal> {
    const name = { ...this.#container, object: `${key}/${MAP_NAME}` }
    const put = await intoContainer(this.#store, context, this.#container, () =>
      this.#store.objects.put(context, name, {
        body: slicedBody(encodeMap(map)),
        contentType: 'application/json',
        expectedEtag: undefined,
        metadata: {},
        limitBytes: MAP_BYTES,
      }),
    )
    if (put.kind !== 'created') return unavailable('The image store cannot keep the data now.')
    return { sizeBytes: map.sizeBytes }
  }

  async read(context: OperationContext, key: string, range: ByteRange | undefined): Promise<BytesRead> {
    const map = await this.map(context, key)
    if (map === 'absent') return { kind: 'absent' }
    if (map === 'unavailable') return { kind: 'unavailable', reason: 'the map of the image cannot be read' }
    const wanted = range ?? { start: 0, end: map.sizeBytes }
    return { kind: 'found', sizeBytes: map.sizeBytes, body: this.readPieces(context, key, map, wanted) }
  }

  /** For objects that share the bytes (`store/image-objects/`): gives any range of them. */
  async open(
    context: OperationContext,
    key: string,
  ): Promise<((range: ByteRange) => BodyStream) | 'absent' | 'unavailable'> {
    const map = await this.map(context, key)
    return typeof map === 'string' ? map : (range) => this.readPieces(context, key, map, range)
  }

  /** A part of what a map describes, which need not be complete. */
  readPieces(context: OperationContext, key: string, map: PieceMap, range: ByteRange): PieceReader {
    return new PieceReader({ store: this.#store, container: this.#container }, context, key, map, range)
  }

  /** What says of the pieces under a key that they are an image. */
  async map(context: OperationContext, key: string): Promise<PieceMap | 'absent' | 'unavailable'> {
    const name = { ...this.#container, object: `${key}/${MAP_NAME}` }
    const options = { method: 'GET', conditions: {}, newest: false } as const
    const read = await this.#store.objects.read(context, name, options)
    if (read.kind === 'found') return decodeMap(await readWhole(read.body, MAP_BYTES)) ?? 'unavailable'
    const isAbsent = read.kind === 'no_such_object' || read.kind === 'no_such_container'
    return isAbsent ? 'absent' : 'unavailable'
  }

  /** What the sessions of an upload have stored so far, in order; `undefined` when that cannot be known now. */
  async sessionPieces(
    context: OperationContext,
    key: string,
    sessions: readonly UploadSession[],
  ): Promise<readonly Piece[] | undefined> {
    const pieces: Piece[] = []
    for (const [at, { id, from }] of sessions.entries()) {
      const objects = await this.list(context, `${key}/${id}/`)
      if (objects === undefined) return undefined
      const end = sessions[at + 1]?.from ?? Infinity
      for (const { name, sizeBytes } of objects) {
        const offset = Number(name.slice(name.lastIndexOf('/') + 1))
        if (offset >= from && offset < end) pieces.push([offset, sizeBytes, id])
      }
    }
    return pieces
  }

  /** Objects whose names begin so. */
  async list(
    context: OperationContext,
    prefix: string,
  ): Promise<readonly { readonly name: string; readonly sizeBytes: number }[] | undefined> {
    const found: { name: string; sizeBytes: number }[] = []
    for (let marker: string | undefined; ; ) {
      const listing = { prefix, marker, limit: PAGE, reverse: false }
      const read = await this.#store.containers.read(context, this.#container, { listing })
      if (read.kind === 'no_such_container' || read.kind === 'no_such_account') return []
      if (read.kind !== 'found') return undefined
      const entries = read.page?.entries() ?? []
      for (const entry of entries) if (entry.kind === 'object') found.push(entry)
      const last = entries.at(-1)
      if (entries.length < PAGE || last === undefined || last.kind === 'subdir') return found
      marker = last.name
    }
  }

  async remove(context: OperationContext, key: string): Promise<boolean> {
    const objects = await this.list(context, `${key}/`)
    if (objects === undefined) return false
    const hasMap = objects.some(({ name }) => name === `${key}/${MAP_NAME}`)
    // The map alone tells of the blocks: it stays until the image has let go of them.
    if (hasMap && !(await this.#letGo(context, key))) return false
    let isGone = true
    // The map goes first: what is half deleted is no image.
    const names = objects.map(({ name }) => name).toSorted((left, right) => (left < right ? 1 : -1))
    const [first, ...rest] = names
    const remove = async (object: string): Promise<void> => {
      const { kind } = await this.#store.objects.delete(context, { ...this.#container, object }, {})
      if (kind !== 'deleted' && kind !== 'no_such_object') isGone = false
    }
    if (first !== undefined) await remove(first)
    await inParallel(rest, LANES, remove)
    return isGone
  }

  async #letGo(context: OperationContext, key: string): Promise<boolean> {
    const map = await this.map(context, key)
    if (map === 'unavailable') return false
    const ids = map === 'absent' ? new Set<string>() : blocksIn(map.pieces)
    if (ids.size === 0) return true
    return this.#sharing !== undefined && (await this.#sharing.blocks.letGoAll(context, ids, key))
  }
}
