/**
 * A ring as every request uses it: which devices hold a partition, and who stands in for them. Immutable; a changed
 * ring file makes a new `Ring`. Answers are identical to OpenStack Swift's for the same ring file
 * (`swift/common/ring/ring.py`; golden tests against the real tools are in `ring-golden.test.ts`).
 */
import type { RingDevice } from './device.ts'
import { type HandoffIndex, handoffIndexOf, handoffsOf } from './handoffs.ts'

/** Device ids by partition, one row per replica; the last row is shorter in a ring of 3.5 replicas. */
export type AssignmentRow = Uint16Array | Uint32Array

export interface RingContents {
  /** The ring has 2 ** partPower partitions. 0 to 32. */
  readonly partPower: number
  /** Set while a part power increase is under way: where it goes, or the present power when only cleaning is left. */
  readonly nextPartPower?: number | undefined
  /** Version of the builder that wrote the ring; rings of before Swift 2.24 have none. */
  readonly version: number | undefined
  /** By id, with holes for devices that were removed. */
  readonly devices: readonly (RingDevice | undefined)[]
  readonly assignments: readonly AssignmentRow[]
}

/** The hashes of one partition: `first` is included, `end` is not; the last partition has no end. */
export interface HashRange {
  readonly first: string
  readonly end: string | undefined
}

const HASH_HEX_DIGITS = 32
/** A partition is taken from the first 32 bits of the hash. */
const PARTITION_HEX_DIGITS = 8

export class Ring {
  readonly partPower: number
  readonly nextPartPower: number | undefined
  readonly version: number | undefined
  readonly devices: readonly (RingDevice | undefined)[]
  readonly partitionCount: number
  /** Replicas per partition on average: 3.5 means that every second partition has a fourth. */
  readonly replicaCount: number
  readonly assignments: readonly AssignmentRow[]
  readonly #shift: number
  #handoffIndex: HandoffIndex | undefined

  constructor(contents: RingContents) {
    this.partPower = contents.partPower
    this.nextPartPower = contents.nextPartPower
    this.version = contents.version
    this.devices = contents.devices
    this.assignments = contents.assignments
    this.partitionCount = 2 ** contents.partPower
    this.replicaCount = replicaCountOf(contents.assignments, this.partitionCount)
    this.#shift = 32 - contents.partPower
  }

  /** The partition of a hash of 32 hex digits (`hashName` of `base/names.ts`). */
  partitionOf(hash: string): number {
    const head = Number.parseInt(hash.slice(0, PARTITION_HEX_DIGITS), 16)
    return this.#shift === 32 ? 0 : head >>> this.#shift
  }

  /** The devices that hold a partition, in the order of the replicas, each once. */
  primaries(partition: number): readonly RingDevice[] {
    const found: RingDevice[] = []
    for (const row of this.assignments) {
      const id = row[partition]
      const device = id === undefined ? undefined : this.devices[id]
      if (device !== undefined && !found.includes(device)) found.push(device)
    }
    return found
  }

  /** The devices that stand in for the primaries, best first, found one by one as they are asked for. */
  handoffs(partition: number): Iterable<RingDevice> {
    this.#handoffIndex ??= handoffIndexOf(this)
    return handoffsOf(this, this.#handoffIndex, partition)
  }

  /** The range of hashes that a partition covers. */
  partitionRange(partition: number): HashRange {
    const end = partition + 1 < this.partitionCount ? this.#firstHash(partition + 1) : undefined
    return { first: this.#firstHash(partition), end }
  }

  /** The partitions of which a device holds a replica, ascending. Looks through the whole ring. */
  *partitionsOf(deviceId: number): Iterable<number> {
    for (let partition = 0; partition < this.partitionCount; partition += 1) {
      if (this.assignments.some((row) => row[partition] === deviceId)) yield partition
    }
  }

  #firstHash(partition: number): string {
    const head = (partition * 2 ** this.#shift).toString(16).padStart(PARTITION_HEX_DIGITS, '0')
    return head.padEnd(HASH_HEX_DIGITS, '0')
  }
}

function replicaCountOf(assignments: readonly AssignmentRow[], partitionCount: number): number {
  return assignments.reduce((sum, row) => sum + row.length, 0) / partitionCount
}
