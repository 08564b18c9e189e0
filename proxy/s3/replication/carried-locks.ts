/**
 * Retention and legal hold of a version that change after it was replicated change at its replicas, too, as its tags do
 * (`carried-facts.ts`). A replica that is locked more strictly stays so.
 */

import type { ObjectLock } from '#store/bucket-settings/object-lock-rules.ts'
import type { Store, VersionName } from '#store/contract.ts'
import { locksObjects } from '#store/object-lock/lock-facts.ts'
import type { LockChange, ObjectLocks } from '#store/object-lock/object-locks.ts'
import type { OperationContext } from '#store/operation.ts'
import type { S3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { atReplicas, type Carried, replicaHeaders } from './replicas.ts'

/** How often source and replica are compared while others change them. */
const TRIES = 8

export type LockMember = 'retention' | 'legalHold'

export interface CarriedLock {
  readonly source: VersionName
  readonly target: VersionName
  /** What of the lock. */
  readonly members: readonly LockMember[]
}

export async function carryLock(
  { store, locks }: { readonly store: Store; readonly locks: ObjectLocks },
  context: OperationContext,
  { source, target, members }: CarriedLock,
): Promise<Carried> {
  const { account, container } = target
  const info = await store.containers.info(context, { account, container })
  if (info === undefined || !locksObjects(info)) return 'absent'
  const replica = await replicaHeaders(store, context, source, target)
  if (typeof replica === 'string') return replica
  for (let tries = 0; tries < TRIES; tries += 1) {
    const there = await locks.of(store, context, target)
    const here = await locks.of(store, context, source)
    if (here.kind === 'no_such_version' || there.kind === 'no_such_version') return 'absent'
    if (here.kind !== 'lock' || there.kind !== 'lock') return 'unavailable'
    const change = changeTo(here.lock, there.lock, members)
    if (change === undefined) return 'carried'
    const { kind } = await locks.change(store, context, target, change, 'governance')
    if (kind === 'denied' || kind === 'no_such_version') return 'absent'
    if (kind !== 'changed') return 'unavailable'
  }
  return 'unavailable'
}

/** `undefined`: the replica is locked as its source is. */
function changeTo(
  source: ObjectLock,
  replica: ObjectLock,
  members: readonly LockMember[],
): LockChange | undefined {
  const change: { retention?: LockChange['retention']; legalHold?: 'ON' | 'OFF' } = {}
  const [wanted, there] = [source.retention, replica.retention]
  const isSame = wanted?.mode === there?.mode && wanted?.until === there?.until
  if (members.includes('retention') && !isSame) change.retention = wanted ?? null
  const held = source.legalHold ?? 'OFF'
  if (members.includes('legalHold') && held !== (replica.legalHold ?? 'OFF')) change.legalHold = held
  return Object.keys(change).length === 0 ? undefined : change
}

/** What a lock has that a replica that was just made may lack. */
export function membersOf({ retention, legalHold }: ObjectLock): readonly LockMember[] {
  const held: readonly LockMember[] = legalHold === 'ON' ? ['legalHold'] : []
  return retention === undefined ? held : ['retention', ...held]
}

/** After a change of the lock of a version: its replicas have it, too, or the request is to be made again. */
export async function carryLockChange(
  visit: S3Visit,
  version: VersionName,
  members: readonly LockMember[],
): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  const { store, locks } = deps
  const read = version.versionId === undefined ? await locks.of(store, transaction, version) : undefined
  const versionId = read?.kind === 'lock' ? read.versionId : version.versionId
  return await atReplicas(visit, versionId, ({ source, target }) =>
    carryLock({ store, locks }, transaction, { source, target, members }),
  )
}
