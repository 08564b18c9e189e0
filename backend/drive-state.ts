/**
 * Is a device fit to be read and written? Every request of a storage server asks here first; what is not fit is answered
 * 507, and the proxy goes to a handoff. The look at the filesystem is remembered for a second. A device that failed
 * (an I/O error, a sync that failed, an operation past its deadline) stays failed until somebody looked at it: a
 * restart, or `mend`.
 */
import { join } from 'node:path'
import type { Clock, Disk, FilesystemSpace } from '#base/environment.ts'
import { insufficientStorage } from './answers.ts'
import { Refusal } from './refusal.ts'

export type DriveState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unmounted' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'read_only' }
  /** The clock of its machine is ahead of most others': what it took now could not be overwritten for long. */
  | { readonly kind: 'clock_ahead' }
  | { readonly kind: 'full'; readonly freeBytes: number; readonly totalBytes: number }

/** Space that is left unused so that a full device can still delete and repair (Swift `fallocate_reserve`). */
export type Reserve =
  | { readonly unit: 'percent'; readonly amount: number }
  | { readonly unit: 'bytes'; readonly amount: number }

/** Swift's default of `fallocate_reserve`. */
export const DEFAULT_RESERVE: Reserve = { unit: 'percent', amount: 1 }
/** How long a look at the filesystem counts, milliseconds. */
const LOOK_AGAIN_MS = 1000

/** Must the device be a mount point (Swift `mount_check`), or is any directory good enough? */
export type MountCheck = 'mount_point' | 'any_directory'

export interface DriveOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** Directory that holds the devices. */
  readonly devicesPath: string
  readonly device: string
  readonly mountCheck: MountCheck
  readonly reserve?: Reserve
}

const READABLE: ReadonlySet<DriveState['kind']> = new Set(['ready', 'full', 'read_only', 'clock_ahead'])

/** Room on a device that is kept for a body. */
export interface KeptRoom {
  /** The body is on the disk, or is not coming. To be called once. */
  readonly release: () => void
}

interface Look {
  readonly state: DriveState
  readonly space: FilesystemSpace | undefined
  readonly atMs: number
}

/** `1%` or a number of bytes; `undefined` when it is neither (Swift `config_fallocate_value`). */
export function parseReserve(written: string): Reserve | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(written.trim())
  if (match === null) return undefined
  const [, amount = '', percent] = match
  if (percent === '%') return { unit: 'percent', amount: Number(amount) }
  return amount.includes('.') ? undefined : { unit: 'bytes', amount: Number(amount) }
}

export class Drive {
  readonly device: string
  readonly path: string
  readonly #options: DriveOptions
  #failure: string | undefined
  #clock: 'believed' | 'ahead' = 'believed'
  #look: Look | undefined
  #looking: Promise<Look> | undefined
  /** Bytes of bodies that room is kept for. */
  #keptBytes = 0
  /** Bytes of bodies that arrived or were given up so lately that the last look at the filesystem may not show it. */
  #lateBytes = 0

  constructor(options: DriveOptions) {
    this.#options = options
    this.device = options.device
    this.path = join(options.devicesPath, options.device)
  }

  /** The check of every verb: is the request for this device, and is the device fit for it? */
  async refuse(device: string, purpose: 'read' | 'write' | 'delete'): Promise<Refusal | undefined> {
    if (device !== this.device) return new Refusal(insufficientStorage(device))
    if (purpose === 'read') return this.refuseRead()
    return purpose === 'write' ? this.refuseWrite() : this.#refuseDelete()
  }

  /**
   * Refuses with 507 what a device that cannot be read cannot do. A full or read-only device can be read, and so
   * can one of a machine whose clock is wrong.
   */
  async refuseRead(): Promise<Refusal | undefined> {
    const { kind } = await this.state()
    return READABLE.has(kind) ? undefined : this.refusal()
  }

