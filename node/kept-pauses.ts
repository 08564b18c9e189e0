/**
 * Which workers of a device an operator has paused, and until when: `paused-workers.json` on the device. A pause outlives
 * a restart, because whatever made it necessary does; it has an end, because what nobody remembers must not last.
 */
import { join } from 'node:path'
import type { Disk } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { PauseStore } from '#worker/loop.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

const FILE = 'paused-workers.json'
const VERSION = 1

export class KeptPauses implements PauseStore {
  readonly #disk: Disk
  readonly #path: string
  readonly #untilMs: Map<string, number>
  #writing: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, path: string, untilMs: Map<string, number>) {
    this.#disk = disk
    this.#path = path
    this.#untilMs = untilMs
  }

  /** A file that cannot be understood is logged and counts as none: the workers run. */
  static async open(disk: Disk, devicePath: string, log: Logger): Promise<KeptPauses> {
    const path = join(devicePath, FILE)
    const bytes = await readIfThere(disk, path).catch(() => undefined)
    const pauses = bytes === undefined ? new Map<string, number>() : parse(bytes.toString())
    if (pauses === undefined) log.warn({ path }, 'the file of paused workers cannot be understood; none is')
    return new KeptPauses(disk, path, pauses ?? new Map())
  }

  readonly pausedUntilMs = (worker: string): number | undefined => this.#untilMs.get(worker)

  readonly keep = (worker: string, untilMs: number | undefined): Promise<void> => {
    if (untilMs === undefined) this.#untilMs.delete(worker)
    else this.#untilMs.set(worker, untilMs)
    const written = this.#writing.catch(() => {}).then(() => this.#write())
    this.#writing = written
    return written
  }

  async #write(): Promise<void> {
    const text = JSON.stringify({ version: VERSION, untilMs: Object.fromEntries(this.#untilMs) })
    await writeDurably(this.#disk, this.#path, Buffer.from(`${text}\n`))
  }
}

function parse(text: string): Map<string, number> | undefined {
  try {
    const value = JSON.parse(text) as { readonly version?: unknown; readonly untilMs?: unknown } | null
    if (value?.version !== VERSION || typeof value.untilMs !== 'object' || value.untilMs === null)
      return undefined
    const entries = Object.entries(value.untilMs).filter(([, until]) => typeof until === 'number')
    return new Map(entries as [string, number][])
  } catch {
    return undefined
  }
}
