/**
 * A ring file that may be replaced while the process runs. A change is noticed within seconds; a file that cannot be
 * read is refused with one log line and the ring in use stays.
 *
 * The ring before is kept (`previous`), in memory and in a file, because until every moved partition is synced its devices
 * still hold what the new ones lack. When ring follows ring before that, it is the first of them that is kept: under it
 * all was where it belonged. `settle` lets it go.
 */
import type { Environment, Timer } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { BrokenFile } from './raw-ring.ts'
import type { Ring } from './ring.ts'
import { serialiseRing } from './ring-file.ts'
import {
  digestOf,
  type LoadedRing,
  loadRingFile,
  previousPath,
  readRingFile,
  removeRingFile,
  replaceRingFile,
  stampOf,
} from './ring-store.ts'
import { successionOf } from './ring-succession.ts'

/** OpenStack Swift looks every 15 s (`DEFAULT_RELOAD_TIME`); a look is two `stat`s. */
const CHECK_INTERVAL_MS = 5_000

export interface RingSource {
  readonly environment: Pick<Environment, 'clock' | 'disk' | 'random'>
  readonly log: Logger
  /** Absolute path of the `.ring.gz` file. */
  readonly path: string
  readonly checkIntervalMs?: number
}

export type RingListener = (ring: Ring, previous: Ring) => void

/** What a look at the file found. */
export type RingCheck = 'unchanged' | 'changed' | 'refused'

/** What became of a ring that was offered. The reason completes "the ring is refused: …". */
export type RingOffer =
  | { readonly kind: 'adopted' | 'same' }
  | { readonly kind: 'broken' | 'refused'; readonly reason: string }

export class RingWatcher {
  readonly path: string
  readonly #source: RingSource
  readonly #listeners = new Set<RingListener>()
  #loaded: LoadedRing
  /** What is kept as the ring before; the one in use for the moment in which the next one is being put in place. */
  #kept: LoadedRing | undefined
  /** Modification time and size of the file last looked at, refused or not. */
  #stamp: string
  #previousStamp: string
  #changedAtMs: number
  #timer: Timer | undefined
  #closed = false
  /** Looks and offers, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(source: RingSource, loaded: LoadedRing, stamp: string) {
    this.path = source.path
    this.#source = source
    this.#loaded = loaded
    this.#stamp = stamp
    this.#previousStamp = ''
    this.#changedAtMs = source.environment.clock.wallMs()
    this.#schedule()
  }

  /** Loads the ring and begins to watch its file. A broken or missing file is the caller's to report. */
  static async open(source: RingSource): Promise<RingWatcher | BrokenFile> {
    const { disk } = source.environment
    const stamp = await stampOf(disk, source.path)
    const loaded = await loadRingFile(disk, source.path)
    if (loaded.kind === 'broken') return loaded
    const watcher = new RingWatcher(source, loaded, stamp)
    await watcher.#readPrevious()
    return watcher
  }

  /** The ring in use. Ask anew for every request; never keep it. */
  get ring(): Ring {
    return this.#loaded.ring
  }

  /** The last ring under which all was synced, while there may be something that is not. */
  get previous(): Ring | undefined {
    return this.#kept?.digest === this.#loaded.digest ? undefined : this.#kept?.ring
  }

  /** SHA-256 of the file of the ring in use, hex. */
  get digest(): string {
    return this.#loaded.digest
  }

  /** Since when this process uses the ring, wall clock, milliseconds. */
  get changedAtMs(): number {
    return this.#changedAtMs
  }

  /** Calls `listener` after every change; the function returned ends that. */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the file now, as the timer does. Rejects only with what a listener throws. */
  check(): Promise<RingCheck> {
    return this.#inTurn(() => this.#look())
  }

