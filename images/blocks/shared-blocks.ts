/**
 * Blocks that images share. The bytes of a block are there as long as an image holds it. All that is decided is decided by
 * conditional writes of the block's record (`block-record.ts`), so that a last image that lets go and a new one that takes
 * hold at the same moment cannot miss each other.
 *
 *     hold      there: 1 the record names the holder
 *               not there: 1 the record is made, `making`, with the holder · 2 the bytes are stored · 3 `present`
 *     let go    1 the record names the holder no more; of the last one, it says `leaving` in the same write
 *               2 the bytes are removed · 3 the record is removed
 *
 * A holder is a key that the record of an image names before the first block is held, and that nobody names again after
 * it stopped to (`docs/decisions/0013-images.md`). So whatever a process leaves that dies between two steps is found by
 * `sweep-blocks.ts`: holders whose image does not name them, blocks that are leaving, and bytes that no record names.
 * While a block is being made by one image, or leaves, another image stores these bytes for itself alone.
 */

import type { Store } from '#store/contract.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import type { FoundRecord, RecordCollection } from '#store/records/contract.ts'
import { slicedBody } from '../data/sliced-body.ts'
import { hiddenContainer, intoContainer } from '../records/hidden-account.ts'
import { type BlockRecord, blockPath } from './block-record.ts'

/** Where the bytes of blocks are. */
export const BLOCK_CONTAINER: ContainerName = hiddenContainer('image-block-data')
/** Images that share one block; its record is written with each. Later ones store the bytes for themselves. */
const HOLDERS_MAX = 1000
/** Blocks changed at once. */
const LANES = 8
/** How often a change starts over when others change the same block. */
const TRIES = 20

export interface SharedBlocksDeps {
  readonly store: Store
  readonly records: RecordCollection<BlockRecord>
  /** Names that nobody uses twice. */
  readonly newCopy: () => string
}

export type Held =
  /** The holder has the block; `saved`: its bytes were there. */
  | { readonly kind: 'held'; readonly path: string; readonly bytes: 'saved' | 'stored' }
  /** It cannot be shared now. */
  | { readonly kind: 'apart' }
  | { readonly kind: 'no_space' }

export class SharedBlocks {
  readonly #deps: SharedBlocksDeps

  constructor(deps: SharedBlocksDeps) {
    this.#deps = deps
  }

  /**
   * The block, for as long as the holder does not let go of it; durable when it is held. Where nobody can tell, as when the
   * cluster is busier than it can bear, the bytes are better stored apart than not at all.
   */
  async hold(context: OperationContext, id: string, bytes: Buffer, holder: string): Promise<Held> {
    const held = await this.#tryToHold(context, id, bytes, holder)
    if (held !== 'unknown') return held
    // What cannot be taken back now, the sweeper finds when the holder is gone.
    await this.letGo(context, id, holder)
    return { kind: 'apart' }
  }

