/**
 * May this replica vote? (`docs/architecture.md`, "404 is a statement".) Each partition on a device is *synced* or
 * *joining*, durably. A joining replica takes writes and serves what it has, but its silence, its digest and its promise
 * prove nothing.
 *
 * Kept in a key-value store of the device under a prefix: one default for the whole device and the partitions that
 * differ from it, by the hashes they cover (`range-states.ts`), so that a change of the part power changes no answer. A store without a default is new (or was lost): it starts *joining*, unless the operator says that the
 * whole cluster is brand new. A device that was away longer than `absentSecondsMax` is joining again; that it once held
 * everything is remembered, because a majority of those that did misses nothing acknowledged.
 */
import type { Clock, KvStore } from '#base/environment.ts'
import { type HashPathSalt, hashName, type ResourceName } from '#base/names.ts'
import { type KvOperation, writeSynced } from '#kv/group-commit.ts'
import { overlap, type PartitionRange, RangeStates } from './range-states.ts'
import { wasAwayForLong } from './sync-stamp.ts'

export type ReplicaState = 'synced' | 'joining'

/** As kept: `returned` was synced before the device was away for too long, and is joining for everybody who asks. */
type KeptState = ReplicaState | 'returned'

/** What a device without any state is: one of a cluster that starts now, or one that may have held data before. */
export type NewDevice = 'part_of_new_cluster' | 'may_have_held_data'

export interface ReplicaStateOptions {
  readonly clock: Clock
  /** Keys of the states begin with these bytes; nothing else in the store may. */
  readonly keyPrefix: Buffer
  readonly newDevice: NewDevice
  readonly salt: HashPathSalt
  /** Away for longer than this, a device may have missed deletes whose tombstones are gone. Default: reclaim age. */
  readonly absentSecondsMax?: number | undefined
}

const FORMAT_VERSION = 1
/** Sorts before every partition's key. */
const DEVICE_KEY = Buffer.from([0])
/** Part power (1 byte) and number (4 bytes) follow. */
const RANGE_TAG = Buffer.from([2])
const RANGE_BYTES = 5

interface DeviceRecord {
  readonly version: number
  readonly state: KeptState
  /** When the device was last known to be in service, milliseconds since the epoch. */
  readonly aliveMs: number
}

export class ReplicaStates {
  readonly #store: KvStore
  readonly #prefix: Buffer
  readonly #clock: Clock
  readonly #salt: HashPathSalt
  readonly #exceptions: RangeStates<KeptState>
  /** Ranges that nobody may make synced now. */
  readonly #held = new Set<PartitionRange>()
  #device: KeptState
  #joinings = 0

  private constructor(
    store: KvStore,
    options: ReplicaStateOptions,
    device: KeptState,
    exceptions: RangeStates<KeptState>,
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
    const tooLongAway = !fresh && wasAwayForLong(record.aliveMs, nowMs, options.absentSecondsMax)
    const firstState = options.newDevice === 'part_of_new_cluster' ? 'synced' : 'joining'
    const exceptions = fresh ? new RangeStates<KeptState>() : await readRanges(store, options.keyPrefix)
    const states = new ReplicaStates(store, options, fresh ? 'joining' : record.state, exceptions)
    if (fresh) await states.setAll(firstState)
    else if (tooLongAway) await states.#returnAll()
    else await states.stampAlive()
    return states
  }

  /** Of the replica that an account, a container or an object belongs to. */
  ofName(name: ResourceName): ReplicaState {
    return this.#exceptions.size === 0 ? toldAs(this.#device) : this.ofHash(hashName(name, this.#salt))
  }

