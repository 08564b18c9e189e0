/**
 * The older way of keeping versions (OpenStack Swift, `common/middleware/versioned_writes/legacy.py`): what is overwritten is
 * copied into another container, which its owner names and sees. Stored as Swift stores it.
 */
import { MemoryBudget } from '#cluster/memory-budget.ts'
import type { ObjectOperations, Store, StoreLayer } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { FeatureDeps } from '../features.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { archivedContainers } from './archive-container.ts'
import { deleteWithMark } from './archived-delete.ts'
import { putArchived } from './archived-put.ts'
import { deleteAndRestore } from './archived-restore.ts'
import { type Archive, archiveIn } from './kept-versions.ts'
import { NULL_VERSION } from './version-names.ts'
import { containerOf } from './written-container.ts'

export function archives({ timestamps }: Pick<FeatureDeps, 'timestamps'>): StoreLayer {
  return (inner) => ({
    accounts: inner.accounts,
    containers: archivedContainers(inner.containers),
    objects: archivedObjects(inner, timestamps),
  })
}

function archivedObjects(inner: Store, timestamps: FeatureDeps['timestamps']): ObjectOperations {
  const { objects, containers } = inner
  const deps = { objects, timestamps }
  const heldBodies = new MemoryBudget()
  return {
    read: (context, name, options) => objects.read(context, name, options),
    post: (context, name, post) => objects.post(context, name, post),
    async put(context, name, put) {
      if (isOfVersion(put)) return await objects.put(context, name, put)
      const archive = await archiveOf(inner, context, name)
      if (archive === undefined) return await objects.put(context, name, put)
      if ('container' in archive) {
        const write = { deps, containers, context, name, archive: archive.container }
        return await putArchived(write, put, heldBodies)
      }
      await put.body.cancel()
      return archive
    },
    async delete(context, name, options) {
      if (isOfVersion(options)) return await objects.delete(context, name, options)
      const archive = await archiveOf(inner, context, name)
      if (archive === undefined) return await objects.delete(context, name, options)
      if (!('container' in archive)) return archive
      const write = { deps, containers, context, name, archive: archive.container }
      return archive.onDelete === 'mark'
        ? await deleteWithMark(write, options)
        : await deleteAndRestore(write, containers, options)
    },
  }
}

/** Of a version of the newer way: what is current is not meant, and nothing of it is to be kept. */
function isOfVersion({ versionId }: { readonly versionId?: string | undefined }): boolean {
  return versionId !== undefined && versionId !== NULL_VERSION
}

async function archiveOf(
  { containers }: Store,
  context: OperationContext,
  name: ObjectName,
): Promise<Archive | undefined | Extract<StoreFailure, { readonly kind: 'unavailable' }>> {
  const found = await containerOf(containers, context, name)
  if (found.kind === 'unavailable') return found
  return found.kind === 'known' ? archiveIn(found.info.metadata) : undefined
}
