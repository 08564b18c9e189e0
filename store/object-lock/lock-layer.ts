/**
 * Object lock holds through every door: versions that are protected are not deleted, what is put gets the bucket's default
 * retention, and a bucket that locks its objects keeps their versions for good. A container that locks nothing costs a look
 * at its metadata, which are at hand.
 */
import type { Clock } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type { BucketSettings } from '../bucket-settings/bucket-settings.ts'
import { retentionByDefault } from '../bucket-settings/object-lock-rules.ts'
import type { ContainerInfo, Store, StoreLayer } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { containersOver, objectsOver } from '../layering.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { ENABLED_HEADER, isSwitchedOn } from '../versions/container-versions.ts'
import { containerOf } from '../versions/written-container.ts'
import { LOCK_FLAG, lockedWith, locksObjects, saysHowLocked } from './lock-facts.ts'
import type { ObjectLocks } from './object-locks.ts'

export interface LockLayerOptions {
  readonly clock: Clock
  readonly settings: BucketSettings
  readonly locks: ObjectLocks
}

const DENIED = { kind: 'denied', status: 403 } as const satisfies StoreFailure

export function objectLockLayer({ clock, settings, locks }: LockLayerOptions): StoreLayer {
  return (inner: Store): Store => {
    const { containers, objects } = inner
    /** Information of the container when it locks its objects; nothing is written while nobody can tell. */
    const locking = async (
      context: OperationContext,
      { account, container }: ObjectName | ContainerName,
    ): Promise<Locking> => {
      const found = await containerOf(containers, context, { account, container })
      if (found.kind !== 'known') return found.kind === 'unavailable' ? found : NO_LOCKS
      return locksObjects(found.info) ? { kind: 'locks', info: found.info } : NO_LOCKS
    }
    /** What an object is locked with that is put without a lock of its own. */
    const defaults = async (
      context: OperationContext,
      name: ObjectName,
    ): Promise<Readonly<Record<string, string>> | StoreFailure> => {
      const found = await locking(context, name)
      if (found.kind !== 'locks') return found.kind === 'no_locks' ? {} : found
      const read = await settings.ofKnown(
        context,
        { account: name.account, container: name.container },
        found.info,
      )
      if (read.kind !== 'settings') return read
      const retention = retentionByDefault(read.documents.objectLock ?? {}, clock.wallMs())
      return retention === undefined ? {} : lockedWith({ retention, legalHold: undefined })
    }
    /** What is left of the locks of a container that has nothing in it. */
    const leftIn = async (context: OperationContext, name: ContainerName): Promise<readonly string[]> => {
      if ((await locking(context, name)).kind !== 'locks') return []
      const read = await containers.read(context, name, { newest: true })
      return read.kind === 'found' && read.info.objectCount === 0 ? await locks.leftIn(context, name) : []
    }
    const refusal = async (
      context: OperationContext,
      name: ContainerName,
      changes: HeaderMap,
    ): Promise<StoreFailure | undefined> => {
      if (!mayEndVersions(changes)) return undefined
      const found = await locking(context, name)
      if (found.kind === 'no_locks') return undefined
      return found.kind === 'locks' ? DENIED : found
    }
    return {
      accounts: inner.accounts,
      containers: containersOver(containers, {
        put: async (context, name, put) =>
          (await refusal(context, name, put.changes)) ?? containers.put(context, name, put),
        async delete(context, name) {
          const left = await leftIn(context, name)
          const deleted = await containers.delete(context, name)
          if (deleted.kind === 'deleted' && left.length > 0) await locks.removeLeft(context, left)
          return deleted
        },
        post: async (context, name, changes) =>
          (await refusal(context, name, changes)) ?? containers.post(context, name, changes),
      }),
      objects: objectsOver(objects, {
        async put(context, name, put) {
          const given = saysHowLocked(put.metadata) ? {} : await defaults(context, name)
          if (isFailure(given)) {
            await put.body.cancel()
            return given
          }
          return await objects.put(context, name, { ...put, metadata: { ...put.metadata, ...given } })
        },
        async delete(context, name, options) {
          const { versionId, governance = 'respected' } = options
          const remove = () => objects.delete(context, name, options)
          if (versionId === undefined) return await remove()
          const found = await locking(context, name)
          if (found.kind === 'no_locks') return await remove()
          if (found.kind !== 'locks') return found
          const bypass = governance === 'bypassed' ? 'governance' : 'none'
          return await locks.delete(inner, context, { ...name, versionId }, bypass, remove)
        },
      }),
    }
  }
}

type Locking =
  | { readonly kind: 'locks'; readonly info: ContainerInfo }
  | { readonly kind: 'no_locks' }
  | Extract<StoreFailure, { readonly kind: 'unavailable' }>

const NO_LOCKS: Locking = { kind: 'no_locks' }

/** The change would have deletes and overwrites leave nothing behind, or takes the lock away. */
function mayEndVersions(changes: HeaderMap): boolean {
  const versions = changes[ENABLED_HEADER]
  return changes[LOCK_FLAG] === '' || (versions !== undefined && !isSwitchedOn(versions))
}

function isFailure(given: Readonly<Record<string, string>> | StoreFailure): given is StoreFailure {
  return 'kind' in given
}
