/**
 * Object lock holds through every door: versions that are protected are not deleted, what is put gets the bucket's default
 * retention, and a bucket that locks its objects keeps their versions for good. A container that locks nothing costs a look
 * at its metadata, which are at hand.
 */
import type { Clock } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type { BucketSettings } from '../bucket-settings/bucket-settings.ts'
import { retentionByDefault } from '../bucket-settings/object-lock-rules.ts'
import type {
  ContainerInfo,
  ContainerName,
  ObjectName,
  OperationContext,
  Store,
  StoreFailure,
  StoreLayer,
} from '../contract.ts'
import { containersOver, objectsOver } from '../layering.ts'
import { ENABLED_HEADER, isSwitchedOn } from '../versions/container-versions.ts'
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
    /** Information of the container when it locks its objects. */
    const locking = async (
      context: OperationContext,
      { account, container }: ObjectName | ContainerName,
    ): Promise<ContainerInfo | undefined> => {
      const info = await containers.info(context, { account, container })
      return info !== undefined && locksObjects(info) ? info : undefined
    }
    const defaults = async (
      context: OperationContext,
      { account, container }: ObjectName,
      info: ContainerInfo,
    ): Promise<Readonly<Record<string, string>> | StoreFailure> => {
      const read = await settings.ofKnown(context, { account, container }, info)
      if (read.kind !== 'settings') return read
      const retention = retentionByDefault(read.documents.objectLock ?? {}, clock.wallMs())
      return retention === undefined ? {} : lockedWith({ retention, legalHold: undefined })
    }
    return {
      accounts: inner.accounts,
      containers: containersOver(containers, {
        put: async (context, name, put) =>
          mayEndVersions(put.changes) && (await locking(context, name)) !== undefined
            ? DENIED
            : containers.put(context, name, put),
        post: async (context, name, changes) =>
          mayEndVersions(changes) && (await locking(context, name)) !== undefined
            ? DENIED
            : containers.post(context, name, changes),
      }),
      objects: objectsOver(objects, {
        async put(context, name, put) {
          const info = saysHowLocked(put.metadata) ? undefined : await locking(context, name)
          if (info === undefined) return await objects.put(context, name, put)
          const given = await defaults(context, name, info)
          if (isFailure(given)) {
            await put.body.cancel()
            return given
          }
          return await objects.put(context, name, { ...put, metadata: { ...put.metadata, ...given } })
        },
        async delete(context, name, options) {
          const { versionId, governance = 'respected' } = options
          const isOne = versionId !== undefined && (await locking(context, name)) !== undefined
          const remove = () => objects.delete(context, name, options)
          if (!isOne) return await remove()
          const bypass = governance === 'bypassed' ? 'governance' : 'none'
          return await locks.delete(inner, context, { ...name, versionId }, bypass, remove)
        },
      }),
    }
  }
}

/** The change would have deletes and overwrites leave nothing behind, or takes the lock away. */
function mayEndVersions(changes: HeaderMap): boolean {
  const versions = changes[ENABLED_HEADER]
  return changes[LOCK_FLAG] === '' || (versions !== undefined && !isSwitchedOn(versions))
}

function isFailure(given: Readonly<Record<string, string>> | StoreFailure): given is StoreFailure {
  return 'kind' in given
}
