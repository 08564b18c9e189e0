/**
 * Small records in a container of the hidden account, one object each. A record is written only on top of the version
 * that the writer has read, by the store's conditional writes: of two writers exactly one wins, through any proxy.
 */
import { bufferBody, readWhole } from '#http/message.ts'
import type { ContainerName, ObjectName, OperationContext, Store, WriteCondition } from '#store/contract.ts'
import { type SeenTimes, seenIn } from '#store/object-state.ts'
import { intoContainer } from './hidden-account.ts'

/** Longest record, bytes. */
const RECORD_BYTES = 4 * 1024 * 1024
/** Names asked for at once; the most that a container server gives. */
const PAGE = 10_000

export type RecordRead =
  | { readonly kind: 'found'; readonly bytes: Buffer; readonly version: SeenTimes }
  | { readonly kind: 'absent' }
  /** Whether there is such a record is not known now. */
  | { readonly kind: 'unavailable'; readonly reason: string }

export type RecordWrite =
  | { readonly kind: 'written'; readonly etag: string }
  /** Somebody else was first. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface RecordWriteOptions {
  /** What the record is written on top of: nothing, what was read, or whatever is there. */
  readonly over: 'nothing' | 'anything' | SeenTimes
  /** Seconds since the epoch at which the record goes by itself. */
  readonly expiresAt?: number | undefined
}

export interface ListedRecord {
  readonly key: string
  /** Changes with the record. */
  readonly etag: string
}

export class RecordShelf {
  readonly #store: Store
  readonly #container: ContainerName

  constructor(store: Store, container: ContainerName) {
    this.#store = store
    this.#container = container
  }

  /** The newest version, by a majority. */
  async read(context: OperationContext, key: string): Promise<RecordRead> {
    const options = { method: 'GET', conditions: {}, newest: true } as const
    const read = await this.#store.objects.read(context, this.#name(key), options)
    switch (read.kind) {
      case 'found': {
        const bytes = await readWhole(read.body, RECORD_BYTES)
        return { kind: 'found', bytes, version: seenIn(read.headers) }
      }
      case 'no_such_object':
      case 'no_such_container':
      case 'no_such_account':
        return { kind: 'absent' }
      default:
        return { kind: 'unavailable', reason: read.kind }
    }
  }

  async write(
    context: OperationContext,
    key: string,
    bytes: Buffer,
    { over, expiresAt }: RecordWriteOptions,
  ): Promise<RecordWrite> {
    const put = await intoContainer(this.#store, context, this.#container, () =>
      this.#store.objects.put(context, this.#name(key), {
        body: bufferBody(bytes),
        contentType: 'application/json',
        expectedEtag: undefined,
        metadata: expiresAt === undefined ? {} : { 'x-delete-at': String(Math.ceil(expiresAt)) },
        condition: conditionOf(over),
        limitBytes: RECORD_BYTES,
      }),
    )
    if (put.kind === 'created') return { kind: 'written', etag: put.etag }
    if (put.kind === 'precondition_failed' || put.kind === 'conflict') return { kind: 'changed' }
    return { kind: 'unavailable', reason: put.kind }
  }

  /** Removes the record, whatever version it has; tells whether it is gone. */
  async remove(context: OperationContext, key: string): Promise<boolean> {
    const { kind } = await this.#store.objects.delete(context, this.#name(key), {})
    return kind === 'deleted' || kind === 'no_such_object' || kind === 'no_such_container'
  }

  /** All records whose keys begin so; `undefined` when they cannot be known now. */
  async list(context: OperationContext, prefix = ''): Promise<readonly ListedRecord[] | undefined> {
    const records: ListedRecord[] = []
    for (let marker: string | undefined; ; ) {
      const page = await this.#page(context, prefix, marker)
      if (page === undefined) return undefined
      records.push(...page)
      if (page.length < PAGE) return records
      marker = page.at(-1)?.key
    }
  }

  async #page(
    context: OperationContext,
    prefix: string,
    marker: string | undefined,
  ): Promise<readonly ListedRecord[] | undefined> {
    const listing = { prefix, marker, limit: PAGE, reverse: false }
    const read = await this.#store.containers.read(context, this.#container, { listing })
    if (read.kind === 'no_such_container' || read.kind === 'no_such_account') return []
    if (read.kind !== 'found') return undefined
    const entries = read.page?.entries() ?? []
    return entries.flatMap((entry) =>
      entry.kind === 'object' ? [{ key: entry.name, etag: entry.etag }] : [],
    )
  }

  #name(key: string): ObjectName {
    return { ...this.#container, object: key }
  }
}

function conditionOf(over: RecordWriteOptions['over']): WriteCondition | undefined {
  if (over === 'anything') return undefined
  return over === 'nothing' ? { kind: 'absent' } : { kind: 'unchanged', ...over }
}
