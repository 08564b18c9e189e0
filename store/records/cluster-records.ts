/**
 * Records in the cluster itself. Reads are confirmed by a majority; writes are agreed on by the primaries, and refused where
 * some storage server can promise nothing: a record that two proxies wrote at once would be a user or a bucket lost.
 *
 * What was read is remembered (`record-memory.ts`). Whoever changes a record tells the other proxies to forget it before it
 * says that the change is made.
 */
import { strict as assert } from 'node:assert'
import type { Clock } from '#base/environment.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type { ObjectReadOptions, ObjectReadOutcome, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { type Invalidations, NO_PEERS, type Stale } from '../invalidations.ts'
import { seenIn } from '../object-state.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import {
  type FoundRecord,
  isRecordKey,
  type ListedRecord,
  RECORD_BYTES_MAX,
  RECORDS_ACCOUNT,
  type RecordChanges,
  type RecordCollection,
  type RecordFailure,
  type RecordKind,
  type RecordListing,
  type RecordMark,
  type RecordPage,
  type RecordRead,
  type RecordState,
  type Records,
} from './contract.ts'
import { decodeRecord, encodeRecord, RECORD_CONTENT_TYPE } from './record-form.ts'
import { RecordMemory } from './record-memory.ts'

export interface ClusterRecordsOptions {
  /** The core store: no feature is between a record and its copies. */
  readonly store: Store
  readonly clock: Clock
  readonly invalidations?: Invalidations | undefined
}

const PAGE_LIMIT = 1000

/** Any replica that has it; which state that is, its ETag says. */
const ANY = { method: 'GET', conditions: {}, newest: false } as const satisfies ObjectReadOptions

const AGREED = {
  method: 'GET',
  conditions: {},
  newest: false,
  certainty: 'agreed',
} as const satisfies ObjectReadOptions

/** What a removal comes to when the record is another one, or gone. */
const HAS_CHANGED: ReadonlySet<string> = new Set<StoreFailure['kind']>([
  'no_such_object',
  'no_such_container',
  'precondition_failed',
])

export class ClusterRecords implements Records {
  readonly #options: ClusterRecordsOptions
  readonly #memory: RecordMemory

  constructor(options: ClusterRecordsOptions) {
    this.#options = options
    this.#memory = new RecordMemory(options.clock)
  }

  of<Value>(kind: RecordKind<Value>): RecordCollection<Value> {
    const { store, invalidations = NO_PEERS } = this.#options
    return new ClusterCollection(kind, store, this.#memory, invalidations)
  }

  /** Another proxy changed it. What is stale but no record is not ours. */
  forget({ account, container, object }: Stale): void {
    if (account !== RECORDS_ACCOUNT || container === undefined || object === undefined) return
    this.#memory.forget(`${container}/${object}`)
  }
}

class ClusterCollection<Value> implements RecordCollection<Value> {
  readonly #kind: RecordKind<Value>
  readonly #store: Store
  readonly #memory: RecordMemory
  readonly #invalidations: Invalidations

  constructor(kind: RecordKind<Value>, store: Store, memory: RecordMemory, invalidations: Invalidations) {
    this.#kind = kind
    this.#store = store
    this.#memory = memory
    this.#invalidations = invalidations
  }

  async read(
    context: OperationContext,
    key: string,
    freshness: 'remembered' | 'newest',
  ): Promise<RecordRead<Value>> {
    if (freshness === 'newest') return await this.#load(context, key)
    const read = this.#memory.get(this.#cacheKey(key), () => this.#load(uninterrupted(context), key))
    // What is remembered under this kind's name was decoded by this kind.
    return (await read) as RecordRead<Value>
  }

  async readListed(
    context: OperationContext,
    { key, etag }: Pick<ListedRecord, 'key' | 'etag'>,
  ): Promise<RecordRead<Value>> {
    const outcome = await this.#store.objects.read(context, this.#nameOf(key), ANY)
    if (outcome.kind === 'found') {
      const read = await this.#decoded(context, key, outcome)
      if (read.kind === 'found' && unquoted(outcome.headers['etag']) === etag) return read
    }
    return await this.#load(context, key)
  }

  async create(
    context: OperationContext,
    key: string,
    value: Value,
  ): Promise<FoundRecord<Value> | { readonly kind: 'exists' } | RecordFailure> {
    const written = await this.#write(context, key, value, undefined)
    return written.kind === 'refused' ? { kind: 'exists' } : written
  }

  async replace(
    context: OperationContext,
    { key, state }: FoundRecord<Value>,
    value: Value,
  ): Promise<FoundRecord<Value> | { readonly kind: 'changed' } | RecordFailure> {
    const written = await this.#write(context, key, value, state)
    return written.kind === 'refused' ? { kind: 'changed' } : written
  }

