/**
 * The replica's part in conditional writes, by the rules of `acceptor.ts`, over a store that is a device or memory.
 * Everything about one name happens one after the other, under the lock that plain writes of it take too. What the
 * record says is durable before it is answered, and a body is durable before it is accepted.
 */
import { type Acceptance, type Ballot, type CandidateId, timeOf } from '#base/ballot.ts'
import type { Clock, Timer } from '#base/environment.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import {
  ACCEPTED_LIFE_SECONDS,
  accept,
  committed,
  hasCommitted,
  type PromiseRecord,
  promise,
  withoutAbandoned,
  withoutFuture,
} from './acceptor.ts'
import type {
  Accepted,
  AcceptRequest,
  CommitCandidate,
  Committed,
  ConditionalEngine,
  OpenedCandidate,
  Promised,
} from './conditional.ts'
import type { Changed, DiskFailed, ObjectContent } from './engine.ts'
import { type DataVersion, type ObjectState, writtenAt } from './object-state.ts'
import { applyData, applyTombstone, type StateChange } from './state-changes.ts'
import { type StoredObject, storedObject } from './stored-object.ts'

/** A chosen candidate on its way to being visible. */
export interface Showing {
  readonly name: string
  readonly acceptance: Acceptance
  readonly before: ObjectState
  readonly after: ObjectState
  readonly updates: Changed['updates']
  /** Becomes durable in the same step. */
  readonly record: PromiseRecord
}

export interface ConditionalStore {
  hashOf(name: string): string
  /** One after the other for one hash; errors of the device are outcomes. */
  exclusively<Result>(hash: string, work: () => Promise<Result>): Promise<Result | DiskFailed>
  /** `undefined` without a clock: nothing is given up. */
  now(): Timestamp | undefined
  state(hash: string): Promise<ObjectState>
  objectOf(hash: string, state: ObjectState): StoredObject | undefined
  record(hash: string): Promise<PromiseRecord>
  /** Durable when resolved. */
  save(hash: string, record: PromiseRecord): Promise<void>
  /** The body that is staged or was accepted; `undefined` when it is not there, or damaged. */
  body(hash: string, candidate: CandidateId): Promise<DataVersion | undefined>
  /** Was it received a moment ago, with no record that names it? */
  isStaged(hash: string, candidate: CandidateId): boolean
  /** The body belongs to a record from now on, and is not thrown away for having waited. */
  keep(hash: string, candidate: CandidateId): void
  drop(hash: string, candidate: CandidateId): void
  show(hash: string, showing: Showing): Promise<void>
  open(hash: string, candidate: CandidateId, version: DataVersion): Promise<ObjectContent>
}

const GIVE_UP_EVERY_MS = ACCEPTED_LIFE_SECONDS * 1000

export class ConditionalWrites implements ConditionalEngine {
  readonly #store: ConditionalStore
  readonly #pending: Map<string, Timestamp>
  readonly #clock: Clock | undefined
  /** Runs while something is pending. */
  #timer: Timer | undefined
  #closed = false

