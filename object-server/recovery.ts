/**
 * Makes index and files agree again: after an unclean stop in the leaf directories that were in use, after the loss of
 * the index everywhere. Files are the truth about what exists; what the index acknowledged and no file has any more is
 * noted as lost, so that this replica's silence about it proves nothing.
 *
 * Every difference queues the object's container row, and its task for the expirer, because they may be what was lost.
 */
import type { Disk } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { codeOf } from '#disk/disk-error.ts'
import { namesIn } from '#disk/names-in.ts'
import type { ContainerUpdate } from './container-update.ts'
import type { DirectorySyncs } from './directory-syncs.ts'
import {
  type FileTimes,
  fileName,
  filesOf,
  type Leaf,
  leafOf,
  leafPath,
  type ObjectFile,
  type PolicyPaths,
  parseFileName,
} from './layout.ts'
import { readObjectFile } from './object-files.ts'
import type { ObjectIndex } from './object-index.ts'
import { comparedText, EMPTY_STATE, joinStates, type ObjectState } from './object-state.ts'
import { quarantineFile } from './quarantine.ts'
import type { RowsAgain } from './rows-again.ts'

export interface RecoveryReport {
  /** What had to be done: nothing, a look at the leaves in use, or everything. */
  readonly kind: 'new' | 'clean' | 'reconciled' | 'rebuilt'
  readonly leaves: number
  /** Objects whose entry was changed. */
  readonly changed: number
  readonly quarantined: number
}

/** `nothing`: a device that is new, or that lost its objects together with their index. */
export type RebuildFrom = 'files' | 'nothing'

export interface RecoveryContext {
  readonly disk: Disk
  readonly syncs: DirectorySyncs
  readonly index: ObjectIndex
  readonly paths: PolicyPaths
  readonly rowsAgain: RowsAgain
  readonly salt: HashPathSalt
  readonly log: Logger
  /** Says that what the index knew is lost, if it knew anything. */
  readonly beforeRebuild: (from: RebuildFrom) => Promise<void>
}

/** Leaves looked at at the same time. */
const CONCURRENT_LEAVES = 8

export class Recovery {
  readonly #context: RecoveryContext
  #changed = 0
  #quarantined = 0

  constructor(context: RecoveryContext) {
    this.#context = context
  }

  /** Brings the index up to date before the device serves. Rejects with errors of disk and index. */
  async run(): Promise<RecoveryReport> {
    const { index } = this.#context
    if (index.condition === 'complete_and_clean') return this.#report('clean', 0)
    if (index.condition === 'incomplete') return await this.#rebuild()
    const leaves = await index.markedLeaves()
    await eachOf(leaves, (leaf) => this.#leaf(leaf))
    for (const hash of await index.markedForRecheck()) await this.object(hash)
    await index.unmarkLeaves(leaves)
    return this.#report('reconciled', leaves.length)
  }

  /** One object's entry from its files, whatever the index says. Returns the state that now stands. */
  async object(hash: string): Promise<ObjectState> {
    const names = await this.#namesIn(leafOf(hash))
    const files = names.map(parseFileName).filter((file) => file?.hash === hash) as ObjectFile[]
    return await this.#reconcile(hash, await this.#context.index.get(hash), files)
  }

  async #rebuild(): Promise<RecoveryReport> {
    const leaves = await this.#allLeaves()
    if (leaves.length > 0) this.#context.log.warn({ leaves: leaves.length }, 'rebuilding the object index')
    await this.#context.beforeRebuild(leaves.length > 0 ? 'files' : 'nothing')
    await eachOf(leaves, (leaf) => this.#leaf(leaf))
    await this.#context.index.markComplete()
    return this.#report(leaves.length === 0 ? 'new' : 'rebuilt', leaves.length)
  }

  #report(kind: RecoveryReport['kind'], leaves: number): RecoveryReport {
    return { kind, leaves, changed: this.#changed, quarantined: this.#quarantined }
  }

  async #allLeaves(): Promise<readonly Leaf[]> {
    const { disk, paths } = this.#context
    const names = await namesIn(disk, paths.objects)
    return names.filter((name) => /^[0-9a-f]{2}$/.test(name))
  }

  #namesIn(leaf: Leaf): Promise<readonly string[]> {
    return namesIn(this.#context.disk, leafPath(this.#context.paths.objects, leaf))
  }

