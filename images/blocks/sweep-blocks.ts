/**
 * Puts right what died while it shared blocks: lets go of blocks for images that do not have them, ends those that were leaving,
 * and removes bytes that no record of a block names. Looks at every block, so once a day is often enough (`isDue`); an image
 * that is deleted frees its blocks at once.
 *
 * Safe beside everything: whether an image has a holder's key is asked after the holder was seen, and a key that no record
 * names is never named again; a block's bytes are named before they are stored, and never again after.
 */
import type { Clock } from '#base/environment.ts'
import type { Store } from '#store/contract.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { OperationContext } from '#store/operation.ts'
import type { RecordCollection, RecordKind, Records } from '#store/records/contract.ts'
import { changeRecord } from '#store/records/record-change.ts'
import { BLOCK_RECORDS, type BlockRecord, blockPath, idInPath } from './block-record.ts'
import { BLOCK_CONTAINER, type SharedBlocks } from './shared-blocks.ts'

/** How often all blocks are looked at, by one process of the cluster. Milliseconds. */
const EVERY_MS = 24 * 3_600_000
const LANES = 8
const PAGE = 1000

interface LastSweep {
  /** Milliseconds since the epoch. */
  readonly at: number
}

const LAST_SWEEPS: RecordKind<LastSweep> = {
  name: 'image-sweeps',
  version: 1,
  parse: (written) =>
    typeof (written as Partial<LastSweep> | null)?.at === 'number' ? (written as LastSweep) : undefined,
}

export interface BlockSweeperDeps {
  readonly store: Store
  readonly records: Records
  readonly blocks: SharedBlocks
  readonly clock: Clock
}

export class BlockSweeper {
  readonly #store: Store
  readonly #blocks: SharedBlocks
  readonly #records: RecordCollection<BlockRecord>
  readonly #last: RecordCollection<LastSweep>
  readonly #clock: Clock

  constructor({ store, records, blocks, clock }: BlockSweeperDeps) {
    this.#store = store
    this.#blocks = blocks
    this.#clock = clock
    this.#records = records.of(BLOCK_RECORDS)
    this.#last = records.of(LAST_SWEEPS)
  }

  /** Whether it is this process that looks at all blocks today. */
  async isDue(context: OperationContext): Promise<boolean> {
    const nowMs = this.#clock.wallMs()
    const taken = await changeRecord(this.#last, context, 'blocks', (there) =>
      there !== undefined && nowMs - there.at < EVERY_MS
        ? { kind: 'refused', refusal: 'not yet' }
        : { kind: 'value', value: { at: nowMs } },
    )
    return taken.kind === 'found'
  }

  /** How many holds and bytes nobody had any more. `isNamed`: whether an image has, or may get, the bytes of a key. */
  async sweep(context: OperationContext, isNamed: (key: string) => Promise<boolean>): Promise<number> {
    // Before the records: what is stored by then was named by then.
    const stored = await this.#storedPaths(context)
    const asked = new Map<string, Promise<boolean>>()
    const isHeld = (key: string): Promise<boolean> => {
      const answer = asked.get(key) ?? isNamed(key)
      asked.set(key, answer)
      return answer
    }
    const named = new Set<string>()
    let freed = 0
    await this.#eachRecord(context, async (id) => {
      const read = await this.#records.read(context, id, 'newest')
      if (read.kind === 'absent') return
      if (read.kind !== 'found') throw new Error('a block of images cannot be read now')
      named.add(blockPath(id, read.value.copy))
      if (read.value.state === 'leaving' && (await this.#blocks.finish(context, read))) freed += 1
      for (const holder of read.value.holders) {
        if (!(await isHeld(holder)) && (await this.#blocks.letGo(context, id, holder))) freed += 1
      }
    })
    await inParallel(
      stored.filter((path) => !named.has(path)),
      LANES,
      async (path) => {
        if (await this.#removeUnnamed(context, path)) freed += 1
      },
    )
    return freed
  }

  async #removeUnnamed(context: OperationContext, path: string): Promise<boolean> {
    const read = await this.#records.read(context, idInPath(path), 'newest')
    if (read.kind !== 'absent' && read.kind !== 'found') return false
    const isNamed = read.kind === 'found' && blockPath(read.key, read.value.copy) === path
    return !isNamed && (await this.#blocks.removeBytes(context, path))
  }

  async #eachRecord(context: OperationContext, work: (id: string) => Promise<void>): Promise<void> {
    let marker: string | undefined
    do {
      const page = await this.#records.list(context, { marker, limit: PAGE })
      if (page.kind !== 'listed') throw new Error('the blocks of images cannot be listed now')
      await inParallel(page.records, LANES, ({ key }) => work(key))
      marker = page.next
    } while (marker !== undefined)
  }

  async #storedPaths(context: OperationContext): Promise<readonly string[]> {
    const paths: string[] = []
    for (let marker: string | undefined; ; ) {
      const listing = { marker, limit: PAGE, reverse: false }
      const read = await this.#store.containers.read(context, BLOCK_CONTAINER, { listing })
      if (read.kind === 'no_such_container' || read.kind === 'no_such_account') return paths
      if (read.kind !== 'found') throw new Error('the bytes of blocks cannot be listed now')
      const entries = read.page?.entries() ?? []
      for (const entry of entries) if (entry.kind === 'object') paths.push(entry.name)
      marker = paths.at(-1)
      if (entries.length < PAGE) return paths
    }
  }
}