  async #tryToHold(
    context: OperationContext,
    id: string,
    bytes: Buffer,
    holder: string,
  ): Promise<Held | 'unknown'> {
    const { records } = this.#deps
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await records.read(context, id, 'newest')
      if (read.kind === 'found') {
        const { value } = read
        if (value.state === 'making' && value.holders.includes(holder)) {
          return await this.#make(context, read, bytes)
        }
        if (value.state !== 'present') return { kind: 'apart' }
        if (value.holders.includes(holder)) return heldAt(id, value, 'saved')
        if (value.holders.length >= HOLDERS_MAX) return { kind: 'apart' }
        const joined = await records.replace(context, read, { ...value, holders: [...value.holders, holder] })
        if (joined.kind === 'found') return heldAt(id, value, 'saved')
        if (joined.kind === 'unavailable') return 'unknown'
      } else if (read.kind === 'absent') {
        const copy = this.#deps.newCopy()
        const made = await records.create(context, id, { state: 'making', copy, holders: [holder] })
        if (made.kind === 'found') return await this.#make(context, made, bytes)
        if (made.kind === 'unavailable') return 'unknown'
      } else return 'unknown'
    }
    return 'unknown'
  }

  /** Steps 2 and 3 of a block that is not there. */
  async #make(
    context: OperationContext,
    made: FoundRecord<BlockRecord>,
    bytes: Buffer,
  ): Promise<Held | 'unknown'> {
    const { store, records } = this.#deps
    const name = { ...BLOCK_CONTAINER, object: blockPath(made.key, made.value.copy) }
    const stored = await intoContainer(store, context, BLOCK_CONTAINER, () =>
      store.objects.put(context, name, {
        body: slicedBody(bytes),
        contentType: 'application/octet-stream',
        expectedEtag: undefined,
        metadata: {},
        limitBytes: bytes.length,
      }),
    )
    if (stored.kind !== 'created') {
      context.log.warn({ failure: stored }, 'a block of an image could not be stored')
      return stored.kind === 'no_space' ? { kind: 'no_space' } : 'unknown'
    }
    const present = await records.replace(context, made, { ...made.value, state: 'present' })
    if (present.kind === 'found') return heldAt(made.key, made.value, 'stored')
    return await this.#afterAll(context, made)
  }

  /** What became of a block that was made, and could not be said to be there. */
  async #afterAll(
    context: OperationContext,
    { key, value }: FoundRecord<BlockRecord>,
  ): Promise<Held | 'unknown'> {
    const now = await this.#deps.records.read(context, key, 'newest')
    const isNamed = now.kind === 'found' && now.value.copy === value.copy
    const [holder = ''] = value.holders
    if (isNamed && now.value.state === 'present' && now.value.holders.includes(holder)) {
      return heldAt(key, value, 'stored')
    }
    // The holder was given up meanwhile, and somebody let go of the block: nobody will come for these bytes.
    const isGone = now.kind === 'absent' || (now.kind === 'found' && !isNamed)
    if (isGone) await this.removeBytes(context, blockPath(key, value.copy))
    return 'unknown'
  }

  /** The holder does not have the block any more; its bytes go with the last one. False when that is not sure. */
  async letGo(context: OperationContext, id: string, holder: string): Promise<boolean> {
    const { records } = this.#deps
    for (let tries = 0; tries < TRIES; tries += 1) {
      const read = await records.read(context, id, 'newest')
      if (read.kind === 'absent') return true
      if (read.kind !== 'found') return false
      const { value } = read
      if (value.state === 'leaving') return await this.finish(context, read)
      const holders = value.holders.filter((one) => one !== holder)
      if (holders.length === value.holders.length) return true
      const left = await records.replace(context, read, {
        ...value,
        holders,
        state: holders.length === 0 ? 'leaving' : value.state,
      })
      if (left.kind === 'found') return holders.length > 0 || (await this.finish(context, left))
      if (left.kind === 'unavailable') return false
    }
    return false
  }

  /** The same of several blocks; whether it is sure of all. */
  async letGoAll(context: OperationContext, ids: Iterable<string>, holder: string): Promise<boolean> {
    let isSure = true
    await inParallel(ids, LANES, async (id) => {
      if (!(await this.letGo(context, id, holder))) isSure = false
    })
    return isSure
  }

  /** The last steps of a block that leaves. */
  async finish(context: OperationContext, leaving: FoundRecord<BlockRecord>): Promise<boolean> {
    if (!(await this.removeBytes(context, blockPath(leaving.key, leaving.value.copy)))) return false
    const { kind } = await this.#deps.records.remove(context, leaving)
    return kind === 'removed' || kind === 'changed'
  }

  /** Whether they are gone. */
  async removeBytes(context: OperationContext, object: string): Promise<boolean> {
    const { kind } = await this.#deps.store.objects.delete(context, { ...BLOCK_CONTAINER, object }, {})
    return kind === 'deleted' || kind === 'no_such_object' || kind === 'no_such_container'
  }
}

function heldAt(id: string, { copy }: BlockRecord, bytes: 'saved' | 'stored'): Held {
  return { kind: 'held', path: blockPath(id, copy), bytes }
}
