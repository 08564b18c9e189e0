/**
 * What a device holds and in which state it is, for people: `GET /martlet/device`, and through it `martlet status`. All of
 * it is asked of the engines at that moment; nothing here walks over objects or rows.
 */
import { createHash } from 'node:crypto'
import type { ClockStanding } from '#backend/clock-standing.ts'
import type { DriveState } from '#backend/drive-state.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import type { Disk, Environment, KvStore } from '#base/environment.ts'
import { ALL_QUARANTINED_ROWS } from '#db/keys.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { Handler } from '#http/message.ts'
import type { Ring } from '#ring/ring.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { DatabaseCount } from './database-count.ts'
import type { ServerType } from './rings.ts'
import type { StorageDevice } from './storage-device.ts'
import { jsonAnswer, type WorkerStatus } from './worker-admin.ts'

export const DEVICE_PATH = '/martlet/device'

/** How many of the replicas that the ring gives the device may vote. */
export interface VoterFigures {
  readonly partitions: number
  /** Of these, those whose silence proves nothing. */
  readonly joining: number
}

export interface PolicyFigures {
  readonly index: number
  /** Objects and tombstones. */
  readonly records: number
  readonly quarantined: number
  readonly voters: VoterFigures
}

export interface DatabaseFigures {
  readonly count: number
  /** Indexes and databases that were set aside whole, and rows that were taken out of service. */
  readonly quarantined: number
  readonly voters: VoterFigures
}

export interface RingFigures {
  readonly version: number | undefined
  /** MD5 of the file as it is now; `undefined` when it cannot be read. */
  readonly md5: string | undefined
}

/** The answer of `/martlet/device`. */
export interface DeviceFigures {
  readonly device: string
  readonly host: string
  readonly program: string
  /** Wall clock of the process, milliseconds since the epoch. */
  readonly nowMs: number
  readonly startedMs: number
  /** Can the clock of its machine be believed? An earlier version of Martlet does not say. */
  readonly clock?: ClockStanding
  readonly state: DriveState
  readonly space: { readonly totalBytes: number; readonly freeBytes: number } | undefined
  readonly objects: readonly PolicyFigures[]
  readonly containers: DatabaseFigures
  readonly accounts: DatabaseFigures
  /** Mean number of clients' requests under way lately. */
  readonly foregroundLoad: number
  /** By the name of the ring's file. */
  readonly rings: Readonly<Record<string, RingFigures>>
  readonly workers: readonly WorkerStatus[]
}

export interface DeviceFiguresOptions {
  readonly environment: Pick<Environment, 'clock' | 'disk'>
  readonly device: StorageDevice
  readonly host: string
  readonly version: string
  readonly rings: RingDirectory
  readonly foregroundLoad: () => number
  readonly clockStanding: () => ClockStanding
  readonly workers: () => Promise<readonly WorkerStatus[]>
}

/** A look is good for so long, milliseconds. */
const SEEN_MS = 250

/** Looks at one device. */
export class DeviceFigureSource {
  readonly #options: DeviceFiguresOptions
  readonly #startedMs: number
  readonly #ringFiles: RingFiles
  readonly #counts: Readonly<Record<'accounts' | 'containers', DatabaseCount>>
  #seen: { readonly atMs: number; readonly figures: Promise<DeviceFigures> } | undefined

