/** Where conditional writes of a real device keep records, bodies and what became visible. */
import { timestampNow } from '#backend/timestamp-header.ts'
import { type CandidateId, timeOf } from '#base/ballot.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { committed, type PromiseRecord, withoutFuture } from './acceptor.ts'
import type { ConditionalStore, Showing } from './conditional-writes.ts'
import type { DiskFailed, ObjectContent } from './engine.ts'
import type { EngineCore } from './engine-core.ts'
import { type DataVersion, type ObjectState, writtenAt } from './object-state.ts'
import type { ObjectWrites } from './object-writes.ts'
import type { PendingBodies } from './pending-bodies.ts'
import type { PromiseStore } from './promise-store.ts'
import type { StoredObject } from './stored-object.ts'

export class DiskConditionalStore implements ConditionalStore {
  readonly #core: EngineCore
  readonly #writes: ObjectWrites
  readonly #bodies: PendingBodies
  readonly #promises: PromiseStore
  #sweeping = false

  private constructor(core: EngineCore, writes: ObjectWrites, promises: PromiseStore) {
    this.#core = core
    this.#writes = writes
    this.#bodies = core.bodies
    this.#promises = promises
  }

  /**
   * Takes up what an earlier process left: candidates that were accepted wait on, bodies that nobody accepted are removed,
   * and a candidate that became an object while the process died counts as committed. To be called once files and index
   * agree. Rejects with errors of disk and index.
   */
  static async open(
    core: EngineCore,
    writes: ObjectWrites,
    promises: PromiseStore,
  ): Promise<DiskConditionalStore> {
    const store = new DiskConditionalStore(core, writes, promises)
    await store.#takeUp()
    return store
  }

  hashOf(name: string): string {
    return this.#core.hashOf(name)
  }

  exclusively<Result>(hash: string, work: () => Promise<Result>): Promise<Result | DiskFailed> {
    return this.#core.guarded(() => this.#core.locks.run(hash, work))
  }

  now(): Timestamp {
    return timestampNow(this.#core.options.clock)
  }

  state(hash: string): Promise<ObjectState> {
    return this.#core.state(hash)
  }

  objectOf(hash: string, state: ObjectState): StoredObject | undefined {
    return this.#core.objectOf(hash, state)
  }

  record(hash: string): Promise<PromiseRecord> {
    return this.#promises.get(hash)
  }

  async save(hash: string, record: PromiseRecord): Promise<void> {
    await this.#core.written(this.#promises.save(hash, record))
    if (this.#promises.isSweepDue && !this.#sweeping) void this.#sweep()
  }

  body(hash: string, candidate: CandidateId): Promise<DataVersion | undefined> {
    return this.#bodies.version(hash, candidate)
  }

  isStaged(hash: string, candidate: CandidateId): boolean {
    return this.#bodies.isStaged(hash, candidate)
  }

  keep(hash: string, candidate: CandidateId): void {
    this.#bodies.keep(hash, candidate)
  }

  drop(hash: string, candidate: CandidateId): void {
    this.#bodies.drop(hash, candidate)
  }

  async show(hash: string, showing: Showing): Promise<void> {
    const { acceptance, before, after, updates, record, name } = showing
    const { id, kind } = acceptance.candidate
    const timestamp = timeOf(id)
    const change = { hash, before, after, updates, along: [this.#promises.operation(hash, record)] }
    if (kind === 'tombstone') {
      const tombstone = { kind, name, timestamp } as const
      await this.#writes.storeSmall({ ...change, file: { hash, timestamp, kind: 'ts' }, record: tombstone })
      this.#bodies.moved(hash, id)
      return
    }
    const temporary = this.#bodies.path(hash, id)
    await this.#writes.install({ ...change, file: { hash, timestamp, kind: 'data' }, temporary })
    this.#bodies.moved(hash, id)
  }

  open(hash: string, candidate: CandidateId, version: DataVersion): Promise<ObjectContent> {
    return this.#bodies.open(hash, candidate, version)
  }

  async #takeUp(): Promise<void> {
    const waiting: [string, CandidateId][] = []
    for await (const { hash, record: kept } of this.#promises.all()) {
      const record = withoutFuture(kept, this.now())
      if (record !== kept) await this.#promises.save(hash, record)
      const { accepted } = record
      if (accepted === undefined) continue
      const { id } = accepted.candidate
      const isVisible = writtenAt(await this.#core.index.get(hash)) === timeOf(id)
      if (isVisible) await this.#promises.save(hash, committed(record, accepted))
      else {
        waiting.push([hash, id])
        this.#core.pending.set(hash, timeOf(id))
      }
    }
    await this.#bodies.removeOthers(waiting)
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true
    await this.#core.guarded(() =>
      this.#promises.sweep(this.now(), (hash, step) => this.#core.locks.run(hash, step)),
    )
    this.#sweeping = false
  }
}
