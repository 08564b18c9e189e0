/**
 * Objects that are held are neither overwritten nor deleted, nor given an end, through any door: `in_use`. Where versions are
 * kept, only the deletion of a version takes bytes away. An upload or delete that had looked before the object was held may
 * still come to its end; whoever holds an object looks at it afterwards.
 */
import type { OperationContext, Store, StoreFailure, StoreLayer, VersionName } from '../contract.ts'
import { objectsOver } from '../layering.ts'
import { containerOf } from '../versions/written-container.ts'
import { HOLDS_FLAG, type ObjectHolds } from './object-holds.ts'

export function objectHolds(holds: ObjectHolds): StoreLayer {
  return (inner: Store): Store => {
    /** A container that this process believes to be missing fails by itself. */
    const refusal = async (
      context: OperationContext,
      { account, container, object }: VersionName,
      versionId: string | undefined,
    ): Promise<StoreFailure | undefined> => {
      const found = await containerOf(inner.containers, context, { account, container })
      if (found.kind === 'unavailable') return found
      if (found.kind !== 'known' || found.info.metadata[HOLDS_FLAG] === undefined) return undefined
      return await holds.refusal(context, { account, container, object, versionId })
    }
    return {
      ...inner,
      objects: objectsOver(inner.objects, {
        async put(context, name, put) {
          // Making a version the current one leaves all of them where they are.
          const refused = put.versionId === undefined ? await refusal(context, name, undefined) : undefined
          if (refused === undefined) return await inner.objects.put(context, name, put)
          await put.body.cancel()
          return refused
        },
        async post(context, name, post) {
          const isEnded = (post.metadata['x-delete-at'] ?? '') !== ''
          const refused = isEnded ? await refusal(context, name, post.versionId) : undefined
          return refused ?? (await inner.objects.post(context, name, post))
        },
        delete: async (context, name, options) =>
          (await refusal(context, name, options.versionId)) ??
          (await inner.objects.delete(context, name, options)),
      }),
    }
  }
}
