/**
 * Taking ownership of a device's index: open, with a damaged one quarantined whole, and find out whether this replica may
 * vote. Written once for the account and the container server, whose indexes differ only in what opens them.
 */
import { dirname, join } from 'node:path'
import type { Disk, Environment, KvStore } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import type { Drive } from './drive-state.ts'
import { type NewDevice, ReplicaStates } from './replica-state.ts'
import { SyncLedger } from './sync-ledger.ts'
import { timestampNow } from './timestamp-header.ts'

/** An index that was opened, or that another process has. */
export type Opened<Index> =
  | {
      readonly kind: 'opened'
      readonly store: KvStore
      readonly index: Index
      /** `quarantined`: what was there could not be read and was moved away; the index is empty. */
      readonly damage: 'none' | 'quarantined'
    }
  | { readonly kind: 'locked' }

/** What the device of an account or container server is opened with. */
export interface IndexDeviceOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly drive: Drive
  /** What a device without any index is. */
  readonly newDevice: NewDevice
  readonly salt: HashPathSalt
}

export interface OwnDeviceOptions<Index> extends IndexDeviceOptions {
  /** Directory of the index below the device, named as Swift names its own: `accounts`, `containers`. */
  readonly directory: string
  /** Keys of replica states in the store begin so. */
  readonly replicaStatePrefix: Buffer
  /** Keys of the sync ledger begin so. */
  readonly ledgerPrefix: Buffer
  readonly open: (place: IndexPlace) => Promise<Opened<Index>>
}

export interface IndexPlace {
  readonly path: string
  readonly quarantinePath: string
  /** `damaged`: reading it failed before; it must be moved away even if it opens. */
  readonly condition: 'sound' | 'damaged'
  /** To be told when the store fails: takes the device out of service. */
  readonly onFailure: (error: unknown) => void
}

export interface OwnedDevice<Index> {
  readonly kind: 'opened'
  readonly store: KvStore
  readonly index: Index
  readonly replicaStates: ReplicaStates
  readonly ledger: SyncLedger
  /** To be called every hour or so: a device that was away for too long does not vote. */
  stampAlive(): Promise<void>
  /** Waits for what is under way, notes that the device was alive, and gives up the lock. */
  close(): Promise<void>
}

interface Closable {
  close(): Promise<void>
}

/**
 * Rejects when the disk fails. `locked`: another process owns the device. Damage that shows only when the first records are
 * read is noted, and the second try finds the note.
 */
export async function ownDevice<Index extends Closable>(
  options: OwnDeviceOptions<Index>,
): Promise<OwnedDevice<Index> | { readonly kind: 'locked' }> {
  const { environment, drive, directory, log } = options
  const mark = new DamageMark(environment.disk, join(drive.path, `${directory}.damaged`))
  try {
    return await take(options, mark)
  } catch (error) {
    if (!isCorruption(error)) throw error
    await mark.set(log)
    return await take(options, mark)
  }
}

async function take<Index extends Closable>(
  options: OwnDeviceOptions<Index>,
  mark: DamageMark,
): Promise<OwnedDevice<Index> | { readonly kind: 'locked' }> {
  const { environment, drive, directory, log } = options
  const stamp = timestampNow(environment.clock)
  const opened = await options.open({
    path: join(drive.path, directory),
    quarantinePath: join(drive.path, 'quarantined', directory, stamp),
    condition: (await mark.isSet()) ? 'damaged' : 'sound',
    onFailure: (error) => {
      log.error({ err: error, device: drive.device, directory }, 'index failed: the device is out of service')
      drive.fail(String(error))
      if (isCorruption(error)) void mark.set(log)
    },
  })
  if (opened.kind === 'locked') return { kind: 'locked' }
  const { store, index, damage } = opened
  if (damage === 'quarantined') {
    log.error(
      { device: drive.device, directory, stamp },
      'index was damaged: quarantined whole, device is joining',
    )
  }
  try {
    const replicaStates = await ReplicaStates.open(store, {
      clock: environment.clock,
      keyPrefix: options.replicaStatePrefix,
      salt: options.salt,
      newDevice:
        damage === 'quarantined' || (await wasQuarantined(options))
          ? 'may_have_held_data'
          : options.newDevice,
    })
    const ledger = await SyncLedger.open(store, {
      clock: environment.clock,
      keyPrefix: options.ledgerPrefix,
      states: replicaStates,
      unknownDevice: 'new',
    })
    const stampAlive = async (): Promise<void> => {
      await replicaStates.stampAlive()
      await ledger.stampAlive()
    }
    // Only now: a crash before *joining* is durable finds the mark again, and the empty index goes the same way.
    await mark.clear()
    const close = (): Promise<void> => giveUp(store, index, stampAlive)
    return { kind: 'opened', store, index, replicaStates, ledger, stampAlive, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** An index without replica states beside a quarantined one: the last start did not come as far as to say *joining*. */
async function wasQuarantined({
  environment,
  drive,
  directory,
}: Pick<OwnDeviceOptions<unknown>, 'environment' | 'drive' | 'directory'>): Promise<boolean> {
  try {
    return (await environment.disk.readdir(join(drive.path, 'quarantined', directory))).length > 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Remembers across a restart that an index could not be read: LevelDB opens a store whose tables are damaged, and the
 * damage shows only where it is read. A file beside the store, because the store itself cannot be trusted.
 */
class DamageMark {
  readonly #disk: Disk
  readonly #path: string

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** Rejects when that cannot be told: then nothing may be believed of the index. */
  async isSet(): Promise<boolean> {
    try {
      return !(await this.#disk.stat(this.#path)).isDirectory
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
  }

  async set(log: Logger): Promise<void> {
    try {
      await (await this.#disk.createExclusive(this.#path)).close()
      await this.#disk.syncDirectory(dirname(this.#path))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') log.error({ err: error, path: this.#path }, 'damage could not be noted')
    }
  }

  async clear(): Promise<void> {
    if (!(await this.isSet())) return
    await this.#disk.unlink(this.#path)
    await this.#disk.syncDirectory(dirname(this.#path))
  }
}

function isCorruption(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return codeOf(error) === 'LEVEL_CORRUPTION' || codeOf(cause) === 'LEVEL_CORRUPTION'
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code
}

async function giveUp(store: KvStore, index: Closable, stampAlive: () => Promise<void>): Promise<void> {
  await index.close()
  await stampAlive()
  await store.close()
}