  constructor(options: DeviceFiguresOptions) {
    this.#options = options
    const { clock } = options.environment
    this.#startedMs = clock.wallMs()
    this.#ringFiles = new RingFiles(options.rings, options.environment.disk)
    this.#counts = {
      accounts: new DatabaseCount(options.device.accounts.store, clock),
      containers: new DatabaseCount(options.device.containers.store, clock),
    }
  }

  readonly handler: Handler = async (request) => {
    await request.body.cancel()
    return jsonAnswer(await this.now())
  }

  /** One look serves all who ask at about the same time. */
  now(): Promise<DeviceFigures> {
    const nowMs = this.#options.environment.clock.monotonicMs()
    if (this.#seen === undefined || nowMs - this.#seen.atMs > SEEN_MS) {
      this.#seen = { atMs: nowMs, figures: this.#look() }
    }
    return this.#seen.figures
  }

  async #look(): Promise<DeviceFigures> {
    const { environment, device, host, version, foregroundLoad, workers } = this.#options
    const { drive } = device.objects.device
    const space = await drive.space()
    return {
      device: device.name,
      host,
      program: version,
      nowMs: environment.clock.wallMs(),
      startedMs: this.#startedMs,
      clock: this.#options.clockStanding(),
      state: await drive.state(),
      space: space && { totalBytes: space.totalBytes, freeBytes: space.freeBytes },
      objects: await this.#objects(),
      containers: await this.#databases('container'),
      accounts: await this.#databases('account'),
      foregroundLoad: foregroundLoad(),
      rings: await this.#ringFiles.figures(),
      workers: await workers(),
    }
  }

  async #objects(): Promise<readonly PolicyFigures[]> {
    const { device } = this.#options.device.objects
    const quarantined = await device.quarantinedFiles()
    return [...device.engines].map(([index, engine]) => ({
      index,
      records: engine.digestBelow('').count,
      quarantined: quarantined.get(index) ?? 0,
      voters: this.#votersOf(device.replicaStates(index), this.#options.rings.object(index)?.ring),
    }))
  }

  async #databases(type: Exclude<ServerType, 'object'>): Promise<DatabaseFigures> {
    const { device, environment, rings } = this.#options
    const kind = `${type}s` as const
    return {
      count: await this.#counts[kind].now(),
      quarantined: await quarantinedIn(
        device[kind].store,
        environment.disk,
        `${device.path}/quarantined/${kind}`,
      ),
      voters: this.#votersOf(device[kind].replicaStates, rings[type].ring),
    }
  }

  #votersOf(states: ReplicaStates | undefined, ring: Ring | undefined): VoterFigures {
    const { host, device } = this.#options
    const self = ring?.devices.find((other) => other?.ip === host && other.device === device.name)
    if (ring === undefined || self === undefined) return { partitions: 0, joining: 0 }
    const { partPower } = ring
    const partitions = [...ring.partitionsOf(self.id)]
    const joining = partitions.filter((partition) => states?.of({ partPower, partition }) !== 'synced')
    return { partitions: partitions.length, joining: joining.length }
  }
}

/** Versions and digests of all rings. A file is read again only when it has changed. */
export class RingFiles {
  readonly #rings: RingDirectory
  readonly #disk: Disk
  readonly #known = new Map<string, { readonly stamp: string; readonly md5: string }>()

  constructor(rings: RingDirectory, disk: Disk) {
    this.#rings = rings
    this.#disk = disk
  }

  /** By the names of their files. */
  async figures(): Promise<Readonly<Record<string, RingFigures>>> {
    const figures: Record<string, RingFigures> = {}
    for (const [name, { ring, path }] of this.#rings.all()) {
      figures[name] = { version: ring.version, md5: await this.md5(path) }
    }
    return figures
  }

  /** `undefined` when the file cannot be read. */
  async md5(path: string): Promise<string | undefined> {
    try {
      const { mtimeMs, sizeBytes } = await this.#disk.stat(path)
      const stamp = `${mtimeMs} ${sizeBytes}`
      const known = this.#known.get(path)
      if (known?.stamp === stamp) return known.md5
      const md5 = createHash('md5')
        .update(await this.#disk.readFile(path))
        .digest('hex')
      this.#known.set(path, { stamp, md5 })
      return md5
    } catch {
      return undefined
    }
  }
}

/** Rows in quarantine that are counted. */
const ROWS_COUNTED_MAX = 10_000

async function quarantinedIn(store: KvStore, disk: Disk, directory: string): Promise<number> {
  let rows = 0
  for await (const _ of store.keys({ ...ALL_QUARANTINED_ROWS, limit: ROWS_COUNTED_MAX })) rows += 1
  return rows + (await countNames(disk, directory))
}

/** How many entries a directory has; 0 when there is none. */
export async function countNames(disk: Disk, directory: string): Promise<number> {
  try {
    return (await disk.readdir(directory)).length
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}
