/**
 * What a device's process remembers of its objects: states, hot small bodies and open files, each with a limit. It is
 * always right, because nobody else writes to the device and every write of this process passes through `replaced`.
 *
 * A state that is being loaded while the object is written must not be remembered; `load` sees to that, and makes
 * readers of the same object share one load.
 */
import type { DiskFile } from '#base/environment.ts'
import { ByteLru } from './byte-lru.ts'
import type { ObjectState } from './object-state.ts'

export interface CacheLimits {
  /** Memory for parsed states, bytes (an estimate). */
  readonly statesBytes: number
  /** Memory for bodies, bytes. */
  readonly bodiesBytes: number
  /** Open files kept for the next reader. */
  readonly openFiles: number
}

export const DEFAULT_CACHE_LIMITS: CacheLimits = {
  statesBytes: 24 * 1024 * 1024,
  bodiesBytes: 16 * 1024 * 1024,
  openFiles: 1024,
}

/** Larger bodies are not kept: they would push out too many small ones. Bytes. */
export const HOT_BODY_BYTES_MAX = 64 * 1024
/** What a remembered state costs apart from its texts (objects, map entries), bytes; measured with 20 short headers. */
const STATE_OVERHEAD_BYTES = 700

interface Load {
  readonly state: Promise<ObjectState>
  stale: boolean
}

/** A file that several readers use and the cache may drop at any time; it is closed after the last of them. */
export class SharedFile {
  readonly file: DiskFile
  #users = 1

  constructor(file: DiskFile) {
    this.file = file
  }

  acquire(): this {
    this.#users += 1
    return this
  }

  release(): void {
    this.#users -= 1
    if (this.#users === 0) this.file.close().catch(() => {})
  }
}

export class ObjectCache {
  readonly #states: ByteLru<ObjectState>
  readonly #bodies: ByteLru<Buffer>
  readonly #files: ByteLru<SharedFile>
  readonly #loads = new Map<string, Load>()

  constructor(limits: CacheLimits = DEFAULT_CACHE_LIMITS) {
    this.#states = new ByteLru(limits.statesBytes)
    this.#bodies = new ByteLru(limits.bodiesBytes)
    this.#files = new ByteLru(limits.openFiles, (shared) => shared.release())
  }

  get figures(): { readonly states: number; readonly bytes: number; readonly openFiles: number } {
    return {
      states: this.#states.count,
      bytes: this.#states.sizeBytes + this.#bodies.sizeBytes,
      openFiles: this.#files.count,
    }
  }

  state(hash: string): ObjectState | undefined {
    return this.#states.get(hash)
  }

  /** The state from memory, or from `read`, once for all who ask at the same time. */
  async load(hash: string, read: () => Promise<ObjectState>): Promise<ObjectState> {
    const known = this.#states.get(hash)
    if (known !== undefined) return known
    const underWay = this.#loads.get(hash)
    if (underWay !== undefined) return await underWay.state
    const load: Load = { state: read(), stale: false }
    this.#loads.set(hash, load)
    try {
      const state = await load.state
      if (!load.stale) this.#states.set(hash, state, costOf(state))
      return state
    } finally {
      if (this.#loads.get(hash) === load) this.#loads.delete(hash)
    }
  }

  /** The object was written: what is remembered of its past is forgotten. */
  replaced(hash: string, state: ObjectState): void {
    this.#forgetLoad(hash)
    const known = this.#states.get(hash)
    if (known === undefined || known.data !== state.data) {
      this.#bodies.delete(hash)
      this.#files.delete(hash)
    }
    this.#states.set(hash, state, costOf(state))
  }

  /** Something about the object is in doubt. */
  forget(hash: string): void {
    this.#forgetLoad(hash)
    this.#bodies.delete(hash)
    this.#files.delete(hash)
    this.#states.delete(hash)
  }

  /** The body of exactly this version, when it is held. */
  body(hash: string, version: object): Buffer | undefined {
    return this.#isCurrent(hash, version) ? this.#bodies.get(hash) : undefined
  }

  keepBody(hash: string, version: object, body: Buffer): void {
    if (body.length <= HOT_BODY_BYTES_MAX && this.#isCurrent(hash, version)) {
      this.#bodies.set(hash, body, body.length + STATE_OVERHEAD_BYTES)
    }
  }

  /** An open file of exactly this version, to be released by the caller. */
  file(hash: string, version: object): SharedFile | undefined {
    return this.#isCurrent(hash, version) ? this.#files.get(hash)?.acquire() : undefined
  }

  keepFile(hash: string, version: object, shared: SharedFile): void {
    if (this.#isCurrent(hash, version)) this.#files.set(hash, shared.acquire(), 1)
  }

  clear(): void {
    this.#states.clear()
    this.#bodies.clear()
    this.#files.clear()
  }

  #isCurrent(hash: string, version: object): boolean {
    return this.#states.get(hash)?.data === version
  }

  #forgetLoad(hash: string): void {
    const load = this.#loads.get(hash)
    if (load === undefined) return
    load.stale = true
    this.#loads.delete(hash)
  }
}

function costOf(state: ObjectState): number {
  let bytes = STATE_OVERHEAD_BYTES
  for (const record of [state.data?.record, state.meta]) {
    if (record === undefined) continue
    bytes += record.name.length
    for (const [name, value] of Object.entries(record.headers))
      bytes += name.length + (value?.length ?? 0) + 32
  }
  for (const [name, { value }] of Object.entries(state.meta?.fields?.facts ?? {}))
    bytes += name.length + value.length + 64
  return bytes + (state.data?.record?.blockCrcs.length ?? 0) * 8
}
