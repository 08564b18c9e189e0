/**
 * A machine of a simulated cluster: one disk and its stores, which outlive the processes, and a wall clock that may be
 * wrong. It loses power, loses its disk, or has its process killed.
 */
import type { Clock, Disk, Environment, KvEngine } from '#base/environment.ts'
import { SeededRandom, type VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { livingDisk, livingKv, MachineClock, type ProcessLife } from './process-life.ts'

/** What a deliberately broken variant puts between a server and its disk or stores. */
export interface Storage {
  readonly disk: Disk
  readonly kv: KvEngine
}

export type StorageLayer = (storage: Storage) => Storage

/** A disk's operations that change nothing durable mostly take no time worth simulating. */
const QUICK_OPERATION_SHARE = 0.9
const SLOWEST_SYNC_MS = 8

export interface MachineOptions {
  readonly name: string
  readonly world: VirtualClock
  readonly random: SeededRandom
  readonly layer: StorageLayer
}

export class Machine {
  readonly name: string
  /** How far the wall clock is ahead of the world's, milliseconds. */
  skewMs = 0
  /** How many times slower than usual the disk is. */
  slowness = 1
  #disk: MemoryDisk
  #kv: MemoryKv
  readonly #options: MachineOptions

  constructor(options: MachineOptions) {
    this.name = options.name
    this.#options = options
    this.#disk = this.#newDisk()
    this.#kv = this.#newKv()
  }

  get disk(): MemoryDisk {
    return this.#disk
  }

  get kv(): MemoryKv {
    return this.#kv
  }

  /** What a process that starts now is given. */
  environment(life: ProcessLife): Environment {
    const { world, random, layer } = this.#options
    const clock: Clock = new MachineClock(world, life, () => this.skewMs)
    const latency = (kind: 'sync' | 'other'): number => this.#latencyMs(kind)
    const storage = layer({ disk: this.#disk.remount(), kv: this.#kv })
    return {
      clock,
      random: new SeededRandom(random.below(2 ** 32)),
      disk: livingDisk(storage.disk, life, clock, latency),
      kv: livingKv(storage.kv, life, clock, latency),
    }
  }

  /** Power is cut: what was not synced is lost, or happens to be kept in part. */
  async losePower(): Promise<void> {
    const { random } = this.#options
    this.#disk.crash(random)
    await this.#kv.crash(random)
  }

  /** The process is killed: the kernel writes in its own time what it was given. */
  async loseProcess(): Promise<void> {
    this.#disk.kill()
    await this.#kv.crash('kept')
  }

  /** An empty disk in place of the old one. No process may be running. */
  replaceDisk(): void {
    this.#disk = this.#newDisk()
    this.#kv = this.#newKv()
  }

  #newDisk(): MemoryDisk {
    return new MemoryDisk({ wallMs: () => this.#options.world.wallMs() })
  }

  /** A write to a store is a change of the disk too: power may be cut in its midst. */
  #newKv(): MemoryKv {
    return new MemoryKv(() => this.#disk.countStoreWrite())
  }

  #latencyMs(kind: 'sync' | 'other'): number {
    const { random } = this.#options
    if (kind === 'sync') return ((random.below(1000) + 1) / 1000) * SLOWEST_SYNC_MS * this.slowness
    if (this.slowness === 1 && random.below(1000) < QUICK_OPERATION_SHARE * 1000) return 0
    return ((random.below(1000) + 1) / 1000) * this.slowness
  }
}
