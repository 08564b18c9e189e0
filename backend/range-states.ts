/**
 * States of single partitions, told apart by the hashes that they cover and not by their numbers: a ring whose part power
 * grows numbers the same hashes anew, and for a while some nodes count by the old power and some by the new one.
 */

/** A partition by its number in a ring of 2 ** `partPower` partitions: all hashes that begin with those bits. */
export interface PartitionRange {
  readonly partPower: number
  readonly partition: number
}

const HASH_HEAD_DIGITS = 8
const TWO_TO_32 = 2 ** 32

/** A range so small that it lies within every partition that any ring makes. */
export function rangeOfHash(hash: string): PartitionRange {
  return { partPower: 32, partition: Number.parseInt(hash.slice(0, HASH_HEAD_DIGITS), 16) }
}

/** Is there a hash that lies in both? */
export function overlap(left: PartitionRange, right: PartitionRange): boolean {
  const [coarse, fine] = left.partPower <= right.partPower ? [left, right] : [right, left]
  return Math.floor(fine.partition / 2 ** (fine.partPower - coarse.partPower)) === coarse.partition
}

/** The parts of a range that a ring of this, larger part power makes of it. */
export function partsOf({ partPower, partition }: PartitionRange, finerPower: number): PartitionRange[] {
  const parts = 2 ** (finerPower - partPower)
  return Array.from({ length: parts }, (_, part) => {
    return { partPower: finerPower, partition: partition * parts + part }
  })
}

export class RangeStates<State> {
  readonly #states = new Map<number, State>()
  /** Part powers of what is in the map, the finest first, and how many ranges there are of each. */
  #powers: readonly number[] = []
  readonly #counts = new Map<number, number>()

  /** The state of the smallest range said anything of that has the hash (32 hex digits). */
  ofHash(hash: string): State | undefined {
    if (this.#powers.length === 0) return undefined
    return this.of(rangeOfHash(hash))
  }

  /** The smallest range said anything of that has the hash. */
  rangeOfHash(hash: string): PartitionRange | undefined {
    const head = Number.parseInt(hash.slice(0, HASH_HEAD_DIGITS), 16)
    for (const partPower of this.#powers) {
      const range = { partPower, partition: Math.floor(head / 2 ** (32 - partPower)) }
      if (this.#states.has(keyOf(range))) return range
    }
    return undefined
  }

  /** The state of the smallest range said anything of that has the whole range. */
  of(range: PartitionRange): State | undefined {
    const head = range.partition * 2 ** (32 - range.partPower)
    for (const partPower of this.#powers) {
      if (partPower > range.partPower) continue
      const key = keyOf({ partPower, partition: Math.floor(head / 2 ** (32 - partPower)) })
      const state = this.#states.get(key)
      if (state !== undefined) return state
    }
    return undefined
  }

  /** The smaller ranges within a range of which something was said. */
  within(range: PartitionRange): PartitionRange[] {
    const [finest = 0] = this.#powers
    if (finest <= range.partPower) return []
    return [...this.entries()]
      .map(([inner]) => inner)
      .filter(({ partPower, partition }) => {
        if (partPower <= range.partPower) return false
        return Math.floor(partition / 2 ** (partPower - range.partPower)) === range.partition
      })
  }

  set(range: PartitionRange, state: State): void {
    const key = keyOf(range)
    if (!this.#states.has(key)) this.#count(range.partPower, 1)
    this.#states.set(key, state)
  }

  delete(range: PartitionRange): void {
    if (this.#states.delete(keyOf(range))) this.#count(range.partPower, -1)
  }

  clear(): void {
    this.#states.clear()
    this.#counts.clear()
    this.#powers = []
  }

  get size(): number {
    return this.#states.size
  }

  *entries(): Iterable<readonly [PartitionRange, State]> {
    for (const [key, state] of this.#states) yield [rangeOf(key), state]
  }

  #count(partPower: number, by: 1 | -1): void {
    const before = this.#counts.get(partPower) ?? 0
    this.#counts.set(partPower, before + by)
    if (before !== 0 && before + by !== 0) return
    if (before + by === 0) this.#counts.delete(partPower)
    this.#powers = [...this.#counts.keys()].toSorted((a, b) => b - a)
  }
}

function keyOf({ partPower, partition }: PartitionRange): number {
  return partPower * TWO_TO_32 + partition
}

function rangeOf(key: number): PartitionRange {
  return { partPower: Math.floor(key / TWO_TO_32), partition: key % TWO_TO_32 }
}