  /** The same by the hash of the name (32 hex digits). */
  ofHash(hash: string): ReplicaState {
    return toldAs(this.#exceptions.ofHash(hash) ?? this.#device)
  }

  /** Of a whole partition: *joining* while any part of it is. */
  of(range: PartitionRange): ReplicaState {
    return this.#keptOf(range).every((state) => state === 'synced') ? 'synced' : 'joining'
  }

  /** Has all of the partition been synced, and nothing of it been lost since, though the device may have been away? */
  hasHeld(range: PartitionRange): boolean {
    return this.#keptOf(range).every((state) => state !== 'joining')
  }

  /** The state of every partition of the device; `mixed` when they differ. */
  get ofAll(): ReplicaState | 'mixed' {
    return this.#exceptions.size === 0 ? toldAs(this.#device) : 'mixed'
  }

  /** Another number whenever something may have become joining: to be noted before anything is compared. */
  get joinings(): number {
    return this.#joinings
  }

  /**
   * Makes a partition synced whose contents were compared since `joinings` was `since`. `not_now`: something became
   * joining meanwhile, or is about to lose what it has; nothing is written. Durable when the promise resolves.
   */
  async join(range: PartitionRange, since: number): Promise<'synced' | 'not_now'> {
    if (this.#joinings !== since || this.#isHeld(range)) return 'not_now'
    await this.set(range, 'synced')
    return 'synced'
  }

  /**
   * Makes a range joining, durably when the promise resolves, because something of it is about to be taken out of service.
   * Nobody makes it synced before the answer was called, nor afterwards by what was compared before.
   */
  async holdJoining(range: PartitionRange): Promise<() => void> {
    this.#held.add(range)
    const release = (): void => {
      this.#joinings += 1
      this.#held.delete(range)
    }
    try {
      await this.set(range, 'joining')
      return release
    } catch (error) {
      release()
      throw error
    }
  }

  /** Partitions that differ from the device as a whole; `device` is what all others are. For status pages. */
  summary(): {
    readonly device: ReplicaState
    readonly exceptions: readonly (readonly [PartitionRange, ReplicaState])[]
  } {
    const exceptions = [...this.#exceptions.entries()].map(([range, state]) => {
      return [range, toldAs(state)] as const
    })
    return { device: toldAs(this.#device), exceptions }
  }

  /** Durable when the promise resolves. */
  async set(range: PartitionRange, state: ReplicaState): Promise<void> {
    if (state === 'joining') this.#joinings += 1
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
    if (state === 'joining') this.#joinings += 1
    const forget = [...this.#exceptions.entries()].map(([range]) => this.#forgetting(range))
    await writeSynced(this.#store, [...forget, this.#deviceOperation(state)])
    this.#device = state
    this.#exceptions.clear()
  }

  /** Says that the device is in service now; to be called every hour or so. */
  async stampAlive(): Promise<void> {
    await writeSynced(this.#store, [this.#deviceOperation(this.#device)])
  }

  /** What was synced before a long absence has been so, and is not. */
  async #returnAll(): Promise<void> {
    const synced = [...this.#exceptions.entries()].filter(([, state]) => state === 'synced')
    const device = this.#device === 'synced' ? 'returned' : this.#device
    await writeSynced(this.#store, [
      ...synced.map(([range]): KvOperation => {
        return { type: 'put', key: this.#rangeKey(range), value: Buffer.from('returned') }
      }),
      this.#deviceOperation(device),
    ])
    for (const [range] of synced) this.#exceptions.set(range, 'returned')
    this.#device = device
  }

  /** Of all parts of the range of which something was said. */
  #keptOf(range: PartitionRange): readonly KeptState[] {
    const parts = this.#exceptions.within(range).map((part) => this.#exceptions.of(part) ?? this.#device)
    return [...parts, this.#exceptions.of(range) ?? this.#device]
  }

  #isHeld(range: PartitionRange): boolean {
    return [...this.#held].some((held) => overlap(held, range))
  }

  #deviceOperation(state: KeptState): KvOperation {
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

function toldAs(state: KeptState): ReplicaState {
  return state === 'synced' ? 'synced' : 'joining'
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

async function readRanges(store: KvStore, prefix: Buffer): Promise<RangeStates<KeptState>> {
  const states = new RangeStates<KeptState>()
  const first = Buffer.concat([prefix, RANGE_TAG])
  const end = Buffer.concat([prefix, Buffer.from([3])])
  for await (const [key, value] of store.iterator({ gte: first, lt: end })) {
    const range = {
      partPower: key.readUInt8(first.length),
      partition: key.readUInt32BE(first.length + 1),
    }
    states.set(range, keptState(value.toString()))
  }
  return states
}

/** What is not known is joining. */
function keptState(text: string): KeptState {
  return text === 'synced' || text === 'returned' ? text : 'joining'
}
