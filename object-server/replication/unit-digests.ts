/**
 * Digests over units: a unit is all hashes that begin with the same bits, a partition of a ring of that part power or a
 * finer piece of one. Up to 16 bits they are sums of what the engine holds in memory; beyond, a range of 16 bits is read
 * from the index once per change.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import { comparedText } from '../object-state.ts'
import { addDigest, digestOfObject, prefixOf } from '../range-digests.ts'
import type { ReplicaAccess, StatedHash } from '../replica-access.ts'

export interface UnitDigest {
  /** 16 bytes, the exclusive or over the objects. */
  readonly digest: Buffer
  readonly count: number
}

const DIGEST_BYTES = 16
/**
 * Sizes of units that are remembered: that of the ring, of the one before, and of the finer ranges of comparisons. Peers say
 * which size they ask about, and must not fill the memory with it.
 */
const SIZES_KEPT = 3
/** Bits of the ranges that the engine keeps digests of. */
export const RANGE_BITS = 16
/** Ranges of which sums are added up for one question, rather than those of all units. */
const ADDED_UP_MAX = 4096
export const EMPTY_UNIT: UnitDigest = { digest: Buffer.alloc(DIGEST_BYTES), count: 0 }

/** Units of a range beyond 16 bits, remembered until the range changes. */
interface Split {
  readonly rangeDigest: string
  readonly units: ReadonlyMap<number, UnitDigest>
}

/** Sums that were added up, good until something changes. */
interface Summed {
  readonly changes: number
  readonly units: ReadonlyMap<number, UnitDigest>
}

export class UnitDigests {
  readonly #replica: ReplicaAccess
  /** By bits, and then by the prefix of the range; the size that was asked about last is the last. */
  readonly #splits = new Map<number, Map<string, Split>>()
  readonly #sums = new Map<number, Summed>()

  constructor(replica: ReplicaAccess) {
    this.#replica = replica
  }

  /** All units of so many bits that hold something. Rejects with the errors of the index, beyond 16 bits only. */
  async all(bits: number): Promise<ReadonlyMap<number, UnitDigest>> {
    if (bits <= RANGE_BITS) return this.#known(bits)
    const units = new Map<number, UnitDigest>()
    for (const { prefix, digest, count } of this.#replica.digests()) {
      if (count === 0) continue
      for (const [unit, sum] of await this.#split(bits, prefix, digest)) units.set(unit, sum)
    }
    return units
  }

  /** The digests of some units, in their order: of ranges of 16 bits without looking at any other. */
  async of(bits: number, numbers: readonly number[]): Promise<readonly Buffer[]> {
    if (bits === RANGE_BITS)
      return numbers.map((number) => this.#replica.sum(number)?.digest ?? EMPTY_UNIT.digest)
    if (bits < RANGE_BITS) {
      const few = numbers.length * 2 ** (RANGE_BITS - bits) <= ADDED_UP_MAX
      const units = few && !this.#isKnown(bits) ? undefined : this.#known(bits)
      return numbers.map((partition) => {
        if (units === undefined) return this.#addedUp({ partPower: bits, partition }).digest
        return (units.get(partition) ?? EMPTY_UNIT).digest
      })
    }
    const digests: Buffer[] = []
    for (const number of numbers) digests.push(await this.#fine(bits, number))
    return digests
  }

  /** Objects and tombstones in a unit. Rejects with the errors of the index, beyond 16 bits only. */
  async count(unit: PartitionRange): Promise<number> {
    const { partPower, partition } = unit
    if (partPower <= RANGE_BITS && rangeCountOf(unit) <= ADDED_UP_MAX && !this.#isKnown(partPower))
      return this.#addedUp(unit).count
    return (await this.all(partPower)).get(partition)?.count ?? 0
  }

  /** Of one unit of up to 16 bits, without looking at the others: while objects are written, what was added up ends soon. */
  #addedUp(unit: PartitionRange): UnitDigest {
    const digest = Buffer.alloc(DIGEST_BYTES)
    let count = 0
    for (const range of rangesOf(unit)) {
      const sum = this.#replica.sum(range)
      if (sum === undefined || sum.count === 0) continue
      addDigest(digest, sum.digest)
      count += sum.count
    }
    return { digest, count }
  }

  #isKnown(bits: number): boolean {
    return this.#sums.get(bits)?.changes === this.#replica.changes
  }

  /** Of units so small that a range has several: only that range is read. */
  async #fine(bits: number, number: number): Promise<Buffer> {
    const range = rangeIn({ partPower: bits, partition: number })
    const sum = this.#replica.sum(range)
    if (sum === undefined || sum.count === 0) return EMPTY_UNIT.digest
    const units = await this.#split(bits, prefixOf(range), sum.digest.toString('hex'))
    return (units.get(number) ?? EMPTY_UNIT).digest
  }

  #known(bits: number): ReadonlyMap<number, UnitDigest> {
    const { changes } = this.#replica
    const known = this.#sums.get(bits)
    if (known?.changes === changes) return known.units
    const units = this.#summed(bits)
    keepLast(this.#sums, bits, { changes, units })
    return units
  }

  #summed(bits: number): ReadonlyMap<number, UnitDigest> {
    const units = new Map<number, { digest: Buffer; count: number }>()
    const shift = RANGE_BITS - bits
    for (const { range, digest, count } of this.#replica.sums()) {
      if (count === 0) continue
      const number = range >>> shift
      const sum = units.get(number)
      if (sum === undefined) units.set(number, { digest: Buffer.from(digest), count })
      else {
        addDigest(sum.digest, digest)
        sum.count += count
      }
    }
    return units
  }