  /**
   * Made durable before it is looked at: what a killed process renamed or removed there, a power cut would still undo after
   * the note is taken back. A file that came back so, nobody would see before its tombstone is forgotten.
   */
  async #durableNamesIn(leaf: Leaf): Promise<readonly string[]> {
    await this.#context.syncs.sync(leafPath(this.#context.paths.objects, leaf)).catch(ignoreMissing)
    return await this.#namesIn(leaf)
  }

  async #leaf(leaf: Leaf): Promise<void> {
    const files = new Map<string, ObjectFile[]>()
    for (const name of await this.#durableNamesIn(leaf)) {
      const file = parseFileName(name)
      if (file === undefined) continue
      const known = files.get(file.hash)
      if (known === undefined) files.set(file.hash, [file])
      else known.push(file)
    }
    const { index } = this.#context
    for await (const page of index.filesBelow(leaf)) {
      for (const indexed of page) {
        const { hash } = indexed
        const present = files.get(hash) ?? []
        files.delete(hash)
        if (!sameFiles(hash, present, indexed)) await this.#reconcile(hash, await index.get(hash), present)
      }
    }
    for (const [hash, present] of files) await this.#reconcile(hash, EMPTY_STATE, present)
  }

  async #reconcile(hash: string, before: ObjectState, files: readonly ObjectFile[]): Promise<ObjectState> {
    const told = await this.#read(hash, files)
    const after = withIndexKnowledge(told.state, before)
    const name = told.name ?? before.data?.record?.name ?? before.meta?.name
    const updates = name === undefined ? [] : this.#rows(hash, name, before, after)
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      await this.#context.index.commit({ hash, before, after, updates })
      this.#changed += 1
    }
    await this.#removeObsolete(hash, after, files)
    return after
  }

  async #read(
    hash: string,
    files: readonly ObjectFile[],
  ): Promise<{ readonly state: ObjectState; readonly name: string | undefined }> {
    const { disk, paths, salt } = this.#context
    const directory = leafPath(paths.objects, leafOf(hash))
    let state = EMPTY_STATE
    let name: string | undefined
    for (const file of files) {
      const told = await readObjectFile(disk, directory, file, salt)
      if (told.kind === 'damaged') {
        await this.#quarantine(directory, file, told.reason)
        continue
      }
      name = told.name
      state = joinStates(state, told.state)
    }
    return { state, name }
  }

  async #quarantine(directory: string, file: ObjectFile, reason: string): Promise<void> {
    const { disk, syncs, paths, log } = this.#context
    log.error({ file: fileName(file), reason }, 'quarantined a damaged file')
    await quarantineFile(disk, syncs, directory, fileName(file), paths.quarantined)
    this.#quarantined += 1
  }

  #rows(hash: string, name: string, before: ObjectState, after: ObjectState): readonly ContainerUpdate[] {
    return comparedText(before) === comparedText(after) ? [] : this.#context.rowsAgain.of(hash, name, after)
  }

  /** Durably, so that a leaf of which the note is taken back holds nothing that the index does not know. */
  async #removeObsolete(hash: string, after: ObjectState, files: readonly ObjectFile[]): Promise<void> {
    const { disk, syncs, paths } = this.#context
    const wanted = new Set(filesOf(hash, after).map(fileName))
    const obsolete = files.map(fileName).filter((name) => !wanted.has(name))
    if (obsolete.length === 0) return
    const directory = leafPath(paths.objects, leafOf(hash))
    for (const name of obsolete) await disk.unlink(`${directory}/${name}`).catch(ignoreMissing)
    await syncs.sync(directory)
  }
}

/** Files say what exists; the index may know deletes and POSTs besides, and what was once there. */
function withIndexKnowledge(told: ObjectState, indexed: ObjectState): ObjectState {
  const lost: Timestamp | undefined =
    indexed.data !== undefined && (told.data === undefined || told.data.timestamp < indexed.data.timestamp)
      ? indexed.data.timestamp
      : indexed.lost
  return joinStates(told, { data: undefined, meta: indexed.meta, tombstone: indexed.tombstone, lost })
}

function sameFiles(hash: string, present: readonly ObjectFile[], indexed: FileTimes): boolean {
  const wanted = filesOf(hash, indexed)
  if (wanted.length !== present.length) return false
  if (wanted.length === 0) return indexed.lost !== undefined
  return wanted.every(({ kind, timestamp }) =>
    present.some((file) => file.kind === kind && file.timestamp === timestamp),
  )
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: CONCURRENT_LEAVES }, worker))
}