  /** Refuses with 507 a write to a device that cannot be written or would have less than the reserve left. */
  async refuseWrite(neededBytes = 0): Promise<Refusal | undefined> {
    return (await this.#hasRoom(neededBytes)) ? undefined : this.refusal()
  }

  /**
   * Keeps room for a body that is about to be written, so that several at a time do not together go below the reserve
   * where each alone would not. `undefined` when there is none, or the device is not fit to be written.
   */
  async keepRoom(bytes: number): Promise<KeptRoom | undefined> {
    if (!(await this.#hasRoom(bytes))) return undefined
    this.#keptBytes += bytes
    return {
      release: () => {
        this.#keptBytes -= bytes
        this.#lateBytes += bytes
      },
    }
  }

  /** What is half written counts whole and as used: rather too little room than too much. */
  async #hasRoom(neededBytes: number): Promise<boolean> {
    const { kind } = await this.state()
    if (kind !== 'ready') return false
    const space = this.#look?.space
    return space === undefined || !this.#isFull(space, neededBytes + this.#keptBytes + this.#lateBytes)
  }

  /** A full device can still delete, which is how it gets room again. */
  async #refuseDelete(): Promise<Refusal | undefined> {
    const { kind } = await this.state()
    return kind === 'ready' || kind === 'full' ? undefined : this.refusal()
  }

  /** The 507 of this device. */
  refusal(): Refusal {
    return new Refusal(insufficientStorage(this.device))
  }

  async state(): Promise<DriveState> {
    if (this.#failure !== undefined) return { kind: 'failed', reason: this.#failure }
    const { state } = await this.#freshLook()
    return state.kind === 'ready' && this.#clock === 'ahead' ? { kind: 'clock_ahead' } : state
  }

  /** Free and total space as last seen, for `/recon/diskusage`. */
  async space(): Promise<FilesystemSpace | undefined> {
    return (await this.#freshLook()).space
  }

  /** Takes the device out of service. The first reason is kept. */
  fail(reason: string): void {
    this.#failure ??= reason
  }

  /** What is known of the clock of the machine (`clock-watch.ts`). */
  doubtClock(clock: 'believed' | 'ahead'): void {
    this.#clock = clock
  }

  /** Somebody looked at the device and found it well. */
  mend(): void {
    this.#failure = undefined
    this.#look = undefined
  }

  async #freshLook(): Promise<Look> {
    const look = this.#look
    if (look !== undefined && this.#options.clock.monotonicMs() - look.atMs < LOOK_AGAIN_MS) return look
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookNow(): Promise<Look> {
    const shownBytes = this.#lateBytes
    const { state, space } = await this.#inspect()
    this.#lateBytes -= shownBytes
    this.#look = { state, space, atMs: this.#options.clock.monotonicMs() }
    return this.#look
  }

  async #inspect(): Promise<Pick<Look, 'state' | 'space'>> {
    const { disk, devicesPath, device } = this.#options
    if (!isDriveName(device)) return { state: { kind: 'missing' }, space: undefined }
    try {
      const stat = await disk.stat(this.path)
      if (!stat.isDirectory) return { state: { kind: 'missing' }, space: undefined }
      if (this.#options.mountCheck === 'mount_point') {
        const parent = await disk.stat(devicesPath)
        if (stat.filesystemId !== undefined && stat.filesystemId === parent.filesystemId) {
          return { state: { kind: 'unmounted' }, space: undefined }
        }
      }
      const space = await disk.space(this.path)
      return { state: this.#judge(space), space }
    } catch (error) {
      return { state: stateAfter(error), space: undefined }
    }
  }

  #judge(space: FilesystemSpace): DriveState {
    if (space.readOnly) return { kind: 'read_only' }
    if (!this.#isFull(space, 0)) return { kind: 'ready' }
    return { kind: 'full', freeBytes: space.freeBytes, totalBytes: space.totalBytes }
  }

  #isFull(space: FilesystemSpace, neededBytes: number): boolean {
    const reserve = this.#options.reserve ?? DEFAULT_RESERVE
    const left = space.freeBytes - neededBytes
    if (left < 0) return true
    if (reserve.unit === 'bytes') return left < reserve.amount
    return space.totalBytes > 0 && (left / space.totalBytes) * 100 < reserve.amount
  }
}

function stateAfter(error: unknown): DriveState {
  const code = (error as { code?: unknown }).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
  return { kind: 'failed', reason: String(code ?? error) }
}

/** A device name is one directory name that needs no quoting (Swift `check_drive`). */
function isDriveName(name: string): boolean {
  return /^[\w.~-]+$/.test(name) && name !== '.' && name !== '..'
}
