/**
 * Locks of single versions: what protects one now, changes of it, and deletes that respect it.
 *
 * An object has the lock it was put with until somebody changes it; from then on a record has it. A delete first claims the
 * version by a record of its own kind, then deletes it, then removes the record; a change of a lock is refused while a
 * version is claimed. Claim and change are agreed on by the primaries on top of what was read, and a change looks once
 * more whether the version is there when it is made: so of a hold and a delete at the same moment exactly one goes first.
 *
 * Whoever dies after a claim leaves a version that can be deleted once more, and after `CLAIM_MS` be locked again; whoever
 * dies before the record is removed leaves one that no version leads to, which costs a few bytes and says nothing about
 * any other version, because version ids do not come back.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import {
  type Bypass,
  mayDelete,
  mayReplaceRetention,
  type ObjectLock,
  type Retention,
  UNLOCKED,
} from '../bucket-settings/object-lock-rules.ts'
import type { ObjectDeleteOutcome, Store, VersionName } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { allKeys } from '../records/all-records.ts'
import type { FoundRecord, RecordCollection, RecordKind } from '../records/contract.ts'
import { changeRecord } from '../records/record-change.ts'
import { NULL_VERSION } from '../versions/version-names.ts'
import { lockIn } from './lock-facts.ts'

export interface LockRecord {
  readonly versionId: string
  readonly object: string
  readonly lock: ObjectLock
  /** When somebody claimed the version in order to delete it, milliseconds since the epoch. */
  readonly claimedMs?: number | undefined
}

export const OBJECT_LOCKS: RecordKind<LockRecord> = {
  name: 'object-locks',
  version: 1,
  parse: (written) => (isLockRecord(written) ? written : undefined),
}

/** A delete that claimed a version and did not end by then is over. Far longer than a delete takes. */
const CLAIM_MS = 60_000

const WITHOUT_VERSION =
  'An object that was put before its bucket kept versions cannot be locked; put it again'

const DENIED = { kind: 'denied', status: 403 } as const satisfies StoreFailure
const BUSY = { kind: 'undecided', reason: 'the version is being deleted' } as const satisfies StoreFailure

export type LockRead =
  /** `key`: of the record that has it, or would have it. */
  | { readonly kind: 'lock'; readonly lock: ObjectLock; readonly versionId: string; readonly key: string }
  /** `marker`: the version says that the object was deleted; it cannot be locked. */
  | { readonly kind: 'no_such_version'; readonly marker: boolean }
  | StoreFailure

export interface LockChange {
  /** `null` takes it away. */
  readonly retention?: Retention | null | undefined
  readonly legalHold?: 'ON' | 'OFF' | undefined
}

export interface ObjectLocksOptions {
  readonly clock: Clock
  readonly records: RecordCollection<LockRecord>
}

export class ObjectLocks {
  readonly #clock: Clock
  readonly #records: RecordCollection<LockRecord>

  constructor({ clock, records }: ObjectLocksOptions) {
    this.#clock = clock
    this.#records = records
  }

