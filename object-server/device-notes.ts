/**
 * What workers of a device remember between passes and over a restart: small values by name, in `state/`. All are in
 * memory; writing one is not synced, so that a crash may bring back an earlier one. Whoever keeps a note must be able to
 * go on from any note it ever kept, or from none.
 */
import type { KvStore } from '#base/environment.ts'

const PREFIX = 'notes/'
const END = 'notes0'

export interface Notes {
  get(name: string): unknown
  /** `undefined` takes it away. */
  set(name: string, value: unknown): Promise<void>
}

export class DeviceNotes implements Notes {
  readonly #store: KvStore
  readonly #notes: Map<string, unknown>

  private constructor(store: KvStore, notes: Map<string, unknown>) {
    this.#store = store
    this.#notes = notes
  }

  /** Rejects with the errors of the store. */
  static async open(store: KvStore): Promise<DeviceNotes> {
    const notes = new Map<string, unknown>()
    for await (const [key, value] of store.iterator({ gte: Buffer.from(PREFIX), lt: Buffer.from(END) })) {
      const note = parsed(value)
      if (note !== undefined) notes.set(key.toString().slice(PREFIX.length), note)
    }
    return new DeviceNotes(store, notes)
  }

  get(name: string): unknown {
    return this.#notes.get(name)
  }

  async set(name: string, value: unknown): Promise<void> {
    const key = Buffer.from(PREFIX + name)
    if (value === undefined) {
      this.#notes.delete(name)
      await this.#store.del(key)
      return
    }
    this.#notes.set(name, value)
    await this.#store.put(key, Buffer.from(JSON.stringify(value)))
  }
}

/** A note that cannot be understood is none. */
function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString()) as unknown
  } catch {
    return undefined
  }
}

/** Notes in memory, for tests. */
export function memoryNotes(): Notes {
  const notes = new Map<string, unknown>()
  return {
    get: (name) => notes.get(name),
    set: async (name, value) => {
      if (value === undefined) notes.delete(name)
      else notes.set(name, structuredClone(value))
    },
  }
}