  /**
   * Takes a ring file that somebody sent in place of the present one: durable and in use when the promise resolves with
   * `adopted`. A broken, older or foreign one is refused. Rejects with the errors of the disk.
   */
  offer(file: Buffer): Promise<RingOffer> {
    return this.#inTurn(async (): Promise<RingOffer> => {
      await this.#look()
      const offered = readRingFile(file)
      if (offered.kind === 'broken') return offered
      const succession = successionOf(this.#loaded, offered)
      if (succession.kind === 'refused') return succession
      if (succession.kind === 'same') return { kind: 'same' }
      await this.#keepPrevious()
      await replaceRingFile(this.#source.environment, this.path, file)
      this.#stamp = await stampOf(this.#source.environment.disk, this.path)
      await this.#adopt(offered)
      return { kind: 'adopted' }
    })
  }

  /** Every moved partition is synced: the ring before is not needed any more. Durable when resolved. */
  settle(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#kept === undefined) return
      await removeRingFile(this.#source.environment.disk, previousPath(this.path))
      await this.#readPrevious()
    })
  }

  /** Stops watching. The ring stays usable. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#listeners.clear()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #look(): Promise<RingCheck> {
    const { disk } = this.#source.environment
    const stamp = await stampOf(disk, this.path)
    if (stamp === this.#stamp) {
      await this.#lookAtPrevious()
      return 'unchanged'
    }
    this.#stamp = stamp
    const loaded = await loadRingFile(disk, this.path)
    if (loaded.kind === 'broken') {
      this.#source.log.error(
        { path: this.path, reason: loaded.reason },
        'new ring refused, the old one stays in use',
      )
      return 'refused'
    }
    if (loaded.digest === this.#loaded.digest) return 'unchanged'
    await this.#adopt(loaded)
    return 'changed'
  }

  async #adopt(loaded: LoadedRing): Promise<void> {
    const before = this.#loaded.ring
    await this.#keepPrevious()
    this.#loaded = loaded
    this.#changedAtMs = this.#source.environment.clock.wallMs()
    const versions = { version: loaded.ring.version, previousVersion: before.version }
    this.#source.log.info({ path: this.path, ...versions }, 'ring changed')
    for (const listener of this.#listeners) listener(loaded.ring, before)
  }

  /**
   * Keeps the ring in use as the one before, unless an earlier one is kept still. Where the file cannot be written, this
   * process remembers it until it ends.
   */
  async #keepPrevious(): Promise<void> {
    await this.#lookAtPrevious()
    if (this.#kept !== undefined) return
    this.#kept = this.#loaded
    const { environment, log } = this.#source
    try {
      await replaceRingFile(environment, previousPath(this.path), await this.#presentFile())
      this.#previousStamp = await stampOf(environment.disk, previousPath(this.path))
    } catch (error) {
      log.warn({ path: this.path, err: error }, 'the ring before could not be kept in a file')
    }
  }

  /** The file of the ring in use: as it lies there, or written anew when another one is in its place already. */
  async #presentFile(): Promise<Buffer> {
    const { ring, digest } = this.#loaded
    const file = await this.#source.environment.disk.readFile(this.path)
    return digestOf(file) === digest ? file : serialiseRing(ring)
  }

  /** Another process of this host may have kept or removed it. */
  async #lookAtPrevious(): Promise<void> {
    const stamp = await stampOf(this.#source.environment.disk, previousPath(this.path))
    if (stamp !== this.#previousStamp) await this.#readPrevious()
  }

  async #readPrevious(): Promise<void> {
    const { disk } = this.#source.environment
    this.#previousStamp = await stampOf(disk, previousPath(this.path))
    const loaded = await loadRingFile(disk, previousPath(this.path))
    this.#kept = loaded.kind === 'loaded' ? loaded : undefined
  }

  #schedule(): void {
    if (this.#closed) return
    const { clock } = this.#source.environment
    this.#timer = clock.setTimer(this.#source.checkIntervalMs ?? CHECK_INTERVAL_MS, () => {
      void this.check().finally(() => this.#schedule())
    })
  }
}
