/**
 * Objects that are held are neither overwritten nor deleted, nor given an end, through any door: `in_use`. Where versions are
 * kept, only the deletion of a version takes bytes away. An upload or delete that had looked before the object was held may
 * still come to its end; whoever holds an object looks at it afterwards.
 */
import type { Store, StoreLayer } from '../contract.ts'
import type { DeferDeletes } from '../deferred-deletes.ts'
import { objectsOver } from '../layering.ts'
import type { ObjectHolds } from './object-holds.ts'

export function objectHolds(holds: ObjectHolds): StoreLayer {
  return (inner: Store): Store => {
    return {
      ...inner,
      objects: objectsOver(inner.objects, {
        async put(context, name, put) {
          // Making a version the current one leaves all of them where they are.
          const refused = put.versionId === undefined ? await holds.refusal(context, name) : undefined
          if (refused === undefined) return await inner.objects.put(context, name, put)
          await put.body.cancel()
          return refused
        },
        async post(context, name, post) {
          const isEnded = (post.metadata['x-delete-at'] ?? '') !== ''
          const { versionId } = post
          const refused = isEnded ? await holds.refusal(context, { ...name, versionId }) : undefined
          return refused ?? (await inner.objects.post(context, name, post))
        },
        delete: async (context, name, options) =>
          (await holds.refusal(context, { ...name, versionId: options.versionId })) ??
          (await inner.objects.delete(context, name, options)),
      }),
    }
  }
}

/** Deletes that are left to the expirer, unless something among them is held. */
export function deferringNotHeld(
  holds: ObjectHolds | undefined,
  defer: DeferDeletes | undefined,
): DeferDeletes | undefined {
  if (holds === undefined || defer === undefined) return defer
  return async (context, deletes) => {
    const free = await holds.notHeld(
      context,
      deletes.names.map((name) => ({ name })),
    )
    return free.length === deletes.names.length ? await defer(context, deletes) : { kind: 'in_use' }
  }
}
