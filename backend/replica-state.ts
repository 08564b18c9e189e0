/**
 * May this replica vote? (`docs/architecture.md`, "404 is a statement".) Each partition on a device is *synced* or
 * *joining*, durably. A joining replica takes writes and serves what it has, but its silence, its digest and its promise
 * prove nothing.
 *
 * Kept in a key-value store of the device under a prefix: one default for the whole device and the partitions that
 * differ from it, by the hashes they cover (`range-states.ts`), so that a change of the part power changes no answer. A store without a default is new (or was lost): it starts *joining*, unless the operator says that the
 * whole cluster is brand new. A device that was away longer than `absentSecondsMax` is joining again.
 */
import type { Clock, KvStore } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { type HashPathSalt, hashName, type ResourceName } from '#base/names.ts'
import { type KvOperation, writeSynced } from '#kv/group-commit.ts'
import { type PartitionRange, RangeStates } from './range-states.ts'

export type ReplicaState = 'synced' | 'joining'

/** What a device without any state is: one of a cluster that starts now, or one that may have held data before. */
export type NewDevice = 'part_of_new_cluster' | 'may_have_held_data'

export interface ReplicaStateOptions {
  readonly clock: Clock
  /** Keys of the states begin with these bytes; nothing else in the store may. */
  readonly keyPrefix: Buffer
  readonly newDevice: NewDevice
  readonly salt: HashPathSalt
  /** Away for longer than this, a device may have missed deletes whose tombstones are gone. Default: reclaim age. */
  readonly absentSecondsMax?: number
}

const FORMAT_VERSION = 1
/** Sorts before every partition's key. */
const DEVICE_KEY = Buffer.from([0])
/** Part power (1 byte) and number (4 bytes) follow. */
const RANGE_TAG = Buffer.from([2])
const RANGE_BYTES = 5

interface DeviceRecord {
  readonly version: number
  readonly state: ReplicaState
  /** When the device was last known to be in service, milliseconds since the epoch. */
  readonly aliveMs: number
}

export class ReplicaStates {
  readonly #store: KvStore
  readonly #prefix: Buffer
  readonly #clock: Clock
  readonly #salt: HashPathSalt
  readonly #exceptions: RangeStates<ReplicaState>
  #device: ReplicaState

  private constructor(
    store: KvStore,
    options: ReplicaStateOptions,
    device: ReplicaState,
    exceptions: RangeStates<ReplicaState>,
  ) {
    this.#store = store
    this.#prefix = options.keyPrefix
    this.#clock = options.clock
    this.#salt = options.salt
    this.#device = device
    this.#exceptions = exceptions
  }

  /** Reads the states, and writes down what a new or long absent device starts with. */
  static async open(store: KvStore, options: ReplicaStateOptions): Promise<ReplicaStates> {
    const record = await readDevice(store, options.keyPrefix)
    const fresh = record === undefined
    const nowMs = options.clock.wallMs()
    const absentMs = (options.absentSecondsMax ?? RECLAIM_AGE_SECONDS) * 1000
    const tooLongAway = !fresh && nowMs - record.aliveMs > absentMs
    const firstState = options.newDevice === 'part_of_new_cluster' ? 'synced' : 'joining'
    const kept = !fresh && !tooLongAway
    const exceptions = kept ? await readRanges(store, options.keyPrefix) : new RangeStates<ReplicaState>()
    const states = new ReplicaStates(store, options, kept ? record.state : 'joining', exceptions)
    if (fresh) await states.setAll(firstState)
    else if (tooLongAway) await states.setAll('joining')
    else await states.stampAlive()
    return states
  }

  /** Of the replica that an account, a container or an object belongs to. */
  ofName(name: ResourceName): ReplicaState {
    return this.#exceptions.size === 0 ? this.#device : this.ofHash(hashName(name, this.#salt))
  }

  /** The same by the hash of the name (32 hex digits). */
  ofHash(hash: string): ReplicaState {
    return this.#exceptions.ofHash(hash) ?? this.#device
  }

  /** Of a whole partition: *joining* while any part of it is. */
  of(range: PartitionRange): ReplicaState {
    const parts = this.#exceptions.within(range).map((part) => this.#exceptions.of(part))
    return parts.includes('joining') ? 'joining' : (this.#exceptions.of(range) ?? this.#device)
  }

  /** The state of every partition of the device; `mixed` when they differ. */
  get ofAll(): ReplicaState | 'mixed' {
    return this.#exceptions.size === 0 ? this.#device : 'mixed'
  }

  /** Partitions that differ from the device as a whole; `device` is what all others are. For status pages. */
  summary(): {
    readonly device: ReplicaState
    readonly exceptions: readonly (readonly [PartitionRange, ReplicaState])[]
  } {
    return { device: this.#device, exceptions: [...this.#exceptions.entries()] }
  }

  /** Durable when the promise resolves. */
  async set(range: PartitionRange, state: ReplicaState): Promise<void> {
    const parts = this.#exceptions.within(range)
    await writeSynced(this.#store, [
      ...parts.map((part) => this.#forgetting(part)),
      { type: 'put', key: this.#rangeKey(range), value: Buffer.from(state) },
    ])
    for (const part of parts) this.#exceptions.delete(part)
    this.#exceptions.set(range, state)
  }

  /** Every partition of the device at once: after a loss, or when a whole device has been synchronised. */
  async setAll(state: ReplicaState): Promise<void> {
    const forget = [...this.#exceptions.entries()].map(([range]) => this.#forgetting(range))
    await writeSynced(this.#store, [...forget, this.#deviceOperation(state)])
    this.#device = state
    this.#exceptions.clear()
  }

  /** Says that the device is in service now; to be called every hour or so. */
  async stampAlive(): Promise<void> {
    await writeSynced(this.#store, [this.#deviceOperation(this.#device)])
  }

  #deviceOperation(state: ReplicaState): KvOperation {
    const record: DeviceRecord = { version: FORMAT_VERSION, state, aliveMs: this.#clock.wallMs() }
    return { type: 'put', key: deviceKey(this.#prefix), value: Buffer.from(JSON.stringify(record)) }
  }

  #forgetting(range: PartitionRange): KvOperation {
    return { type: 'del', key: this.#rangeKey(range) }
  }

  #rangeKey({ partPower, partition }: PartitionRange): Buffer {
    const written = Buffer.alloc(RANGE_BYTES)
    written.writeUInt8(partPower)
    written.writeUInt32BE(partition, 1)
    return Buffer.concat([this.#prefix, RANGE_TAG, written])
  }
}

function deviceKey(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, DEVICE_KEY])
}

async function readDevice(store: KvStore, prefix: Buffer): Promise<DeviceRecord | undefined> {
  const value = await store.get(deviceKey(prefix))
  if (value === undefined) return undefined
  const record = JSON.parse(value.toString()) as DeviceRecord
  if (record.version !== FORMAT_VERSION)
    throw new Error(`replica states of version ${record.version} are not known`)
  return record
}

async function readRanges(store: KvStore, prefix: Buffer): Promise<RangeStates<ReplicaState>> {
  const states = new RangeStates<ReplicaState>()
  const first = Buffer.concat([prefix, RANGE_TAG])
  const end = Buffer.concat([prefix, Buffer.from([3])])
  for await (const [key, value] of store.iterator({ gte: first, lt: end })) {
    const range = {
      partPower: key.readUInt8(first.length),
      partition: key.readUInt32BE(first.length + 1),
    }
    states.set(range, value.toString() === 'synced' ? 'synced' : 'joining')
  }
  return states
}
