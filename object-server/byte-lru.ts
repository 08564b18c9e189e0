/** A cache with a limit in bytes; the least recently used leaves first. */
export class ByteLru<Value> {
  readonly #limitBytes: number
  readonly #entries = new Map<string, { readonly value: Value; readonly sizeBytes: number }>()
  readonly #onEvict: ((value: Value) => void) | undefined
  #sizeBytes = 0

  constructor(limitBytes: number, onEvict?: (value: Value) => void) {
    this.#limitBytes = limitBytes
    this.#onEvict = onEvict
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get count(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Keeps the value, unless it alone is larger than the whole cache. */
  set(key: string, value: Value, sizeBytes: number): void {
    this.delete(key)
    if (sizeBytes > this.#limitBytes) {
      this.#onEvict?.(value)
      return
    }
    this.#entries.set(key, { value, sizeBytes })
    this.#sizeBytes += sizeBytes
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= this.#limitBytes) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#sizeBytes -= entry.sizeBytes
    this.#onEvict?.(entry.value)
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.delete(key)
  }
}