  /** What protects a version, the current one if none is named. */
  async of(store: Pick<Store, 'objects'>, context: OperationContext, name: VersionName): Promise<LockRead> {
    const { versionId, ...object } = name
    const read = await store.objects.read(context, object, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      versionId,
      manifest: 'as_stored',
      keyless: 'allowed',
    })
    const marker = read.trail?.isDeleteMarker === true
    if (read.kind === 'no_such_object') return { kind: 'no_such_version', marker }
    if (read.kind === 'not_modified') throw new Error('a lock was read without conditions')
    if (read.kind !== 'found') return read
    const found = read.trail?.versionId ?? versionId ?? NULL_VERSION
    const key = keyOf({ ...object, versionId: found })
    const record = await this.#records.read(context, key, 'newest')
    if (record.kind !== 'found' && record.kind !== 'absent') return record
    const lock = record.kind === 'found' ? record.value.lock : lockIn(read.headers)
    return { kind: 'lock', lock, versionId: found, key }
  }

  /** What protects a version that was put with a lock, and is known to be there; that one when nobody can tell more. */
  async ofKnown(context: OperationContext, name: VersionName, putWith: ObjectLock): Promise<ObjectLock> {
    const record = await this.#records.read(context, keyOf(name), 'newest')
    return record.kind === 'found' ? record.value.lock : putWith
  }

  /** Changes what protects a version, as far as it may be; `denied` where it may not. */
  async change(
    store: Pick<Store, 'objects'>,
    context: OperationContext,
    name: VersionName,
    wanted: LockChange,
    bypass: Bypass,
  ): Promise<{ readonly kind: 'changed' } | Exclude<LockRead, { readonly kind: 'lock' }>> {
    const read = await this.of(store, context, name)
    if (read.kind !== 'lock') return read
    const { versionId } = read
    // It becomes a version under another id when it is overwritten, and its record would stay behind.
    if (versionId === NULL_VERSION) return { kind: 'bad_request', reason: WITHOUT_VERSION }
    const written = await changeRecord<LockRecord, StoreFailure>(
      this.#records,
      context,
      read.key,
      (there) => {
        const nowMs = this.#clock.wallMs()
        if (there?.claimedMs !== undefined && nowMs - there.claimedMs < CLAIM_MS) {
          return { kind: 'refused', refusal: BUSY }
        }
        const before = there?.lock ?? read.lock
        const { retention } = wanted
        if (retention !== undefined && !mayReplaceRetention(before, retention ?? undefined, nowMs, bypass)) {
          return { kind: 'refused', refusal: DENIED }
        }
        return { kind: 'value', value: { versionId, object: name.object, lock: changed(before, wanted) } }
      },
    )
    if (written.kind === 'refused') return written.refusal
    if (written.kind !== 'found') return written
    // A delete may have claimed the version, deleted it and removed its record before ours was made.
    const after = await this.of(store, context, { ...name, versionId })
    if (after.kind !== 'no_such_version') return { kind: 'changed' }
    await this.#forget(context, written)
    return after
  }

  /** Deletes a version that nothing protects; `denied` when something does. */
  async delete(
    store: Pick<Store, 'objects'>,
    context: OperationContext,
    name: VersionName,
    bypass: Bypass,
    remove: () => Promise<ObjectDeleteOutcome>,
  ): Promise<ObjectDeleteOutcome> {
    const read = await this.of(store, context, name)
    // A mark that something was deleted cannot be locked; of what is not there the layers below say so.
    if (read.kind === 'no_such_version') return await remove()
    if (read.kind !== 'lock') return read
    const claim = await changeRecord<LockRecord, typeof DENIED>(this.#records, context, read.key, (there) => {
      const nowMs = this.#clock.wallMs()
      const lock = there?.lock ?? read.lock
      if (!mayDelete(lock, nowMs, bypass)) return { kind: 'refused', refusal: DENIED }
      const value = { versionId: read.versionId, object: name.object, lock, claimedMs: nowMs }
      return { kind: 'value', value }
    })
    if (claim.kind === 'refused') return claim.refusal
    if (claim.kind !== 'found') return claim
    const removed = await remove()
    if (removed.kind === 'deleted' || removed.kind === 'no_such_object') await this.#forget(context, claim)
    return removed
  }

  /** The records that a container without versions has left; those of a container made anew have other keys. */
  async leftIn(context: OperationContext, { account, container }: ContainerName): Promise<readonly string[]> {
    const keys = await allKeys(this.#records, context, `${account}/${container}/`)
    return 'kind' in keys ? [] : keys
  }

  /** Takes such records away. */
  async removeLeft(context: OperationContext, keys: readonly string[]): Promise<void> {
    const own = { ...context, signal: undefined }
    for (const key of keys) {
      const record = await this.#records.read(own, key, 'newest')
      if (record.kind === 'found') await this.#forget(own, record)
    }
  }

  async #forget(context: OperationContext, record: FoundRecord<LockRecord>): Promise<void> {
    const removed = await this.#records.remove({ ...context, signal: undefined }, record)
    if (removed.kind !== 'removed' && removed.kind !== 'changed') {
      context.log.warn(
        { record: record.key, reason: removed.reason },
        'the lock of a deleted version is left',
      )
    }
  }
}

function changed(before: ObjectLock, { retention, legalHold = before.legalHold }: LockChange): ObjectLock {
  const kept = retention === undefined ? before.retention : (retention ?? undefined)
  return kept === undefined ? { ...UNLOCKED, legalHold } : { retention: kept, legalHold }
}

/** Names of objects can be as long as keys: they are hashed. */
function keyOf({ account, container, object, versionId = NULL_VERSION }: VersionName): string {
  const digest = createHash('sha256').update(`${object}\0${versionId}`).digest('base64url')
  return `${account}/${container}/${digest}`
}

function isLockRecord(written: unknown): written is LockRecord {
  if (typeof written !== 'object' || written === null) return false
  const { versionId, object, lock } = written as Partial<Record<keyof LockRecord, unknown>>
  return (
    typeof versionId === 'string' && typeof object === 'string' && typeof lock === 'object' && lock !== null
  )
}
