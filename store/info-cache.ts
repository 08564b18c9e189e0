/**
 * What is known of accounts and containers, kept for at most a minute (a tenth of it for what is not there): first in this
 * process, then in the cache that all proxies share, if there is one.
 *
 * What was forgotten while it was being read is not kept when it arrives: it may be older than the change that made us
 * forget. A shared cache that fails is as good as none; no request fails for it.
 */

import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'

/** The outcome of looking something up. */
export type Known<Info> =
  | { readonly kind: 'exists'; readonly info: Info }
  | { readonly kind: 'absent' }
  /** An account that was deleted and waits to be emptied. */
  | { readonly kind: 'deleted' }

/** Nobody could tell. Never kept. */
export interface Unknown {
  readonly kind: 'unavailable'
  readonly reason: string
}

/** A cache outside this process, such as memcached. Values are JSON texts. Must not reject. */
export interface SharedCache {
  get(key: string): Promise<string | undefined>
  /** Keeps the value unless the key is there already or was forgotten moments ago. */
  add(key: string, value: string, livesSeconds: number): Promise<void>
  /** Removes the value, and keeps reads that are under way from bringing it back. */
  forget(key: string): Promise<void>
}

export interface InfoCacheOptions {
  readonly clock: Clock
  /** `account` or `container`: the first part of keys in the shared cache. */
  readonly kind: string
  /** Milliseconds. */
  readonly livesMs: number
  readonly entriesMax?: number | undefined
  readonly shared?: SharedCache | undefined
}

/** About 1 KB each. */
const ENTRIES_MAX = 20_000
const ABSENT_FRACTION = 10

export class InfoCache<Info> {
  readonly #options: InfoCacheOptions
  readonly #held: AgingLru<Known<Info>>
  readonly #loading = new Map<string, Promise<Known<Info> | Unknown>>()

  constructor(options: InfoCacheOptions) {
    this.#options = options
    this.#held = new AgingLru(options.clock, options.entriesMax ?? ENTRIES_MAX)
  }

  /** What this process knows, without waiting. */
  held(key: string): Known<Info> | undefined {
    return this.#held.get(key)
  }

  /** What is known; `load` is called when nobody knows. Callers at the same time share one load. */
  get(key: string, load: () => Promise<Known<Info> | Unknown>): Promise<Known<Info> | Unknown> {
    const held = this.#held.get(key)
    if (held !== undefined) return Promise.resolve(held)
    const loading = this.#loading.get(key)
    if (loading !== undefined) return loading
    const started: Promise<Known<Info> | Unknown> = this.#load(
      key,
      load,
      () => this.#loading.get(key) === started,
    )
    this.#loading.set(key, started)
    return started
  }

  /** Keeps what was just learnt from the storage servers. */
  keep(key: string, known: Known<Info>): void {
    this.#held.set(key, known, this.#livesMs(known))
  }

  /** Forgets it here. */
  forgetHere(key: string): void {
    this.#held.delete(key)
    this.#loading.delete(key)
  }

  /** Forgets it here and in the shared cache. */
  async forget(key: string): Promise<void> {
    this.forgetHere(key)
    await this.#options.shared?.forget(this.#sharedKey(key))
    this.forgetHere(key)
  }

  async #load(
    key: string,
    load: () => Promise<Known<Info> | Unknown>,
    isWanted: () => boolean,
  ): Promise<Known<Info> | Unknown> {
    try {
      const { shared } = this.#options
      const written = await shared?.get(this.#sharedKey(key))
      const known = written === undefined ? await load() : (JSON.parse(written) as Known<Info>)
      if (known.kind === 'unavailable' || !isWanted()) return known
      const livesMs = this.#livesMs(known)
      this.#held.set(key, known, livesMs)
      if (written === undefined) void shared?.add(this.#sharedKey(key), JSON.stringify(known), livesMs / 1000)
      return known
    } finally {
      if (isWanted()) this.#loading.delete(key)
    }
  }

  #livesMs(known: Known<Info>): number {
    return known.kind === 'exists' ? this.#options.livesMs : this.#options.livesMs / ABSENT_FRACTION
  }

  #sharedKey(key: string): string {
    return `${this.#options.kind}/${key}`
  }
}
