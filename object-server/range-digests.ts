/**
 * Digests over ranges of hashes, by which replicas find out where they differ without listing anything. Each of 65,536
 * ranges (the first four hex digits of the hash) has the exclusive or of a digest per object, so the order of writes
 * does not matter and a change is one subtraction and one addition. A partition of a ring with up to 2^16 partitions is
 * a whole number of ranges.
 *
 * The sums are held in memory (1.3 MiB when all are in use) and stored in the same batch as the objects they cover.
 */
import { hash as hashOf } from 'node:crypto'
import { comparedText, type ObjectState } from './object-state.ts'

const DIGEST_BYTES = 16
/** Ranges whose first two hex digits are the same. */
const RANGES_PER_PREFIX = 256

export interface RangeDigest {
  /** 32 hex digits; all zeros for a range without objects. */
  readonly digest: string
  /** Objects and tombstones in the range. */
  readonly count: number
}

interface Sum {
  /** The four hex digits as a number. */
  readonly range: number
  readonly bytes: Buffer
  count: number
}

/** A sum, or what one lacks: to be added to it. */
export interface HeldSum {
  readonly digest: Buffer
  readonly count: number
}

/** What a sum lacks for it to be that of these entries; `undefined` when it is. */
export function errorOf(
  sum: HeldSum,
  entries: Iterable<{ readonly hash: string; readonly state: ObjectState }>,
): HeldSum | undefined {
  const digest = Buffer.from(sum.digest)
  let count = -sum.count
  for (const { hash, state } of entries) {
    const text = comparedText(state)
    if (text === '') continue
    addDigest(digest, digestOfObject(hash, text))
    count += 1
  }
  return count === 0 && digest.equals(Buffer.alloc(DIGEST_BYTES)) ? undefined : { digest, count }
}

export const EMPTY_DIGEST: RangeDigest = { digest: '0'.repeat(32), count: 0 }

/** The prefix of the range that a hash is in. */
export function rangeOf(hash: string): string {
  return hash.slice(0, 4)
}

export class RangeDigests {
  /** By the four hex digits as a number. */
  readonly #sums = new Map<number, Sum>()
  #changes = 0

  load(prefix: string, stored: Buffer): void {
    const bytes = Buffer.from(stored.subarray(0, DIGEST_BYTES))
    const range = numberOf(prefix)
    this.#sums.set(range, { range, bytes, count: stored.readUInt32BE(DIGEST_BYTES) })
  }

  /** Forgets all sums. */
  clear(): void {
    this.#sums.clear()
    this.#changes += 1
  }

  /** Moves an object from one state to another; returns what to store for its range. */
  change(hash: string, before: ObjectState, after: ObjectState): Buffer {
    const sum = this.#sumOf(numberOf(rangeOf(hash)))
    this.#changes += 1
    sum.count += this.#add(sum, hash, after) - this.#add(sum, hash, before)
    return storedSum(sum)
  }

