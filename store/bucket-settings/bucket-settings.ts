/**
 * Settings of buckets: one record of the hidden account per bucket that has any, and a flag in the container's system
 * metadata that says so. A bucket without the flag has no settings and costs nothing; of a bucket with it the settings are
 * remembered for as long as what is remembered of the container, so that a change reaches every proxy as fast as a change
 * of the container does (within a second; `store/invalidations.ts`).
 *
 * A change: 1. the flag, if it is not there · 2. the record, by agreement, on top of what was read · 3. the flag once more,
 * which has all proxies forget. Whoever dies after the first step leaves a flag that leads to nothing; after the second, a
 * change that nobody was told is made, which is seen when memories expire. Deleting a bucket: the container, and its flag
 * with it, then the record (`settings-layer.ts`). A record that was left behind belongs to no container: the next bucket of
 * that name begins without a flag, and its first change replaces what belongs to an earlier one.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerInfo, Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import type { RecordCollection, RecordFailure, RecordKind } from '../records/contract.ts'
import { changeRecord } from '../records/record-change.ts'
import { type BucketDocuments, NO_DOCUMENTS } from './documents.ts'

/** Says that the bucket has settings; its value is the number of the last change. */
export const SETTINGS_FLAG = 'x-container-sysmeta-s3-settings'

/** What is stored of one bucket. */
export interface SettingsRecord {
  /** Counts the changes. */
  readonly generation: number
  /** When the container came into being that this belongs to. */
  readonly containerSince: Timestamp
  readonly documents: BucketDocuments
}

export const BUCKET_SETTINGS: RecordKind<SettingsRecord> = {
  name: 'bucket-settings',
  version: 1,
  parse: (written) => (isSettingsRecord(written) ? written : undefined),
}

export type SettingsRead =
  | { readonly kind: 'settings'; readonly documents: BucketDocuments }
  | Extract<StoreFailure, { readonly kind: 'no_such_container' | 'unavailable' }>

/** What a change makes of the documents, or why it makes nothing of them. */
export type DocumentsChange<Refusal> =
  | { readonly kind: 'documents'; readonly documents: BucketDocuments }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export type SettingsChanged<Refusal> =
  | { readonly kind: 'changed'; readonly documents: BucketDocuments }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | Extract<StoreFailure, { readonly kind: 'no_such_container' }>
  | StoreFailure

const NOTHING_SET = { kind: 'settings', documents: NO_DOCUMENTS } as const satisfies SettingsRead

export class BucketSettings {
  readonly #containers: Store['containers']
  readonly #records: RecordCollection<SettingsRecord>
  /** By what is remembered of the container: both are forgotten together. */
  readonly #remembered = new WeakMap<ContainerInfo, Promise<SettingsRead>>()

  /** `containers`: of the store that clients write through, whose memory is the one that is invalidated. */
  constructor(containers: Store['containers'], records: RecordCollection<SettingsRecord>) {
    this.#containers = containers
    this.#records = records
  }

  /** What is configured, at most as old as what is remembered of the container. */
  async of(context: OperationContext, name: ContainerName): Promise<SettingsRead> {
    const info = await this.#containers.info(context, name)
    return info === undefined ? { kind: 'no_such_container' } : this.ofKnown(context, name, info)
  }

  /** The same, of a container whose information is at hand. */
  ofKnown(context: OperationContext, name: ContainerName, info: ContainerInfo): Promise<SettingsRead> {
    if (!hasSettings(info)) return Promise.resolve(NOTHING_SET)
    const known = this.#remembered.get(info)
    if (known !== undefined) return known
    const reading = this.#read(context, name)
    this.#remembered.set(info, reading)
    void reading.then((read) => {
      if (read.kind !== 'settings') this.#remembered.delete(info)
    })
    return reading
  }

