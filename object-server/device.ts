/**
 * One device with its objects: who owns it, whether it may be used, what its replicas may vote, and an engine per
 * storage policy. Opening takes the lock of the device's own store, so a second process on the same device is refused
 * (`LEVEL_LOCKED`).
 */
import { Drive, type MountCheck, type Reserve } from '#backend/drive-state.ts'
import { policyString, type StoragePolicies } from '#backend/policies.ts'
import { type NewDevice, ReplicaStates } from '#backend/replica-state.ts'
import { SyncLedger } from '#backend/sync-ledger.ts'
import type { Disk, Environment, KvStore } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { codeOf } from '#disk/disk-error.ts'
import { DiskGate } from '#disk/disk-gate.ts'
import { namesIn } from '#disk/names-in.ts'
import type { AuditAccess } from './audit-access.ts'
import { DeviceNotes, type Notes } from './device-notes.ts'
import { DiskEngine } from './disk-engine.ts'
import type { ObjectEngine } from './engine.ts'
import { policyPaths, statePath } from './layout.ts'
import type { CacheLimits } from './object-cache.ts'
import type { RecoveryReport } from './recovery.ts'
import type { ReplicaAccess } from './replica-access.ts'
import type { CopyToRepair } from './replication/repairs.ts'
import { type SaltEvidence, saltEvidence } from './salt-evidence.ts'
import { claimSalt } from './salt-fingerprint.ts'

export interface ObjectDeviceOptions {
  readonly environment: Environment
  readonly devicesPath: string
  readonly device: string
  readonly mountCheck: MountCheck
  readonly reserve?: Reserve
  readonly policies: StoragePolicies
  readonly salt: HashPathSalt
  readonly log: Logger
  /** What a device without any state is. */
  readonly newDevice: NewDevice
  /** Operations under way on the device; must be below `UV_THREADPOOL_SIZE`. */
  readonly operationsMax: number
  readonly deadlineMs?: number
  readonly cacheLimits?: CacheLimits
  /** Tombstones are kept so long at least, and who was away for longer must be made equal first. Default: 7 days. */
  readonly reclaimAgeSeconds?: number | undefined
  /** Told of each copy that readers found bad or gone. Must not fail. */
  readonly onLost?: ((copy: CopyToRepair) => void) | undefined
}

interface Basis {
  readonly disk: Disk
  readonly drive: Drive
  readonly health: DeviceHealth
  readonly gate: DiskGate
  readonly state: KvStore
  readonly notes: Notes
}

interface DeviceParts extends Basis {
  readonly engines: ReadonlyMap<number, DiskEngine>
  readonly replicaStates: ReadonlyMap<number, ReplicaStates>
  readonly ledgers: ReadonlyMap<number, SyncLedger>
  readonly reports: ReadonlyMap<number, RecoveryReport>
}

export class ObjectDevice {
  readonly name: string
  readonly drive: Drive
  readonly health: DeviceHealth
  readonly gate: DiskGate
  /** What had to be recovered when the device was opened, by policy index. */
  readonly reports: ReadonlyMap<number, RecoveryReport>
  /** What workers remember between passes. */
  readonly notes: Notes
  readonly #disk: Disk
  readonly #state: KvStore
  readonly #engines: ReadonlyMap<number, DiskEngine>
  readonly #replicaStates: ReadonlyMap<number, ReplicaStates>
  readonly #ledgers: ReadonlyMap<number, SyncLedger>

  /** Use `open`. */
  constructor(parts: DeviceParts) {
    this.name = parts.drive.device
    this.drive = parts.drive
    this.health = parts.health
    this.gate = parts.gate
    this.reports = parts.reports
    this.notes = parts.notes
    this.#disk = parts.disk
    this.#state = parts.state
    this.#engines = parts.engines
    this.#replicaStates = parts.replicaStates
    this.#ledgers = parts.ledgers
  }

