/**
 * The durable records of conditional writes, in the index of their policy: so that a candidate becomes visible and
 * leaves its record in one batch. Records in which nothing matters any more are forgotten; no ballot that is earlier
 * than any of them is heard again (`floor`), so that forgetting never lets an old proposal through.
 */
import { Packr } from 'msgpackr'
import {
  type Ballot,
  FIRST_BALLOT,
  formatAcceptance,
  lastBallotAt,
  laterBallot,
  parseAcceptance,
  parseBallot,
} from '#base/ballot.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { KvOperation } from '#kv/group-commit.ts'
import { emptyRecord, isForgettable, type PromiseRecord } from './acceptor.ts'
import { ALL_PROMISES, hashOfKey, markKey, promiseKey } from './index-keys.ts'
import type { ObjectIndex } from './object-index.ts'
import { newerFormat } from './stored-bytes.ts'

const VERSION = 1
const FLOOR_MARK = markKey('ballots')
/** Records are looked through for what can be forgotten after so many new ones. */
const SWEEP_EVERY = 2000
/** Records that are forgotten at a time, in one batch of the index. */
const SWEEP_BATCH = 100

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

export class PromiseStore {
  readonly #index: ObjectIndex
  #floor: Ballot = FIRST_BALLOT
  #saves = 0

  private constructor(index: ObjectIndex) {
    this.#index = index
  }

  static async open(index: ObjectIndex): Promise<PromiseStore> {
    const store = new PromiseStore(index)
    store.#floor = parseBallot((await index.value(FLOOR_MARK))?.toString('latin1')) ?? FIRST_BALLOT
    return store
  }

  async get(hash: string): Promise<PromiseRecord> {
    const value = await this.#index.value(promiseKey(hash))
    return value === undefined ? emptyRecord(this.#floor) : decodePromise(value)
  }

  /** For a batch that changes something else too. */
  operation(hash: string, record: PromiseRecord): KvOperation {
    return { type: 'put', key: promiseKey(hash), value: encodePromise(record) }
  }

  async save(hash: string, record: PromiseRecord): Promise<void> {
    await this.#index.write([this.operation(hash, record)])
    this.#saves += 1
  }

  /** Every record, or those from a hash on, in the order of the hashes. */
  async *all(from?: string): AsyncGenerator<{ readonly hash: string; readonly record: PromiseRecord }> {
    const range = from === undefined ? ALL_PROMISES : { ...ALL_PROMISES, gte: promiseKey(from) }
    for await (const [key, value] of this.#index.entries(range)) {
      yield { hash: hashOfKey(key), record: decodePromise(value) }
    }
  }

  /** No ballot of `time` or before is heard from now on: what was promised is not known any more. */
  async forgetAllUntil(time: Timestamp): Promise<void> {
    await this.#raiseFloor(lastBallotAt(time), [])
  }

  get isSweepDue(): boolean {
    return this.#saves >= SWEEP_EVERY
  }

  /**
   * Forgets all that does not matter any more, a few at a time. A record that is written while it is looked at must not be
   * forgotten: `exclusively` runs a step while nobody writes the hash.
   */
  async sweep(
    now: Timestamp,
    exclusively: (hash: string, step: () => Promise<void>) => Promise<unknown>,
  ): Promise<void> {
    this.#saves = 0
    let from: string | undefined
    do {
      const old = await this.#forgettable(now, from)
      await Promise.all(old.map((hash) => exclusively(hash, () => this.#forget(hash, now))))
      from = old.length < SWEEP_BATCH ? undefined : old.at(-1)
    } while (from !== undefined)
  }

  /** The first few, from a hash on. */
  async #forgettable(now: Timestamp, from: string | undefined): Promise<readonly string[]> {
    const hashes: string[] = []
    for await (const { hash, record } of this.all(from)) {
      if (isForgettable(record, now)) hashes.push(hash)
      if (hashes.length >= SWEEP_BATCH) break
    }
    return hashes
  }

  async #forget(hash: string, now: Timestamp): Promise<void> {
    const record = await this.get(hash)
    if (!isForgettable(record, now)) return
    await this.#raiseFloor(record.promised, [{ type: 'del', key: promiseKey(hash) }])
  }

  async #raiseFloor(ballot: Ballot, operations: readonly KvOperation[]): Promise<void> {
    this.#floor = laterBallot(this.#floor, ballot)
    const floor = Buffer.from(this.#floor, 'latin1')
    await this.#index.write([...operations, { type: 'put', key: FLOOR_MARK, value: floor }])
  }
}

/** Version byte, then msgpack `[promised, accepted, committed]`, the last two as texts or nil. */
export function encodePromise({ promised, accepted, committed }: PromiseRecord): Buffer {
  const text = (one: PromiseRecord['accepted']): string | null =>
    one === undefined ? null : formatAcceptance(one)
  return Buffer.concat([Buffer.from([VERSION]), packr.pack([promised, text(accepted), text(committed)])])
}

/** Throws for what nobody wrote, because an index that gives such bytes is corrupt, and for what a newer version wrote. */
export function decodePromise(bytes: Buffer): PromiseRecord {
  const version = bytes[0] ?? 0
  if (version > VERSION) throw newerFormat(`a promise of version ${version}`)
  const [promisedText, accepted, committed] = membersOf(bytes)
  const promised = parseBallot(String(promisedText))
  if (promised === undefined) {
    throw Object.assign(new Error('the object index holds a promise of another shape'), {
      code: 'LEVEL_CORRUPTION',
    })
  }
  return { promised, accepted: acceptanceIn(accepted), committed: acceptanceIn(committed) }
}

function membersOf(bytes: Buffer): readonly unknown[] {
  try {
    const members: unknown = packr.unpack(bytes.subarray(1))
    return Array.isArray(members) ? members : []
  } catch {
    return []
  }
}

function acceptanceIn(member: unknown): PromiseRecord['accepted'] {
  return typeof member === 'string' ? parseAcceptance(member) : undefined
}
