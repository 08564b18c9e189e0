/**
 * Bodies of candidates that are not visible: whole data files, durable under names of their own in `pending/`, that
 * become the object's file by a rename. A body that was staged and not accepted is thrown away after a while, and by
 * the next start; one that a record names stays until the record says otherwise.
 */
import type { CandidateId } from '#base/ballot.ts'
import type { Clock, Disk, Timer } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import { readRecord } from './data-file.ts'
import { readVerified } from './data-reader.ts'
import type { DirectorySyncs } from './directory-syncs.ts'
import type { ObjectContent } from './engine.ts'
import type { DataVersion } from './object-state.ts'

/** A body waits so long for its acceptance: longer than any proposer tries. Milliseconds. */
const STAGED_LIFE_MS = 120_000

interface StagedBody {
  readonly version: DataVersion
  /** Runs while no record names the body. */
  readonly timer: Timer | undefined
}

export class PendingBodies {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #syncs: DirectorySyncs
  readonly #directory: string
  /** Bodies received by this process, by file name. */
  readonly #known = new Map<string, StagedBody>()
  /** Bodies that a record names, or is about to: nobody throws them away for having waited. */
  readonly #named = new Set<string>()
  readonly #removals = new Map<string, Promise<void>>()
  #closed = false

  constructor(disk: Disk, clock: Clock, syncs: DirectorySyncs, directory: string) {
    this.#disk = disk
    this.#clock = clock
    this.#syncs = syncs
    this.#directory = directory
  }

  /** Takes over a temporary file that was synced. Durable when resolved. */
  async stage(hash: string, candidate: CandidateId, temporary: string, version: DataVersion): Promise<void> {
    const name = fileName(hash, candidate)
    await this.#removals.get(name)
    await this.#disk.rename(temporary, `${this.#directory}/${name}`)
    await this.#syncs.sync(this.#directory)
    this.#known.get(name)?.timer?.cancel()
    const isKept = this.#closed || this.#named.has(name)
    const timer = isKept ? undefined : this.#clock.setTimer(STAGED_LIFE_MS, () => this.drop(hash, candidate))
    this.#known.set(name, { version, timer })
  }

  path(hash: string, candidate: CandidateId): string {
    return `${this.#directory}/${fileName(hash, candidate)}`
  }

  /** `undefined` when it is not there, or says nothing sound of itself. Rejects with other errors of the disk. */
  async version(hash: string, candidate: CandidateId): Promise<DataVersion | undefined> {
    const name = fileName(hash, candidate)
    const known = this.#known.get(name)
    if (known !== undefined) return known.version
    // What is being thrown away is not there, though its file may be.
    await this.#removals.get(name)
    try {
      const found = await readRecord(this.#disk, this.path(hash, candidate))
      return found.kind === 'data' ? found.version : undefined
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Is it here without a record that names it? */
  isStaged(hash: string, candidate: CandidateId): boolean {
    return this.#known.get(fileName(hash, candidate))?.timer !== undefined
  }

  /** A record names it, or is about to: to be called before that is durable. */
  keep(hash: string, candidate: CandidateId): void {
    const name = fileName(hash, candidate)
    this.#named.add(name)
    const known = this.#known.get(name)
    known?.timer?.cancel()
    if (known !== undefined) this.#known.set(name, { version: known.version, timer: undefined })
  }

  /** It became the object's file. */
  moved(hash: string, candidate: CandidateId): void {
    const name = fileName(hash, candidate)
    this.#known.get(name)?.timer?.cancel()
    this.#known.delete(name)
    this.#named.delete(name)
  }

  /** Nobody waits for it: what stays behind is removed by the next start. */
  drop(hash: string, candidate: CandidateId): void {
    this.moved(hash, candidate)
    const name = fileName(hash, candidate)
    const removal = this.#disk.unlink(this.path(hash, candidate)).catch(() => {})
    this.#removals.set(name, removal)
    void removal.then(() => {
      if (this.#removals.get(name) === removal) this.#removals.delete(name)
    })
  }

  /** A body that is replaced or thrown away meanwhile stays readable. */
  async open(hash: string, candidate: CandidateId, version: DataVersion): Promise<ObjectContent> {
    const file = await this.#disk.openRead(this.path(hash, candidate))
    const { record } = version
    if (record === undefined) throw new Error('a pending body without its record')
    let open = true
    return {
      whole: undefined,
      stream: (start, end) => readVerified(file, record, start, end),
      close: () => {
        if (open) file.close().catch(() => {})
        open = false
      },
    }
  }

  /** Keeps these bodies, which records name, and removes every other. At the start, before anything is staged. */
  async removeOthers(wanted: Iterable<readonly [hash: string, candidate: CandidateId]>): Promise<void> {
    const names = new Set([...wanted].map(([hash, candidate]) => fileName(hash, candidate)))
    for (const name of names) this.#named.add(name)
    for (const name of await this.#disk.readdir(this.#directory)) {
      if (!names.has(name)) await this.#disk.unlink(`${this.#directory}/${name}`)
    }
  }

  close(): void {
    this.#closed = true
    for (const known of this.#known.values()) known.timer?.cancel()
  }
}

function fileName(hash: string, candidate: CandidateId): string {
  return `${hash}_${candidate}.data`
}