  /** `pending` is kept up to date with what was accepted. Without a clock nothing is given up by itself. */
  constructor(store: ConditionalStore, pending: Map<string, Timestamp>, clock?: Clock) {
    this.#store = store
    this.#pending = pending
    this.#clock = clock
    this.#watch()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  promise(name: string, ballot: Ballot | undefined): Promise<Promised | DiskFailed> {
    const hash = this.#store.hashOf(name)
    return this.#store.exclusively<Promised>(hash, async () => {
      const before = await this.#record(hash)
      const state = await this.#store.state(hash)
      const seen = { state, object: this.#store.objectOf(hash, state) }
      if (ballot === undefined) return { kind: 'told', record: before, ...seen }
      const { kind, record } = promise(before, ballot)
      if (kind !== 'yes') return { kind: 'outvoted', record, ...seen }
      await this.#save(hash, record)
      return { kind: 'promised', record, ...seen }
    })
  }

  accept(name: string, { acceptance, mode }: AcceptRequest): Promise<Accepted | DiskFailed> {
    const hash = this.#store.hashOf(name)
    const { id, kind } = acceptance.candidate
    return this.#store.exclusively<Accepted>(hash, async () => {
      const before = await this.#record(hash)
      // The body may have come once more: it stays, whatever becomes of this ballot.
      if (before.accepted?.candidate.id === id) this.#store.keep(hash, id)
      const newest = writtenAt(await this.#store.state(hash)) ?? ZERO_TIMESTAMP
      const vote = accept(before, acceptance, mode, newest)
      if (vote.kind !== 'yes') return { kind: vote.kind, record: vote.record }
      const needsBody = kind === 'data' && !hasCommitted(before, id)
      if (needsBody && (await this.#store.body(hash, id)) === undefined) {
        return { kind: 'body_needed', record: before }
      }
      await this.#save(hash, vote.record)
      return { kind: 'accepted', record: vote.record }
    })
  }

  commit(name: string, request: CommitCandidate): Promise<Committed | DiskFailed> {
    const hash = this.#store.hashOf(name)
    return this.#store.exclusively<Committed>(hash, () => this.#commit(hash, name, request))
  }

  open(name: string, candidate: CandidateId): Promise<OpenedCandidate | DiskFailed> {
    const hash = this.#store.hashOf(name)
    return this.#store.exclusively<OpenedCandidate>(hash, async () => {
      const version = await this.#store.body(hash, candidate)
      if (version?.record === undefined || version.record.name !== name) return { kind: 'unknown' }
      const object = storedObject(hash, version.record, undefined)
      return { kind: 'open', object, content: await this.#store.open(hash, candidate, version) }
    })
  }

  async #commit(hash: string, name: string, { acceptance, updates }: CommitCandidate): Promise<Committed> {
    const record = await this.#record(hash)
    const { id, kind } = acceptance.candidate
    if (hasCommitted(record, id)) return { kind: 'known' }
    if (record.accepted?.candidate.id !== id && !this.#store.isStaged(hash, id)) return { kind: 'unknown' }
    this.#store.keep(hash, id)
    const before = await this.#store.state(hash)
    const change = await this.#changeBy(hash, name, acceptance, before)
    if (change === undefined) return { kind: 'unknown' }
    const next = committed(record, acceptance)
    if (change.kind !== 'apply') {
      await this.#save(hash, next)
      this.#store.drop(hash, id)
      return { kind: 'superseded' }
    }
    const { after } = change
    const [old, fresh] = [this.#store.objectOf(hash, before), this.#store.objectOf(hash, after)]
    const rows = updates(old, kind === 'data' ? fresh : undefined)
    await this.#store.show(hash, { name, acceptance, before, after, updates: rows, record: next })
    this.#note(hash, next)
    return { kind: 'changed', before: old, after: fresh, updates: rows }
  }

  /** `undefined` without the body. */
  async #changeBy(
    hash: string,
    name: string,
    { candidate }: Acceptance,
    before: ObjectState,
  ): Promise<StateChange | undefined> {
    if (candidate.kind === 'tombstone') return applyTombstone(before, timeOf(candidate.id))
    const version = await this.#store.body(hash, candidate.id)
    return version?.record?.name === name ? applyData(before, version) : undefined
  }

  async #record(hash: string): Promise<PromiseRecord> {
    const now = this.#store.now()
    const kept = await this.#store.record(hash)
    if (now === undefined) return kept
    const record = withoutFuture(kept, now)
    // At once: a promise that moved on with the clock could never be met.
    if (record !== kept) await this.#save(hash, record)
    return withoutAbandoned(record, now)
  }

  /** What another candidate takes the place of is thrown away, once that is durable. */
  async #save(hash: string, record: PromiseRecord): Promise<void> {
    const replaced = (await this.#store.record(hash)).accepted?.candidate
    const kept = record.accepted?.candidate.id
    // Before the record is durable: a body that it names must not be thrown away meanwhile.
    if (kept !== undefined) this.#store.keep(hash, kept)
    await this.#store.save(hash, record)
    if (replaced !== undefined && replaced.id !== kept) this.#store.drop(hash, replaced.id)
    this.#note(hash, record)
  }

  #note(hash: string, { accepted }: PromiseRecord): void {
    if (accepted === undefined) this.#pending.delete(hash)
    else this.#pending.set(hash, timeOf(accepted.candidate.id))
    this.#watch()
  }

  /** Nobody may ever ask for the name again: what was abandoned must not lie there for good. */
  #watch(): void {
    if (this.#timer !== undefined || this.#pending.size === 0 || this.#closed) return
    this.#timer = this.#clock?.setTimer(GIVE_UP_EVERY_MS, () => {
      void this.#giveUpAbandoned().then(() => {
        this.#timer = undefined
        this.#watch()
      })
    })
  }

  async #giveUpAbandoned(): Promise<void> {
    for (const hash of this.#pending.keys()) {
      await this.#store.exclusively(hash, async () => {
        const record = await this.#record(hash)
        if (record.accepted === undefined && this.#pending.has(hash)) await this.#save(hash, record)
      })
    }
  }
}