  async remove(
    context: OperationContext,
    { key, state }: FoundRecord<Value>,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'changed' } | RecordFailure> {
    const outcome = await this.#store.objects.delete(uninterrupted(context), this.#nameOf(key), {
      condition: { kind: 'unchanged', ...state },
      bestEffort: 'refused',
    })
    await this.#tell(key)
    if (outcome.kind === 'deleted') return { kind: 'removed' }
    return HAS_CHANGED.has(outcome.kind) ? { kind: 'changed' } : failureOf(outcome as StoreFailure)
  }

  async list(context: OperationContext, listing: RecordListing = {}): Promise<RecordPage | RecordFailure> {
    const { prefix, marker, limit = PAGE_LIMIT } = listing
    const container = { account: RECORDS_ACCOUNT, container: this.#kind.name }
    const outcome = await this.#store.containers.read(context, container, {
      listing: { prefix, marker, limit, reverse: false },
    })
    if (outcome.kind === 'no_such_container') return { kind: 'listed', records: [], next: undefined }
    if (outcome.kind !== 'found') return failureOf(outcome)
    const entries = outcome.page?.entries() ?? []
    const records = entries
      .filter((entry) => entry.kind === 'object')
      .map(({ name, etag, lastModified }) => ({ key: name, etag, lastModified }))
    return { kind: 'listed', records, next: entries.length < limit ? undefined : records.at(-1)?.key }
  }

  async changes(context: OperationContext, since: RecordMark | undefined): Promise<RecordChanges> {
    const container = { account: RECORDS_ACCOUNT, container: this.#kind.name }
    const read = await this.#store.containers.changes?.(context, container, since?.positions)
    if (read === undefined || read.kind === 'untold') return { kind: 'list', mark: undefined }
    const mark = { positions: read.positions }
    if (read.kind === 'list') return { kind: 'list', mark }
    const records = read.rows.map(({ name, etag, deleted }) => ({
      key: name,
      etag: deleted ? undefined : etag,
    }))
    return { kind: 'changes', records, mark }
  }

  async #load(context: OperationContext, key: string): Promise<RecordRead<Value>> {
    const name = this.#nameOf(key)
    let outcome = await this.#store.objects.read(context, name, AGREED)
    if (outcome.kind === 'no_such_container') {
      // It may be there by now, made by another proxy. To find out takes every node; to make it, a majority.
      const failure = await this.#makeContainer(context)
      if (failure !== undefined) return failure
      outcome = await this.#store.objects.read(context, name, AGREED)
    }
    if (outcome.kind === 'no_such_object' || outcome.kind === 'no_such_container') return { kind: 'absent' }
    if (outcome.kind === 'not_modified') throw new Error('a record was read without conditions')
    return outcome.kind === 'found' ? await this.#decoded(context, key, outcome) : failureOf(outcome)
  }

  async #decoded(
    context: OperationContext,
    key: string,
    { body, headers }: Extract<ObjectReadOutcome, { readonly kind: 'found' }>,
  ): Promise<RecordRead<Value>> {
    try {
      const decoded = decodeRecord(this.#kind, await readWhole(body, RECORD_BYTES_MAX))
      if (decoded.kind !== 'value') return this.#unreadable(context, key, decoded.reason)
      return { kind: 'found', key, value: decoded.value, state: seenIn(headers) }
    } catch (error) {
      return { kind: 'unavailable', reason: `a record could not be read to its end: ${String(error)}` }
    }
  }

  #unreadable(context: OperationContext, key: string, reason: string): RecordFailure {
    context.log.error({ record: `${this.#kind.name}/${key}`, reason }, 'a record is not understood')
    return { kind: 'unreadable', reason }
  }

  /** Only if it is `expected`; `undefined` expects nothing there. */
  async #write(
    context: OperationContext,
    key: string,
    value: Value,
    expected: RecordState | undefined,
  ): Promise<FoundRecord<Value> | { readonly kind: 'refused' } | RecordFailure> {
    const bytes = encodeRecord(this.#kind, value)
    const put = () =>
      this.#store.objects.put(uninterrupted(context), this.#nameOf(key), {
        body: bufferBody(bytes),
        contentType: RECORD_CONTENT_TYPE,
        expectedEtag: undefined,
        metadata: {},
        condition: expected === undefined ? { kind: 'absent' } : { kind: 'unchanged', ...expected },
        bestEffort: 'refused',
        limitBytes: RECORD_BYTES_MAX,
      })
    let outcome = await put()
    if (outcome.kind === 'no_such_container') {
      const failure = await this.#makeContainer(uninterrupted(context))
      if (failure !== undefined) return failure
      outcome = await put()
    }
    await this.#tell(key)
    if (outcome.kind === 'precondition_failed') return { kind: 'refused' }
    if (outcome.kind !== 'created') return failureOf(outcome)
    const { timestamp } = outcome
    const state = { writtenAt: timestamp, changedAt: timestamp }
    return { kind: 'found', key, value, state, etag: unquoted(outcome.etag) }
  }

  async #makeContainer(context: OperationContext): Promise<RecordFailure | undefined> {
    const container = { account: RECORDS_ACCOUNT, container: this.#kind.name }
    const made = await this.#store.containers.put(context, container, { changes: {}, policyIndex: undefined })
    const isThere = made.kind === 'created' || made.kind === 'updated'
    return isThere ? undefined : failureOf(made as StoreFailure)
  }

  /** Whatever became of the change: nobody may go on with what was before it. */
  async #tell(key: string): Promise<void> {
    this.#memory.forget(this.#cacheKey(key))
    await this.#invalidations.announce({
      account: RECORDS_ACCOUNT,
      container: this.#kind.name,
      object: key,
    })
    this.#memory.forget(this.#cacheKey(key))
  }

  #cacheKey(key: string): string {
    return `${this.#kind.name}/${key}`
  }

  #nameOf(key: string): ObjectName {
    assert(isRecordKey(key), 'a key of a record is 1 to 1024 bytes without NUL')
    return { account: RECORDS_ACCOUNT, container: this.#kind.name, object: key }
  }
}

function unquoted(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}

/** A client that goes away does not stop a change half-way, nor a read that others wait for. */
function uninterrupted({ txId, log }: OperationContext): OperationContext {
  return { txId, log, signal: undefined }
}

function failureOf(failure: StoreFailure): RecordFailure {
  if (failure.kind === 'unavailable' || failure.kind === 'undecided') return failure
  return { kind: 'unavailable', reason: `the store answered ${failure.kind} for a record` }
}
