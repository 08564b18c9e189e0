/**
 * What a device holds and in which state it is, for people: `GET /martlet/device`, and through it `martlet status`. All of
 * it is asked of the engines at that moment; nothing here walks over objects or rows.
 */
import { createHash } from 'node:crypto'
import type { DriveState } from '#backend/drive-state.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import type { Disk, Environment } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { Handler } from '#http/message.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { DatabaseCount } from './database-count.ts'
import type { ServerType } from './rings.ts'
import type { StorageDevice } from './storage-device.ts'
import { jsonAnswer, type WorkerStatus } from './worker-admin.ts'

export const DEVICE_PATH = '/martlet/device'

/** How many replicas of the device's may vote. */
export interface VoterFigures {
  /** What every partition is that is not told apart. */
  readonly device: 'synced' | 'joining'
  /** Partitions that are joining on a synced device, or synced on a joining one. */
  readonly exceptions: number
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
  /** Whole indexes that could not be read and were set aside. */
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
  readonly workers: () => Promise<readonly WorkerStatus[]>
}

/** A look is good for so long, milliseconds. */
const SEEN_MS = 250

/** Looks at one device. */
export class DeviceFigureSource {
  readonly #options: DeviceFiguresOptions
  readonly #startedMs: number
  readonly #counts: Readonly<Record<'accounts' | 'containers', DatabaseCount>>
  #seen: { readonly atMs: number; readonly figures: Promise<DeviceFigures> } | undefined

  constructor(options: DeviceFiguresOptions) {
    this.#options = options
    const { clock } = options.environment
    this.#startedMs = clock.wallMs()
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
    const { environment, device, host, version, rings, foregroundLoad, workers } = this.#options
    const { drive } = device.objects.device
    const space = await drive.space()
    return {
      device: device.name,
      host,
      program: version,
      nowMs: environment.clock.wallMs(),
      startedMs: this.#startedMs,
      state: await drive.state(),
      space: space && { totalBytes: space.totalBytes, freeBytes: space.freeBytes },
      objects: await this.#objects(),
      containers: await this.#databases('container'),
      accounts: await this.#databases('account'),
      foregroundLoad: foregroundLoad(),
      rings: await ringFigures(rings, environment.disk),
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
      voters: votersOf(device.replicaStates(index)),
    }))
  }

  async #databases(type: Exclude<ServerType, 'object'>): Promise<DatabaseFigures> {
    const { device, environment } = this.#options
    const kind = `${type}s` as const
    return {
      count: await this.#counts[kind].now(),
      quarantined: await countNames(environment.disk, `${device.path}/quarantined/${kind}`),
      voters: votersOf(device[kind].replicaStates),
    }
  }
}

function votersOf(states: ReplicaStates | undefined): VoterFigures {
  const { device, exceptions } = states?.summary() ?? { device: 'joining', exceptions: [] }
  return { device, exceptions: exceptions.filter(([, state]) => state !== device).length }
}

/** Versions and digests of all rings, by the names of their files. */
export async function ringFigures(
  rings: RingDirectory,
  disk: Disk,
): Promise<Readonly<Record<string, RingFigures>>> {
  const figures: Record<string, RingFigures> = {}
  for (const [name, { ring, path }] of rings.all()) {
    figures[name] = { version: ring.version, md5: await md5OfFile(disk, path) }
  }
  return figures
}

/** `undefined` when it cannot be read. */
export async function md5OfFile(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return createHash('md5')
      .update(await disk.readFile(path))
      .digest('hex')
  } catch {
    return undefined
  }
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
