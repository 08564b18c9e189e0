/**
 * What a device durably knows of its own part in keeping replicas equal: which hashes the ring gives it, when each range
 * was last made equal with its peers, and which ranges were out of touch for so long that deletes may have been missed
 * whose tombstones are gone (`docs/consistency.md`).
 *
 *  - A range that the ring newly gives to the device is *joining* before it counts as owned, durably in this order.
 *  - A range that is not owned never votes, whatever its state says.
 *  - What is known of the syncs of a range ends when the ring gives it to the device anew: meanwhile others wrote it.
 *  - What arrives with a time of before the last sync was no part of that sync, and takes back what was said of it.
 *  - A range that is stale votes on nothing and gives nothing away until it was made equal again, and serves nothing if the
 *    device was away or the range is not its own.
 */
import type { Clock, KvStore } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { GroupCommit, type KvOperation, writeSynced } from '#kv/group-commit.ts'
import { GivenUp, type GivenUpMs, oldEnoughMs } from './given-up.ts'
import { LateArrivals, ON_TIME_MS, saidUntil, takenBack } from './late-arrivals.ts'
import { type PartitionRange, partsOf, RangeStates, rangeOfHash } from './range-states.ts'
import type { ReplicaStates } from './replica-state.ts'
import {
  decodeStamp,
  encodeStamp,
  NO_STAMP,
  type SyncStamp,
  wasAwayForLong,
  withoutFuture,
} from './sync-stamp.ts'

export interface SyncLedgerOptions {
  readonly clock: Clock
  /** Keys begin with these bytes; nothing else in the store may. */
  readonly keyPrefix: Buffer
  readonly states: ReplicaStates
  /** Nothing is known of a device that holds data: it may have been away for any time. */
  readonly unknownDevice: 'new' | 'may_have_been_away'
  /** Out of touch for longer than this, a range may have missed deletes for good. Default: reclaim age. */
  readonly reclaimAgeSeconds?: number | undefined
}

/** `leaving`: it is being emptied at this moment, and must not be counted on. */
export type ReplicaRole = 'primary' | 'handoff' | 'leaving'
/**
 * - `synced`: it votes.
 * - `joining`: it never held all that others hold.
 * - `stale`: it held everything, and may have missed deletes whose tombstones are gone.
 * - `stale_joining`: it may have missed deletes, and never held everything.
 */
export type ReplicaVoice = 'synced' | 'joining' | 'stale' | 'stale_joining'
export const REPLICA_VOICES: readonly ReplicaVoice[] = ['synced', 'joining', 'stale', 'stale_joining']

/** May it have what was deleted long ago? */
export function isStaleVoice(voice: ReplicaVoice): boolean {
  return voice === 'stale' || voice === 'stale_joining'
}

/** Did it once hold everything, and has it lost nothing of that? */
export function hasHeldVoice(voice: ReplicaVoice): boolean {
  return voice === 'synced' || voice === 'stale'
}

const FORMAT_VERSION = 1
const DEVICE_TAG = Buffer.from([0])
const OWNED_TAG = Buffer.from([1])
const STAMP_TAG = Buffer.from([2])
const GIVEN_UP_TAG = Buffer.from([3])

/** Partitions that are made joining at the same time. */
const JOINING_AT_ONCE = 64
/** Ranges whose stamps are divided in one batch. */
const DIVIDED_AT_ONCE = 1_000

interface DeviceRecord {
  readonly version: number
  readonly aliveMs: number
  /** Set after a long absence: ranges that were not made equal since `returnedMs` are stale. */
  readonly absence?: { readonly fromMs: number; readonly returnedMs: number } | undefined
}

interface Owned {
  readonly partPower: number
  readonly bitmap: Buffer
}

/** A range that is being emptied. */
interface Leaving {
  /** Has something of it arrived since that began? */
  hasArrived: boolean
}

/** What the store has of a device. */
interface Kept {
  readonly device: DeviceRecord
  readonly owned: Owned | undefined
  readonly stamps: RangeStates<SyncStamp>
  readonly givenUp: GivenUp
}

