/**
 * Until which time deletions of a range of hashes were given up: forgotten everywhere, because everybody had them and they
 * were old. What nobody knows and is later was deleted by nobody whose deletion was forgotten, so it is wanted; what is
 * earlier may have been deleted (`docs/decisions/0017-given-up-deletions.md`).
 *
 *  - It is noted durably before the first replica forgets, by every replica that forgets or that had nothing to forget.
 *  - It never goes back. Who joins takes over what those say from whom it learns.
 */
import type { KvStore } from '#base/environment.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import { writeSynced } from '#kv/group-commit.ts'
import { type PartitionRange, RangeStates } from './range-states.ts'

/** Deletions of up to then may be forgotten, milliseconds since the epoch. 0: none was. */
export type GivenUpMs = number

const TIME_BYTES = 8
const RANGE_BYTES = 5

export class GivenUp {
  readonly #store: KvStore
  readonly #prefix: Buffer
  readonly #ranges: RangeStates<GivenUpMs>
  readonly #otherwiseMs: GivenUpMs

  private constructor(
    store: KvStore,
    prefix: Buffer,
    ranges: RangeStates<GivenUpMs>,
    otherwiseMs: GivenUpMs,
  ) {
    this.#store = store
    this.#prefix = prefix
    this.#ranges = ranges
    this.#otherwiseMs = otherwiseMs
  }

  /**
   * Keys begin with `prefix`; nothing else in the store may. `unnotedMs`: until when deletions may have been given up before
   * that was ever noted on the device; it counts the first time only.
   */
  static async open(store: KvStore, prefix: Buffer, unnotedMs: GivenUpMs): Promise<GivenUp> {
    const known = await store.get(prefix)
    if (known === undefined)
      await writeSynced(store, [{ type: 'put', key: prefix, value: written(unnotedMs) }])
    const ranges = await readRanges(store, prefix)
    return new GivenUp(store, prefix, ranges, known === undefined ? unnotedMs : known.readDoubleBE(0))
  }

  /** Of no hash of the range was a later deletion given up. */
  untilMs(range: PartitionRange): GivenUpMs {
    const finer = this.#ranges.within(range).map((one) => this.#ranges.of(one) ?? 0)
    return Math.max(this.#ranges.of(range) ?? this.#otherwiseMs, ...finer)
  }

  /** Durable when it resolves. Costs nothing where as much is known already. */
  async note(range: PartitionRange, untilMs: GivenUpMs): Promise<void> {
    if (untilMs > this.untilMs(range)) await this.#write(range, untilMs)
  }

  /** What those say from whom everything was learnt, in place of what is known here. Durable when it resolves. */
  async takeOver(range: PartitionRange, untilMs: GivenUpMs): Promise<void> {
    if (untilMs !== this.untilMs(range)) await this.#write(range, untilMs)
  }

  async #write(range: PartitionRange, untilMs: GivenUpMs): Promise<void> {
    const within = this.#ranges.within(range)
    await writeSynced(this.#store, [
      ...within.map((inner) => ({ type: 'del', key: this.#key(inner) }) as const),
      { type: 'put', key: this.#key(range), value: written(untilMs) },
    ])
    for (const inner of within) this.#ranges.delete(inner)
    this.#ranges.set(range, untilMs)
  }

  #key({ partPower, partition }: PartitionRange): Buffer {
    const bytes = Buffer.alloc(RANGE_BYTES)
    bytes.writeUInt8(partPower)
    bytes.writeUInt32BE(partition, 1)
    return Buffer.concat([this.#prefix, bytes])
  }
}

/**
 * Until when what nobody of a synced majority knows may have been deleted: as late as one of them has given up deletions,
 * or, of one that does not say (`undefined`), as late as anybody may have (`oldMs`). Milliseconds.
 */
export function suspectUntilMs(theirs: readonly (GivenUpMs | undefined)[], oldMs: number): number {
  return Math.min(oldMs, Math.max(0, ...theirs.map((one) => one ?? oldMs)))
}

/** What is later is too young for its deletion to have been given up anywhere, whatever clocks say. Milliseconds. */
export function oldEnoughMs(nowMs: number, reclaimMs: number): number {
  return nowMs - reclaimMs + MAX_CLOCK_AHEAD_SECONDS * 1000
}

async function readRanges(store: KvStore, prefix: Buffer): Promise<RangeStates<GivenUpMs>> {
  const ranges = new RangeStates<GivenUpMs>()
  const end = Buffer.concat([prefix, Buffer.alloc(RANGE_BYTES + 1, 0xff)])
  for await (const [key, value] of store.iterator({ gt: prefix, lt: end })) {
    const at = prefix.length
    const range = { partPower: key.readUInt8(at), partition: key.readUInt32BE(at + 1) }
    ranges.set(range, value.readDoubleBE(0))
  }
  return ranges
}

function written(untilMs: GivenUpMs): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES)
  bytes.writeDoubleBE(untilMs)
  return bytes
}
