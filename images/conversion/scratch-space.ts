/**
 * Room for the files of conversions. A directory that is nearly full may be the host's own: a conversion is refused before it
 * fills it, and ended when it is filled meanwhile, by whomever.
 */
import type { Clock, Disk } from '#base/environment.ts'
import type { ByteSource } from '../data/image-store.ts'
import { type Refusal, unavailable } from '../refusal.ts'

/** Part of the file system that is left free (OpenStack Swift, `fallocate_reserve`). */
const RESERVE = 0.01
/** Bytes that may be written between two looks. */
const LOOK_BYTES = 32 * 1024 * 1024
/** How often it is looked while a program writes, milliseconds. */
const LOOK_MS = 500
const MIB = 1024 * 1024

/** Ends whatever was filling the directory. */
export class NoRoom extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

export class ScratchSpace {
  readonly #disk: Pick<Disk, 'space'>
  readonly #clock: Clock
  readonly #directory: string

  constructor(disk: Pick<Disk, 'space'>, clock: Clock, directory: string) {
    this.#disk = disk
    this.#clock = clock
    this.#directory = directory
  }

  /** 503 when there is no room for so many bytes more. */
  async refusal(bytes: number): Promise<Refusal | undefined> {
    const space = await this.#disk.space(this.#directory).catch(() => undefined)
    // Whoever writes will hear of it.
    if (space === undefined) return undefined
    const { freeBytes, totalBytes } = space
    const roomBytes = Math.max(0, freeBytes - totalBytes * RESERVE)
    if (bytes <= roomBytes && roomBytes > 0) return undefined
    const [needed, room] = [Math.ceil(bytes / MIB), Math.floor(roomBytes / MIB)]
    return unavailable(
      `There is no room to convert the image: ${needed} MiB are needed, and there is room for ${room} MiB.`,
    )
  }

  /** The same bytes; rejects with `NoRoom` before they fill the directory. */
  async *guarded(source: ByteSource): AsyncGenerator<Buffer> {
    let unseen = 0
    for await (const chunk of source) {
      unseen += chunk.length
      if (unseen >= LOOK_BYTES) {
        const refusal = await this.refusal(unseen)
        if (refusal !== undefined) throw new NoRoom(refusal)
        unseen = 0
      }
      yield chunk
    }
  }

  /** The outcome of work that writes, or why it was told to end. */
  async watched<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result | Refusal> {
    const [working, watching] = [new AbortController(), new AbortController()]
    const full = this.#untilFull(watching.signal).then((refusal) => {
      if (refusal !== undefined) working.abort()
      return refusal
    })
    try {
      const result = await work(working.signal)
      watching.abort()
      return (await full) ?? result
    } finally {
      watching.abort()
    }
  }

  async #untilFull(signal: AbortSignal): Promise<Refusal | undefined> {
    while (!signal.aborted) {
      const refusal = await this.refusal(0)
      if (refusal !== undefined) return refusal
      await this.#clock.sleep(LOOK_MS, signal).catch(() => {})
    }
    return undefined
  }
}