  /** The sum of all ranges whose prefix begins with these hex digits, at most four. */
  below(prefix: string): RangeDigest {
    const total: Sum = { range: 0, bytes: Buffer.alloc(DIGEST_BYTES), count: 0 }
    const unknownBits = 4 * (4 - prefix.length)
    const wanted = prefix === '' ? 0 : numberOf(prefix)
    for (const [range, sum] of this.#sums) if (range >>> unknownBits === wanted) addSum(total, sum)
    return digestOfSum(total)
  }

  /** The ranges that have objects now, of the 256 that begin with these two hex digits, in their order. */
  occupied(prefix: string): readonly string[] {
    const first = numberOf(prefix) * RANGES_PER_PREFIX
    const occupied: string[] = []
    for (let range = first; range < first + RANGES_PER_PREFIX; range += 1) {
      if ((this.#sums.get(range)?.count ?? 0) > 0) occupied.push(prefixOf(range))
    }
    return occupied
  }

  /** One figure per range that has ever had an object, ordered by prefix. */
  all(): readonly (RangeDigest & { readonly prefix: string })[] {
    return [...this.#sums.values()]
      .toSorted((left, right) => left.range - right.range)
      .map((sum) => ({ prefix: prefixOf(sum.range), ...digestOfSum(sum) }))
  }

  /** Another number after every change. */
  get changes(): number {
    return this.#changes
  }

  /** The sum of one range, as it is held: to be read at once; `undefined` where no object ever lay. */
  sum(range: number): HeldSum | undefined {
    const sum = this.#sums.get(range)
    return sum === undefined ? undefined : { digest: sum.bytes, count: sum.count }
  }

  /** The same unordered and as they are held: to be read at once, never kept or changed. */
  *sums(): Iterable<{ readonly range: number; readonly digest: Buffer; readonly count: number }> {
    for (const { range, bytes, count } of this.#sums.values()) yield { range, digest: bytes, count }
  }

  /** The sum of a range as it is now, which later changes leave alone. */
  held(range: string): HeldSum {
    const { bytes, count } = this.#sumOf(numberOf(range))
    return { digest: Buffer.from(bytes), count }
  }

  /** Puts right what `errorOf` found, whatever was written since; returns what to store for the range. */
  correct(range: string, error: HeldSum): Buffer {
    const sum = this.#sumOf(numberOf(range))
    addDigest(sum.bytes, error.digest)
    sum.count += error.count
    return storedSum(sum)
  }

  #sumOf(range: number): Sum {
    let sum = this.#sums.get(range)
    if (sum === undefined) {
      sum = { range, bytes: Buffer.alloc(DIGEST_BYTES), count: 0 }
      this.#sums.set(range, sum)
    }
    return sum
  }

  /** Adding and taking away are the same operation. Returns 1 if the state counts as an object. */
  #add(sum: Sum, hash: string, state: ObjectState): number {
    const digest = digestOf(hash, state)
    if (digest === undefined) return 0
    addDigest(sum.bytes, digest)
    return 1
  }
}

/** By state: what one change adds to a sum the next one takes away. */
const digests = new WeakMap<ObjectState, { readonly hash: string; readonly digest: Buffer }>()

/** What an object in this state adds to the sum of its range; `undefined` when nothing is known of it. */
function digestOf(hash: string, state: ObjectState): Buffer | undefined {
  const known = digests.get(state)
  if (known?.hash === hash) return known.digest
  const text = comparedText(state)
  if (text === '') return undefined
  const digest = digestOfObject(hash, text)
  digests.set(state, { hash, digest })
  return digest
}

function storedSum(sum: Sum): Buffer {
  const stored = Buffer.alloc(DIGEST_BYTES + 4)
  sum.bytes.copy(stored)
  stored.writeUInt32BE(Math.max(0, sum.count), DIGEST_BYTES)
  return stored
}

function numberOf(prefix: string): number {
  return Number.parseInt(prefix, 16)
}

/** The four hex digits with which the hashes of a range begin. */
export function prefixOf(range: number): string {
  return range.toString(16).padStart(4, '0')
}

/** What one object adds to the sum of its range; `text` is `comparedText`. */
export function digestOfObject(hash: string, text: string): Buffer {
  return hashOf('md5', `${hash} ${text}`, 'buffer')
}

function addSum(total: Sum, sum: Sum): void {
  addDigest(total.bytes, sum.bytes)
  total.count += sum.count
}

/** Adds to a sum, or takes away from it: both are the exclusive or. */
export function addDigest(target: Buffer, source: Buffer): void {
  for (let at = 0; at < DIGEST_BYTES; at += 1) target[at] = (target[at] ?? 0) ^ (source[at] ?? 0)
}

function digestOfSum(sum: Sum): RangeDigest {
  return { digest: sum.bytes.toString('hex'), count: sum.count }
}
