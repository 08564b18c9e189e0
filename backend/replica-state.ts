/**
 * May this replica vote? (`docs/architecture.md`, "404 is a statement".) Each partition on a device is *synced* or
 * *joining*, durably. A joining replica takes writes and serves what it has, but its silence, its digest and its promise
 * prove nothing.
 *
 * Kept in a key-value store of the device under a prefix: one default for the whole device and the partitions that
 * differ from it. A store without a default is new (or was lost): it starts *joining*, unless the operator says that the
 * whole cluster is brand new. A device that was away longer than `absentSecondsMax` is joining again.
 */
import type { Clock, KvStore } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { type KvOperation, writeSynced } from '#kv/group-commit.ts'

export type ReplicaState = 'synced' | 'joining'

/** What a device without any state is: one of a cluster that starts now, or one that may have held data before. */
export type NewDevice = 'part_of_new_cluster' | 'may_have_held_data'

export interface ReplicaStateOptions {
  readonly clock: Clock
  /** Keys of the states begin with these bytes; nothing else in the store may. */
  readonly keyPrefix: Buffer
  readonly newDevice: NewDevice
  /** Away for longer than this, a device may have missed deletes whose tombstones are gone. Default: reclaim age. */
  readonly absentSecondsMax?: number
}

const FORMAT_VERSION = 1
/** Sorts before every partition's key. */
const DEVICE_KEY = Buffer.from([0])
const PARTITION_TAG = Buffer.from([1])

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
  readonly #exceptions: Map<number, ReplicaState>
  #device: ReplicaState

  private constructor(
    store: KvStore,
    options: ReplicaStateOptions,
    device: ReplicaState,
    exceptions: Map<number, ReplicaState>,
  ) {
    this.#store = store
    this.#prefix = options.keyPrefix
    this.#clock = options.clock
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
    const exceptions = kept ? await readPartitions(store, options.keyPrefix) : new Map<number, ReplicaState>()
    const states = new ReplicaStates(store, options, kept ? record.state : 'joining', exceptions)
    if (fresh) await states.setAll(firstState)
    else if (tooLongAway) await states.setAll('joining')
    else await states.stampAlive()
    return states
  }

  of(partition: number): ReplicaState {
    return this.#exceptions.get(partition) ?? this.#device
  }

  /** Partitions that are joining one by one; `device` is what all others are. For status pages. */
  summary(): { readonly device: ReplicaState; readonly exceptions: ReadonlyMap<number, ReplicaState> } {
    return { device: this.#device, exceptions: this.#exceptions }
  }

  /** Durable when the promise resolves. */
  async set(partition: number, state: ReplicaState): Promise<void> {
    await writeSynced(this.#store, [
      { type: 'put', key: this.#partitionKey(partition), value: Buffer.from(state) },
    ])
    this.#exceptions.set(partition, state)
  }

  /** Every partition of the device at once: after a loss, or when a whole device has been synchronised. */
  async setAll(state: ReplicaState): Promise<void> {
    const forget: KvOperation[] = [...this.#exceptions.keys()].map((partition) => ({
      type: 'del',
      key: this.#partitionKey(partition),
    }))
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

  #partitionKey(partition: number): Buffer {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(partition)
    return Buffer.concat([this.#prefix, PARTITION_TAG, number])
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

async function readPartitions(store: KvStore, prefix: Buffer): Promise<Map<number, ReplicaState>> {
  const states = new Map<number, ReplicaState>()
  const first = Buffer.concat([prefix, PARTITION_TAG])
  const end = Buffer.concat([prefix, Buffer.from([2])])
  for await (const [key, value] of store.iterator({ gte: first, lt: end })) {
    states.set(key.readUInt32BE(first.length), value.toString() === 'synced' ? 'synced' : 'joining')
  }
  return states
}
