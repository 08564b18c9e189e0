/**
 * Settings go with their bucket, through whatever door it is deleted: first the container, which fails while there are
 * objects in it, then the record. Whoever dies in between leaves a record that no container leads to; deleting once more, or
 * configuring the next bucket of that name, takes it away.
 */
import type { Store, StoreLayer } from '../contract.ts'
import { containersOver } from '../layering.ts'
import { type BucketSettings, hasSettings } from './bucket-settings.ts'

export function bucketSettingsLayer(settings: BucketSettings): StoreLayer {
  return (inner: Store): Store => ({
    accounts: inner.accounts,
    objects: inner.objects,
    containers: containersOver(inner.containers, {
      async delete(context, name) {
        const info = await inner.containers.info(context, name)
        const deleted = await inner.containers.delete(context, name)
        const isGone = deleted.kind === 'deleted' || deleted.kind === 'no_such_container'
        if (!isGone || (info !== undefined && !hasSettings(info))) return deleted
        const removed = await settings.remove({ ...context, signal: undefined }, name)
        if (removed.kind !== 'removed')
          context.log.warn({ container: name, reason: removed.kind }, 'settings of a deleted bucket are left')
        return deleted
      },
    }),
  })
}
