/** A machine whose disk and stores are in memory, for tests of what is kept across starts. */
import type { Environment } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'

export class MemoryMachine {
  readonly disk = new MemoryDisk()
  readonly kv = new MemoryKv()
  readonly #random = new SeededRandom(1)

  /** What the programs of one start see. */
  environment(): Environment {
    return { clock: realClock, random: this.#random, disk: this.disk.remount(), kv: this.kv }
  }

  /** Power is cut. */
  async crash(): Promise<void> {
    this.disk.crash(this.#random)
    await this.kv.crash()
  }
}
