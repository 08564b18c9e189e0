/**
 * Stores a stream as blocks that images share, a few at a time. What cannot be shared is stored under the image's own key,
 * and so is what comes after as many blocks as a map has room for.
 */

import type { Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import type { ByteSource } from '../data/image-store.ts'
import { isShared, type Piece, pieceName } from '../data/piece-map.ts'
import { slicedBody } from '../data/sliced-body.ts'
import { Refusal, unavailable } from '../refusal.ts'
import { BLOCK_LENGTHS, type Block, BlockCutter, type BlockLengths } from './block-cutter.ts'
import { blockId, idInPath } from './block-record.ts'
import type { Held, SharedBlocks } from './shared-blocks.ts'

/** Blocks that are being stored at once: with the one that is being read, what an upload holds in memory. */
const UNANSWERED_MAX = 4

export interface BlockRules {
  readonly lengths: BlockLengths
  /** What comes after is not shared: a map with so many is 10 MiB long. */
  readonly blocksMax: number
}

/** About 200 GiB in blocks. */
export const BLOCK_RULES: BlockRules = { lengths: BLOCK_LENGTHS, blocksMax: 65_536 }

export interface BlockWriterDeps {
  readonly store: Store
  readonly blocks: SharedBlocks
  /** Of what is not shared. */
  readonly container: ContainerName
  readonly rules: BlockRules
}

export interface WrittenBlocks {
  readonly pieces: readonly Piece[]
  /** Where the rest begins. */
  readonly end: number
  /** What was not read, if there is more. */
  readonly rest: ByteSource
}

/** Writes the source, or its beginning, for the holder, which is the key of the image's own pieces. Rejects with the source's error. */
export async function writeBlocks(
  deps: BlockWriterDeps,
  context: OperationContext,
  holder: string,
  source: ByteSource,
): Promise<WrittenBlocks | Refusal> {
  const cutter = new BlockCutter(source, deps.rules.lengths)
  const pieces: Piece[] = []
  const unanswered = new Set<Promise<void>>()
  /** Blocks of this image, some of them on their way. */
  const held = new Map<string, Promise<Held>>()
  const hold = ({ bytes }: Block): Promise<Held> => {
    const id = blockId(bytes)
    const holding = held.get(id) ?? deps.blocks.hold(context, id, bytes, holder)
    held.set(id, holding)
    return holding
  }
  let refusal: Refusal | undefined
  const begin = (block: Block): void => {
    const storing = storeBlock(deps, context, holder, block, hold(block)).then((stored) => {
      unanswered.delete(storing)
      if (stored instanceof Refusal) refusal ??= stored
      else pieces.push(stored)
    })
    unanswered.add(storing)
  }
  /** Nothing may be stored any more when the caller goes on to clean up. */
  const giveBack = async (): Promise<void> => {
    await Promise.allSettled(unanswered)
    await deps.blocks.letGoAll(context, held.keys(), holder)
  }
  try {
    for (let count = 0; count < deps.rules.blocksMax && refusal === undefined; count += 1) {
      const block = await cutter.next()
      if (block === undefined) break
      begin(block)
      if (unanswered.size >= UNANSWERED_MAX) await Promise.race(unanswered)
    }
    await Promise.all(unanswered)
    if (refusal === undefined) {
      const ordered = pieces.toSorted(([left], [right]) => left - right)
      return { pieces: ordered, end: cutter.offset, rest: cutter.rest() }
    }
  } catch (error) {
    await giveBack()
    throw error
  }
  await giveBack()
  return refusal
}

/** Blocks, each once, that pieces are in. */
export function blocksIn(pieces: readonly Piece[]): ReadonlySet<string> {
  return new Set(pieces.flatMap(([, , where]) => (isShared(where) ? [idInPath(where.block)] : [])))
}

async function storeBlock(
  { store, container }: BlockWriterDeps,
  context: OperationContext,
  holder: string,
  { offset, bytes }: Block,
  holding: Promise<Held>,
): Promise<Piece | Refusal> {
  const held = await holding
  if (held.kind === 'held') return [offset, bytes.length, { block: held.path }]
  if (held.kind === 'no_space') return FULL
  const put = await store.objects.put(
    context,
    { ...container, object: `${holder}/${pieceName(offset)}` },
    {
      body: slicedBody(bytes),
      contentType: 'application/octet-stream',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: bytes.length,
    },
  )
  if (put.kind === 'created') return [offset, bytes.length]
  return put.kind === 'no_space' ? FULL : LOST
}

const FULL = new Refusal(413, 'The image store is full.')
const LOST = unavailable('The image store cannot keep the data now.')