  /** Makes a change on top of whatever is there; `change` may be called several times and must be pure. */
  async change<Refusal = never>(
    context: OperationContext,
    name: ContainerName,
    change: (documents: BucketDocuments) => DocumentsChange<Refusal>,
  ): Promise<SettingsChanged<Refusal>> {
    const found = await this.#containers.read(context, name, { newest: true })
    if (found.kind !== 'found') return found
    const isFirst = !hasSettings(found.info)
    if (isFirst) {
      const flagged = await this.#flag(context, name, 0)
      if (flagged.kind !== 'updated') return flagged
    }
    const containerSince = found.info.statusChangedAt
    const written = await changeRecord(this.#records, context, keyOf(name), (there) => {
      const isForeign = isFirst && there?.containerSince !== containerSince
      const before = there === undefined || isForeign ? NO_DOCUMENTS : there.documents
      const wanted = change(before)
      if (wanted.kind === 'refused') return wanted
      const generation = (there?.generation ?? 0) + 1
      return { kind: 'value', value: { generation, containerSince, documents: wanted.documents } }
    })
    if (written.kind === 'refused') return written
    // Also when it is not known whether the change was made: whoever reads now is to see it.
    const generation = written.kind === 'found' ? written.value.generation : 0
    const told = await this.#flag(context, name, generation)
    if (written.kind !== 'found') return asStoreFailure(written)
    return told.kind === 'updated' ? { kind: 'changed', documents: written.value.documents } : told
  }

  /** Removes what is stored of a bucket that is gone; what belongs to one that was made anew since stays. */
  async remove(
    context: OperationContext,
    name: ContainerName,
  ): Promise<{ readonly kind: 'removed' | 'in_use' } | StoreFailure> {
    const read = await this.#records.read(context, keyOf(name), 'newest')
    if (read.kind === 'absent') return { kind: 'removed' }
    if (read.kind !== 'found') return asStoreFailure(read)
    const container = await this.#containers.read(context, name, { newest: true })
    if (container.kind === 'found' && hasSettings(container.info)) return { kind: 'in_use' }
    if (container.kind !== 'found' && container.kind !== 'no_such_container') return container
    const removed = await this.#records.remove(context, read)
    if (removed.kind === 'removed') return removed
    // Somebody made the bucket anew, and configured it.
    return removed.kind === 'changed' ? { kind: 'in_use' } : asStoreFailure(removed)
  }

  async #read(context: OperationContext, name: ContainerName): Promise<SettingsRead> {
    const read = await this.#records.read({ ...context, signal: undefined }, keyOf(name), 'newest')
    if (read.kind === 'found') return { kind: 'settings', documents: read.value.documents }
    return read.kind === 'absent' ? NOTHING_SET : { kind: 'unavailable', reason: read.reason }
  }

  #flag(
    context: OperationContext,
    name: ContainerName,
    generation: number,
  ): Promise<{ readonly kind: 'updated' } | StoreFailure> {
    return this.#containers.post(context, name, { [SETTINGS_FLAG]: String(generation) })
  }
}

export function hasSettings({ metadata }: ContainerInfo): boolean {
  const flag = metadata[SETTINGS_FLAG]
  return flag !== undefined && flag !== ''
}

/** Neither name has a slash. */
export function keyOf({ account, container }: ContainerName): string {
  return `${account}/${container}`
}

/** The bucket whose settings a record has; `undefined` of a key that is none. */
export function bucketOfKey(key: string): ContainerName | undefined {
  const [account, container, ...more] = key.split('/')
  return account === undefined || container === undefined || more.length > 0
    ? undefined
    : { account, container }
}

function asStoreFailure(failure: RecordFailure): StoreFailure {
  return failure.kind === 'unreadable' ? { kind: 'unreadable', reason: failure.reason } : failure
}

function isSettingsRecord(written: unknown): written is SettingsRecord {
  if (typeof written !== 'object' || written === null) return false
  const { generation, containerSince, documents } = written as Partial<Record<keyof SettingsRecord, unknown>>
  return (
    typeof generation === 'number' &&
    typeof containerSince === 'string' &&
    typeof documents === 'object' &&
    documents !== null
  )
}