  async #split(bits: number, prefix: string, rangeDigest: string): Promise<Split['units']> {
    const splits = this.#splits.get(bits) ?? new Map<string, Split>()
    keepLast(this.#splits, bits, splits)
    const known = splits.get(prefix)
    if (known?.rangeDigest === rangeDigest) return known.units
    const units = new Map<number, { digest: Buffer; count: number }>()
    for await (const { hash, state } of this.#replica.below(prefix)) {
      const text = comparedText(state)
      if (text === '') continue
      const number = unitOf(hash, bits)
      const sum = units.get(number) ?? { digest: Buffer.alloc(DIGEST_BYTES), count: 0 }
      addDigest(sum.digest, digestOfObject(hash, text))
      sum.count += 1
      units.set(number, sum)
    }
    splits.set(prefix, { rangeDigest, units })
    return units
  }
}

/** Remembers something of a size of units, and forgets the size that nobody has asked about for longest. */
function keepLast<Kept>(kept: Map<number, Kept>, bits: number, value: Kept): void {
  kept.delete(bits)
  kept.set(bits, value)
  const [oldest] = kept.keys()
  if (kept.size > SIZES_KEPT && oldest !== undefined) kept.delete(oldest)
}

/** The unit of so many bits that a hash is in. */
export function unitOf(hash: string, bits: number): number {
  return bits === 0 ? 0 : Number.parseInt(hash.slice(0, 8), 16) >>> (32 - bits)
}

/** The ranges of 16 bits in which the hashes of a unit lie, by the number of their four hex digits. */
export function rangesOf(unit: PartitionRange): readonly number[] {
  const first = rangeIn(unit)
  return Array.from({ length: rangeCountOf(unit) }, (_, at) => first + at)
}

function rangeCountOf({ partPower }: PartitionRange): number {
  return partPower >= RANGE_BITS ? 1 : 2 ** (RANGE_BITS - partPower)
}

function rangeIn({ partPower, partition }: PartitionRange): number {
  return partPower >= RANGE_BITS
    ? Math.floor(partition / 2 ** (partPower - RANGE_BITS))
    : partition * 2 ** (RANGE_BITS - partPower)
}

/** Is the hash in the unit? */
export function holds({ partPower, partition }: PartitionRange, hash: string): boolean {
  return unitOf(hash, partPower) === partition
}

/** Which entries of a unit: by the ranges they are in, and behind a hash. */
export interface Wanted {
  /** Of 16 bits; all of the unit when left out. */
  readonly ranges?: readonly number[] | undefined
  readonly after?: string | undefined
}

/** The entries of a unit in the order of their hashes. Rejects with the errors of the index. */
export async function* statesIn(
  replica: ReplicaAccess,
  unit: PartitionRange,
  { ranges, after }: Wanted = {},
): AsyncGenerator<StatedHash> {
  const begin = after === undefined ? 0 : Number.parseInt(after.slice(0, 4), 16)
  const stretches = ranges === undefined ? [wholeOf(unit)] : stretchesOf(replica, unit, ranges)
  for (const [first, last] of stretches) {
    if (last < begin) continue
    for await (const stated of replica.between(prefixOf(first), prefixOf(last), after))
      if (holds(unit, stated.hash)) yield stated
  }
}

type Stretch = readonly [first: number, last: number]

function wholeOf(unit: PartitionRange): Stretch {
  const first = rangeIn(unit)
  return [first, first + rangeCountOf(unit) - 1]
}

/** The first and the last of ranges that are wanted without one between them that is not; those in which nothing lies join. */
function stretchesOf(
  replica: ReplicaAccess,
  unit: PartitionRange,
  ranges: readonly number[],
): readonly Stretch[] {
  const [first, last] = wholeOf(unit)
  const wanted = new Set(ranges)
  const stretches: [number, number][] = []
  let isOpen = false
  for (let range = first; range <= last; range += 1) {
    if (replica.sum(range) === undefined) continue
    const stretch = stretches.at(-1)
    const goesOn = wanted.has(range)
    if (goesOn && isOpen && stretch !== undefined) stretch[1] = range
    else if (goesOn) stretches.push([range, range])
    isOpen = goesOn
  }
  return stretches
}
