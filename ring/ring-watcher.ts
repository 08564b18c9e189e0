/**
 * Ring files that may be replaced while the process runs. A change is noticed within seconds; a file that cannot be
 * read is refused with one log line and the ring in use stays; the ring before the present one is kept (`previous`),
 * because until every moved partition is synced its devices still hold what the new ones lack.
 */
import { createHash } from 'node:crypto'
import type { Environment, Timer } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { type BrokenFile, broken } from './raw-ring.ts'
import type { Ring } from './ring.ts'
import { parseRing } from './ring-file.ts'

/** OpenStack Swift looks every 15 s (`DEFAULT_RELOAD_TIME`); a look is one `stat`. */
const CHECK_INTERVAL_MS = 5_000

export interface RingSource {
  readonly environment: Pick<Environment, 'clock' | 'disk'>
  readonly log: Logger
  /** Absolute path of the `.ring.gz` file. */
  readonly path: string
  readonly checkIntervalMs?: number
}

export type RingListener = (ring: Ring, previous: Ring) => void

/** What a look at the file found. */
export type RingCheck = 'unchanged' | 'changed' | 'refused'

interface Loaded {
  readonly kind: 'loaded'
  readonly ring: Ring
  readonly digest: string
}

export class RingWatcher {
  readonly path: string
  readonly #source: RingSource
  readonly #listeners = new Set<RingListener>()
  #loaded: Loaded
  #previous: Ring | undefined
  /** Modification time and size of the file last looked at, refused or not. */
  #stamp: string
  #timer: Timer | undefined
  #closed = false

  private constructor(source: RingSource, loaded: Loaded, stamp: string) {
    this.path = source.path
    this.#source = source
    this.#loaded = loaded
    this.#stamp = stamp
    this.#schedule()
  }

  /** Loads the ring and begins to watch its file. A broken or missing file is the caller's to report. */
  static async open(source: RingSource): Promise<RingWatcher | BrokenFile> {
    const stamp = await stampOf(source)
    const loaded = await load(source)
    return loaded.kind === 'broken' ? loaded : new RingWatcher(source, loaded, stamp)
  }

  /** The ring in use. Ask anew for every request; never keep it. */
  get ring(): Ring {
    return this.#loaded.ring
  }

  /** The ring that was in use before the last change that this process saw. */
  get previous(): Ring | undefined {
    return this.#previous
  }

  /** Calls `listener` after every change; the function returned ends that. */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the file now, as the timer does. Rejects only with what a listener throws. */
  async check(): Promise<RingCheck> {
    const stamp = await stampOf(this.#source)
    if (stamp === this.#stamp) return 'unchanged'
    this.#stamp = stamp
    const loaded = await load(this.#source)
    if (loaded.kind === 'broken') {
      this.#source.log.error(
        { path: this.path, reason: loaded.reason },
        'new ring refused, the old one stays in use',
      )
      return 'refused'
    }
    if (loaded.digest === this.#loaded.digest) return 'unchanged'
    this.#adopt(loaded)
    return 'changed'
  }

  /** Stops watching. The ring stays usable. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#listeners.clear()
  }

  #adopt(loaded: Loaded): void {
    const previous = this.#loaded.ring
    this.#previous = previous
    this.#loaded = loaded
    const versions = { version: loaded.ring.version, previousVersion: previous.version }
    this.#source.log.info({ path: this.path, ...versions }, 'ring changed')
    for (const listener of this.#listeners) listener(loaded.ring, previous)
  }

  #schedule(): void {
    if (this.#closed) return
    const { clock } = this.#source.environment
    this.#timer = clock.setTimer(this.#source.checkIntervalMs ?? CHECK_INTERVAL_MS, () => {
      void this.check().finally(() => this.#schedule())
    })
  }
}

async function stampOf(source: RingSource): Promise<string> {
  try {
    const { mtimeMs, sizeBytes } = await source.environment.disk.stat(source.path)
    return `${mtimeMs} ${sizeBytes}`
  } catch (error) {
    return `unreadable ${codeOf(error)}`
  }
}

async function load(source: RingSource): Promise<Loaded | BrokenFile> {
  let file: Buffer
  try {
    file = await source.environment.disk.readFile(source.path)
  } catch (error) {
    return broken(`it cannot be read (${codeOf(error)})`)
  }
  const parsed = parseRing(file)
  if (parsed.kind === 'broken') return parsed
  return { kind: 'loaded', ring: parsed.ring, digest: createHash('sha256').update(file).digest('hex') }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error)
}