  /**
   * Opens the device, recovering what an unclean stop left. Rejects with `LEVEL_LOCKED` while another process has it,
   * with `ENOENT` when the device's directory is not there, with a sentence when it was filled under another salt, and
   * with other errors of the disk.
   */
  static async open(options: ObjectDeviceOptions): Promise<ObjectDevice> {
    const { environment, log } = options
    const health = new DeviceHealth(() => environment.clock.wallMs())
    const gate = new DiskGate({
      clock: environment.clock,
      health,
      operationsMax: options.operationsMax,
      ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    })
    const disk = gate.guard(environment.disk)
    const drive = new Drive({ ...options, disk, clock: environment.clock })
    health.onFailure(({ reason }) => {
      log.error({ device: options.device, reason }, 'the device is out of use until somebody looks at it')
      drive.fail(reason)
    })
    // Before the first store, which would make the directory.
    await disk.readdir(drive.path)
    const device = { disk, drive, health, gate }
    try {
      return await openOver(options, device)
    } catch (error) {
      if (!(error instanceof StateDamaged)) throw error
      await setStateAside(options, drive.path)
      return await openOver(options, device)
    }
  }

  engine(policyIndex: number): ObjectEngine | undefined {
    return this.#engines.get(policyIndex)
  }

  get engines(): Iterable<readonly [policyIndex: number, engine: ObjectEngine]> {
    return this.#engines
  }

  /** The objects of a policy as replication sees them. */
  replica(policyIndex: number): ReplicaAccess | undefined {
    return this.#engines.get(policyIndex)?.replica
  }

  /** The objects of a policy as the auditor sees them. */
  audit(policyIndex: number): AuditAccess | undefined {
    return this.#engines.get(policyIndex)?.audit
  }

  replicaStates(policyIndex: number): ReplicaStates | undefined {
    return this.#replicaStates.get(policyIndex)
  }

  /** What the device knows of its syncs with other replicas of a policy. */
  ledger(policyIndex: number): SyncLedger | undefined {
    return this.#ledgers.get(policyIndex)
  }