export class SyncLedger {
  readonly states: ReplicaStates
  readonly givenUp: GivenUp
  readonly #store: KvStore
  /** Of stamps: many that come late together cost one sync. */
  readonly #group: GroupCommit
  readonly #prefix: Buffer
  readonly #clock: Clock
  readonly #reclaimMs: number
  readonly #stamps: RangeStates<SyncStamp>
  readonly #leaving = new Map<string, Leaving>()
  /** Ranges whose stamps are being removed, and when that is durable. */
  readonly #removing = new Map<string, Promise<void>>()
  readonly #late = new LateArrivals()
  #device: DeviceRecord
  #owned: Owned | undefined
  #declaredStale = 0

  private constructor(store: KvStore, options: SyncLedgerOptions, { device, owned, stamps, givenUp }: Kept) {
    this.states = options.states
    this.givenUp = givenUp
    this.#store = store
    this.#group = new GroupCommit(store)
    this.#prefix = options.keyPrefix
    this.#clock = options.clock
    this.#reclaimMs = (options.reclaimAgeSeconds ?? RECLAIM_AGE_SECONDS) * 1000
    this.#device = device
    this.#owned = owned
    this.#stamps = stamps
    for (const [, stamp] of stamps.entries()) if (stamp.stale) this.#declaredStale += 1
  }

  /** Notes a long absence durably before anything is served. */
  static async open(store: KvStore, options: SyncLedgerOptions): Promise<SyncLedger> {
    const { clock, keyPrefix } = options
    const nowMs = clock.wallMs()
    const known = await readDevice(store, keyPrefix)
    const aliveMs = known?.aliveMs ?? (options.unknownDevice === 'new' ? nowMs : 0)
    const isTooLong = wasAwayForLong(aliveMs, nowMs, options.reclaimAgeSeconds)
    const absence = isTooLong ? { fromMs: Math.min(aliveMs, nowMs), returnedMs: nowMs } : known?.absence
    const device: DeviceRecord = { version: FORMAT_VERSION, aliveMs: nowMs, absence }
    const stamps = await readStamps(store, keyPrefix)
    const owned = await readOwned(store, keyPrefix)
    const isNew = known === undefined && options.unknownDevice === 'new'
    const givenUpPrefix = Buffer.concat([keyPrefix, GIVEN_UP_TAG])
    const givenUp = await GivenUp.open(store, givenUpPrefix, isNew ? 0 : nowMs)
    const ledger = new SyncLedger(store, options, { device, owned, stamps, givenUp })
    await ledger.stampAlive()
    return ledger
  }

  /** To be called every hour or so, and when the clock was set back: what it noted of the future is then before now. */
  async stampAlive(): Promise<void> {
    const nowMs = this.#clock.wallMs()
    await this.write(
      [...this.#stamps.entries()].flatMap(([range, stamp]) => {
        const past = withoutFuture(stamp, nowMs)
        return past === undefined ? [] : [{ range, stamp: past }]
      }),
    )
    const { absence } = this.#device
    this.#device = {
      ...this.#device,
      aliveMs: nowMs,
      // What was made equal since is so again with the next pass.
      absence: absence && { ...absence, returnedMs: Math.min(absence.returnedMs, nowMs) },
    }
    await writeSynced(this.#store, [this.#deviceOperation()])
  }

  /**
   * What the ring gives to this device now. What it did not have before becomes *joining*; the first time, when nothing
   * is known of before, what the states say counts. Resolves with the partitions gained.
   */
  async own(partPower: number, partitions: Iterable<number>): Promise<readonly number[]> {
    const bitmap = Buffer.alloc(Math.ceil(2 ** partPower / 8))
    const gained: number[] = []
    for (const partition of partitions) {
      setBit(bitmap, partition)
      if (this.#owned !== undefined && !this.owns({ partPower, partition })) gained.push(partition)
    }
    await this.#divideStamps(partPower)
    if (this.#owned?.partPower === partPower && this.#owned.bitmap.equals(bitmap)) return []
    for (let at = 0; at < gained.length; at += JOINING_AT_ONCE) {
      const some = gained.slice(at, at + JOINING_AT_ONCE).map((partition) => ({ partPower, partition }))
      await Promise.all(some.map((range) => this.states.set(range, 'joining')))
      await this.write(some.flatMap((range) => this.#withoutSyncs(range)))
    }
    const key = this.#key(OWNED_TAG)
    await writeSynced(this.#store, [
      { type: 'put', key, value: Buffer.concat([Buffer.from([partPower]), bitmap]) },
    ])
    this.#owned = { partPower, bitmap }
    return gained
  }

  /**
   * What was said of a range is said of each of its parts, once the ring makes several of it: else it would come to light again
   * where what is known of one part ends.
   */
  async #divideStamps(partPower: number): Promise<void> {
    const coarse = [...this.#stamps.entries()].filter(([range]) => range.partPower < partPower)
    for (let at = 0; at < coarse.length; at += DIVIDED_AT_ONCE) {
      const divided = coarse.slice(at, at + DIVIDED_AT_ONCE).flatMap(([range, stamp]) => {
        const parts = partsOf(range, partPower)
        return [
          { range, stamp: undefined },
          ...parts.map((part) => ({ range: part, stamp: this.#stamps.of(part) ?? stamp })),
        ]
      })
      await this.write(divided)
    }
  }

  /** Is anything known of what the ring gives to this device? */
  get knowsOwned(): boolean {
    return this.#owned !== undefined
  }

  /** Does the ring give all of the range to this device, as far as is known? */
  owns({ partPower, partition }: PartitionRange): boolean {
    const owned = this.#owned
    if (owned === undefined) return true
    if (partPower >= owned.partPower)
      return hasBit(owned.bitmap, Math.floor(partition / 2 ** (partPower - owned.partPower)))
    const parts = 2 ** (owned.partPower - partPower)
    for (let part = 0; part < parts; part += 1)
      if (!hasBit(owned.bitmap, partition * parts + part)) return false
    return true
  }

  /** The same of a partition of the ring that was seen last; true for a number that it does not have. */
  ownsPartition(partition: number): boolean {
    const owned = this.#owned
    return owned === undefined || partition >= 2 ** owned.partPower || hasBit(owned.bitmap, partition)
  }

  role(range: PartitionRange): ReplicaRole {
    if (this.#leaving.has(keyOf(range))) return 'leaving'
    return this.owns(range) ? 'primary' : 'handoff'
  }

  /** Says, in memory, that the range is being emptied; call the answer when that is over. */
  leave(range: PartitionRange): () => void {
    const key = keyOf(range)
    this.#leaving.set(key, { hasArrived: false })
    return () => this.#leaving.delete(key)
  }

  /** All that lay here of a range that is being emptied (`leave`) is gone. What arrived meanwhile keeps it known. */
  async emptied(range: PartitionRange): Promise<void> {
    const key = keyOf(range)
    if (this.#leaving.get(key)?.hasArrived === true) return
    const removal = this.write([{ range, stamp: undefined }])
    this.#removing.set(key, removal)
    try {
      await removal
    } finally {
      this.#removing.delete(key)
    }
  }

  /** Of what the ring gives to others now: may only what it once held and kept equal be counted on. */
  voice(range: PartitionRange): ReplicaVoice {
    const isHolder = this.owns(range) || this.stamp(range).majorityMs > 0
    if (this.isStale(range)) return isHolder && this.states.hasHeld(range) ? 'stale' : 'stale_joining'
    return isHolder ? this.states.of(range) : 'joining'
  }

  /** Is there any range that may be stale? Asked for every read, so it costs nothing. */
  get mayBeStale(): boolean {
    return this.#device.absence !== undefined || this.#declaredStale > 0
  }

  isStale(range: PartitionRange): boolean {
    if (!this.mayBeStale) return false
    const stamp = this.#stamps.of(range)
    if (stamp?.stale === true) return true
    return this.#wasAway(stamp ?? NO_STAMP)
  }

  isStaleHash(hash: string): boolean {
    return this.isStale(rangeOfHash(hash))
  }

  /**
   * Must it not be served? What the device holds after a long absence, or in the place of others after a long time out of
   * touch. A primary that ran all the time serves on: without it no tombstone was forgotten.
   */
  isWithheldHash(hash: string): boolean {
    const range = rangeOfHash(hash)
    if (!this.isStale(range)) return false
    return !this.owns(range) || this.#wasAway(this.stamp(range))
  }

  ownsHash(hash: string): boolean {
    return this.owns(rangeOfHash(hash))
  }

  stamp(range: PartitionRange): SyncStamp {
    return this.#stamps.of(range) ?? NO_STAMP
  }

  /**
   * When others were last known to hold all that this replica held, milliseconds: what is older, and those others have no
   * more, was deleted since. `everybody`: every primary held the same; else a majority of them. Where that never was, what
   * is older than the last contact and the reclaim age is too old to tell.
   */
  lastEqualMs(range: PartitionRange, withWhom: 'a_majority' | 'everybody'): number {
    const { allMs, majorityMs, noticedMs, touchedMs } = this.stamp(range)
    const equalMs = withWhom === 'everybody' ? allMs : Math.max(majorityMs, noticedMs)
    if (equalMs > 0) return equalMs
    const oldMs = this.#clock.wallMs() - this.#reclaimMs
    return touchedMs > 0 ? Math.min(touchedMs, oldMs) : oldMs
  }

  /**
   * Something is about to be stored that was written at that time, milliseconds. To be awaited before it is; `undefined`
   * when there is nothing to wait for, as for almost everything. Rejects with the errors of the store.
   */
  arriving(hash: string, writtenMs: number): Promise<void> | undefined {
    const stray = this.noticeStray(hash)
    if (this.isInTime(hash, writtenMs)) return stray
    const stamp = this.#stamps.ofHash(hash) ?? NO_STAMP
    const nowMs = this.#clock.wallMs()
    const said = this.#stamps.rangeOfHash(hash)
    const partPower = this.#owned?.partPower ?? said?.partPower ?? 0
    this.#late.note(partitionAt(hash, partPower), writtenMs, nowMs)
    // What a stale range says of before it was away is needed to tell what was deleted meanwhile.
    if (said === undefined || writtenMs > saidUntil(stamp) || this.isStaleHash(hash)) return stray
    return this.write([{ range: said, stamp: takenBack(stamp, writtenMs) }])
  }

  /**
   * Of what the ring gives to others it is known since when something of it lies here, durably before the first of it does: a
   * device that is away right after it was written must not take it for new when it comes back. To be awaited as `arriving`.
   */
  noticeStray(hash: string): Promise<void> | undefined {
    const owned = this.#owned
    if (owned === undefined || this.ownsHash(hash)) return undefined
    const range = partitionAt(hash, owned.partPower)
    const key = keyOf(range)
    const leaving = this.#leaving.get(key)
    if (leaving !== undefined) leaving.hasArrived = true
    const removing = this.#removing.get(key)
    if (removing !== undefined) return removing.then(() => this.#notice(range))
    return this.#stamps.ofHash(hash) === undefined ? this.#notice(range) : undefined
  }

  #notice(range: PartitionRange): Promise<void> {
    return this.write([{ range, stamp: { ...NO_STAMP, noticedMs: this.#clock.wallMs() } }])
  }

  /** Was it written so lately that no sync has anything to do with it? */
  isInTime(hash: string, writtenMs: number): boolean {
    if (writtenMs < this.#clock.wallMs() - ON_TIME_MS) return false
    return writtenMs > saidUntil(this.#stamps.ofHash(hash) ?? NO_STAMP)
  }

  /**
   * Would it be taken for deleted, because the range is stale, and it was written before the last sync or so long ago that its
   * deletion may have been given up?
   */
  comesTooLate(hash: string, writtenMs: number): boolean {
    if (!this.isStaleHash(hash)) return false
    const range = rangeOfHash(hash)
    return (
      writtenMs <=
      Math.max(
        this.lastEqualMs(range, 'a_majority'),
        this.lastEqualMs(range, 'everybody'),
        oldEnoughMs(this.#clock.wallMs(), this.#reclaimMs),
      )
    )
  }

  /** Deletions of before then are about to be forgotten in the partition of this hash. Durable when it resolves. */
  async giveUp(hash: string, beforeMs: GivenUpMs): Promise<void> {
    await this.givenUp.note(partitionAt(hash, this.#owned?.partPower ?? 0), beforeMs)
  }

  /** Has the range been out of touch with a majority of its peers for longer than the reclaim age? */
  isOutOfTouch(range: PartitionRange): boolean {
    const lastMs = lastTouch(this.stamp(range))
    return lastMs > 0 && this.#clock.wallMs() - lastMs > this.#reclaimMs
  }

  /** Durable when the promise resolves; `undefined` removes what is known of a range. */
  async write(
    told: readonly { readonly range: PartitionRange; readonly stamp: SyncStamp | undefined }[],
  ): Promise<void> {
    if (told.length === 0) return
    const stamps = told.map(({ range, stamp }) => {
      return { range, stamp: stamp === undefined ? undefined : this.#late.limited(range, stamp) }
    })
    const operations = stamps.map(({ range, stamp }): KvOperation => {
      const key = this.#stampKey(range)
      return stamp === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeStamp(stamp) }
    })
    await this.#group.commit(operations)
    for (const { range, stamp } of stamps) {
      if (this.#stamps.of(range)?.stale === true) this.#declaredStale -= 1
      if (stamp === undefined) this.#stamps.delete(range)
      else this.#stamps.set(range, stamp)
      if (stamp?.stale === true) this.#declaredStale += 1
    }
  }

  /** Everything that this device holds was made equal since it came back. */
  async endAbsence(): Promise<void> {
    if (this.#device.absence === undefined) return
    this.#device = { ...this.#device, absence: undefined }
    await this.stampAlive()
  }

  /** Of a range that is gained: what may lie here stays suspect, if it was. */
  #withoutSyncs(
    range: PartitionRange,
  ): { readonly range: PartitionRange; readonly stamp: SyncStamp | undefined }[] {
    const stamp = this.#stamps.of(range)
    if (stamp === undefined) return []
    return [{ range, stamp: stamp.stale ? { ...NO_STAMP, stale: true } : undefined }]
  }

  /** Was it not made equal since the device came back from a long absence? */
  #wasAway(stamp: SyncStamp): boolean {
    const { absence } = this.#device
    return absence !== undefined && lastTouch(stamp) < absence.returnedMs
  }

  #deviceOperation(): KvOperation {
    return { type: 'put', key: this.#key(DEVICE_TAG), value: Buffer.from(JSON.stringify(this.#device)) }
  }

  #key(tag: Buffer): Buffer {
    return Buffer.concat([this.#prefix, tag])
  }

  #stampKey({ partPower, partition }: PartitionRange): Buffer {
    const written = Buffer.alloc(5)
    written.writeUInt8(partPower)
    written.writeUInt32BE(partition, 1)
    return Buffer.concat([this.#prefix, STAMP_TAG, written])
  }
}

function partitionAt(hash: string, partPower: number): PartitionRange {
  const { partition } = rangeOfHash(hash)
  return { partPower, partition: Math.floor(partition / 2 ** (32 - partPower)) }
}

function lastTouch({ touchedMs, majorityMs, noticedMs }: SyncStamp): number {
  return Math.max(touchedMs, majorityMs, noticedMs)
}

function keyOf({ partPower, partition }: PartitionRange): string {
  return `${partPower} ${partition}`
}

function setBit(bitmap: Buffer, at: number): void {
  bitmap[at >>> 3] = (bitmap[at >>> 3] ?? 0) | (1 << (at & 7))
}

function hasBit(bitmap: Buffer, at: number): boolean {
  return ((bitmap[Math.floor(at / 8)] ?? 0) & (1 << (at & 7))) !== 0
}

async function readDevice(store: KvStore, prefix: Buffer): Promise<DeviceRecord | undefined> {
  const value = await store.get(Buffer.concat([prefix, DEVICE_TAG]))
  if (value === undefined) return undefined
  const record = JSON.parse(value.toString()) as DeviceRecord
  if (record.version !== FORMAT_VERSION)
    throw new Error(`a sync ledger of version ${record.version} is not known`)
  return record
}

async function readOwned(store: KvStore, prefix: Buffer): Promise<Owned | undefined> {
  const value = await store.get(Buffer.concat([prefix, OWNED_TAG]))
  return value === undefined
    ? undefined
    : { partPower: value[0] ?? 0, bitmap: Buffer.from(value.subarray(1)) }
}

async function readStamps(store: KvStore, prefix: Buffer): Promise<RangeStates<SyncStamp>> {
  const stamps = new RangeStates<SyncStamp>()
  const first = Buffer.concat([prefix, STAMP_TAG])
  const end = Buffer.concat([prefix, Buffer.from([3])])
  for await (const [key, value] of store.iterator({ gte: first, lt: end })) {
    const stamp = decodeStamp(value)
    const partPower = key.readUInt8(first.length)
    if (stamp !== undefined) stamps.set({ partPower, partition: key.readUInt32BE(first.length + 1) }, stamp)
  }
  return stamps
}