  /** Container rows that wait for delivery, all policies together (`/recon/async`). */
  async pendingRows(): Promise<number> {
    let count = 0
    for (const engine of this.#engines.values()) count += await engine.updates.count()
    return count
  }

  /** Files taken out of service and kept, by policy index (`/recon/quarantined`). */
  async quarantinedFiles(): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>()
    for (const index of this.#engines.keys()) {
      const { quarantined } = policyPaths(this.drive.path, index)
      counts.set(index, (await namesIn(this.#disk, quarantined)).length)
    }
    return counts
  }

  /** To be called every hour or so: a device that was away for too long does not vote. */
  async stampAlive(): Promise<void> {
    for (const states of this.#replicaStates.values()) await states.stampAlive()
    for (const ledger of this.#ledgers.values()) await ledger.stampAlive()
  }

  /** Requests must have ended. */
  async close(): Promise<void> {
    for (const engine of this.#engines.values()) await engine.close()
    await this.#state.close()
  }
}

/** Nothing in `tmp/` was ever acknowledged. Only for the owner of the device: another one may be writing there. */
async function prepareDirectories(disk: Disk, path: string): Promise<void> {
  for (const name of ['tmp', 'quarantined']) await disk.mkdir(`${path}/${name}`, { recursive: true })
  for (const name of await disk.readdir(`${path}/tmp`)) await disk.unlink(`${path}/tmp/${name}`)
  await disk.syncDirectory(path)
}

/** The device's own store could not be read; LevelDB may open it all the same. */
class StateDamaged extends Error {
  readonly code = 'LEVEL_CORRUPTION'
}

/** Names whose damage it is. */
async function ofState<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (error) {
    if (codeOf(error) !== 'LEVEL_CORRUPTION') throw error
    throw new StateDamaged('the state of the device is corrupt', { cause: error })
  }
}

/** Without its store every replica on the device is joining. */
async function setStateAside({ environment, device, log }: ObjectDeviceOptions, path: string): Promise<void> {
  const movedTo = `${path}/quarantined/state-${Math.floor(environment.clock.wallMs())}`
  log.error({ device, movedTo }, 'the state of the device is corrupt; it starts joining')
  await environment.kv.move(statePath(path), movedTo)
}

/** Rejects with `StateDamaged` when that is what cannot be read; nothing is open then. */
async function openOver(
  options: ObjectDeviceOptions,
  device: Omit<Basis, 'state' | 'notes'>,
): Promise<ObjectDevice> {
  const { disk, drive } = device
  const state = await ofState(options.environment.kv.open(statePath(drive.path)))
  try {
    const objects = options.policies.all.map(({ index }) => policyPaths(drive.path, index).objects)
    const evidence = (): Promise<SaltEvidence> => saltEvidence(disk, objects, options.salt)
    await ofState(claimSalt(state, options.salt, { path: drive.path, evidence }))
    await prepareDirectories(disk, drive.path)
    const notes = await ofState(DeviceNotes.open(state))
    return await openPolicies(options, { ...device, state, notes })
  } catch (error) {
    await state.close()
    throw error
  }
}

async function openPolicies(options: ObjectDeviceOptions, basis: Basis): Promise<ObjectDevice> {
  const engines = new Map<number, DiskEngine>()
  const replicaStates = new Map<number, ReplicaStates>()
  const ledgers = new Map<number, SyncLedger>()
  const reports = new Map<number, RecoveryReport>()
  try {
    for (const { index } of options.policies.all) {
      const heldObjects = await exists(basis.disk, policyPaths(basis.drive.path, index).objects)
      const states = await ofState(openReplicaStates(options, basis, index))
      const ledgerOf = (): SyncLedger | undefined => ledgers.get(index)
      const { engine, report } = await openEngine(options, basis, index, { states, ledgerOf })
      replicaStates.set(index, states)
      // Synced without a ledger is a device of before there were ledgers.
      const mayHaveBeenAway = heldObjects && states.ofAll === 'joining'
      // Before anything else can fail: it has to be closed then.
      engines.set(index, engine)
      ledgers.set(index, await ofState(openLedger(options, basis, index, { states, mayHaveBeenAway })))
      reports.set(index, report)
    }
  } catch (error) {
    for (const engine of engines.values()) await engine.close()
    throw error
  }
  return new ObjectDevice({ ...basis, engines, replicaStates, ledgers, reports })
}

async function openEngine(
  options: ObjectDeviceOptions,
  basis: Basis,
  policyIndex: number,
  { states, ledgerOf }: { readonly states: ReplicaStates; readonly ledgerOf: () => SyncLedger | undefined },
): Promise<{ readonly engine: DiskEngine; readonly report: RecoveryReport }> {
  const { environment, salt, log, cacheLimits, reclaimAgeSeconds } = options
  const { disk, health, drive } = basis
  const opened = await DiskEngine.open({
    disk,
    kv: environment.kv,
    clock: environment.clock,
    health,
    log: log.child({ device: options.device, policy: policyIndex }),
    salt,
    devicePath: drive.path,
    policyIndex,
    // Durably before the rebuilt index counts as complete, so that no crash can come between the two.
    beforeRebuild: async (from) => {
      if (from === 'files' || options.newDevice === 'may_have_held_data') await states.setAll('joining')
    },
    reclaimAgeSeconds,
    ...(cacheLimits === undefined ? {} : { cacheLimits }),
    arriving: (hash, writtenMs) => ledgerOf()?.arriving(hash, writtenMs),
    onLost: (hash) => options.onLost?.({ policyIndex, hash }),
  })
  if (opened.report.kind !== 'clean') {
    log.info({ device: options.device, policy: policyIndex, ...opened.report }, 'opened the object index')
  }
  return opened
}

/**
 * A replica may vote only if its index holds all that it ever acknowledged. Opened before the engine makes its directory:
 * a device that has one already but no states has lost them.
 */
async function openReplicaStates(
  options: ObjectDeviceOptions,
  basis: Basis,
  policyIndex: number,
): Promise<ReplicaStates> {
  const { objects } = policyPaths(basis.drive.path, policyIndex)
  return await ReplicaStates.open(basis.state, {
    clock: options.environment.clock,
    keyPrefix: Buffer.from(`${policyString('replicas', policyIndex)}/`),
    salt: options.salt,
    newDevice: (await exists(basis.disk, objects)) ? 'may_have_held_data' : options.newDevice,
    absentSecondsMax: options.reclaimAgeSeconds,
  })
}

async function openLedger(
  options: ObjectDeviceOptions,
  basis: Basis,
  policyIndex: number,
  { states, mayHaveBeenAway }: { readonly states: ReplicaStates; readonly mayHaveBeenAway: boolean },
): Promise<SyncLedger> {
  return await SyncLedger.open(basis.state, {
    clock: options.environment.clock,
    keyPrefix: Buffer.from(`${policyString('ledger', policyIndex)}/`),
    states,
    unknownDevice: mayHaveBeenAway ? 'may_have_been_away' : 'new',
    reclaimAgeSeconds: options.reclaimAgeSeconds,
  })
}

async function exists(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
