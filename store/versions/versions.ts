/**
 * Versions of objects (OpenStack Swift, `common/middleware/versioned_writes/object_versioning.py`): in a container that keeps
 * them, every PUT makes one and every DELETE leaves them; each can be read, listed, brought back and deleted. Stored as
 * Swift stores them. A container without versions costs a look at its metadata, which are at hand.
 */
import type { AccountOperations, StoreLayer } from '../contract.ts'
import type { FeatureDeps } from '../features.ts'
import { readAccount } from './account-listing.ts'
import { versionedContainers } from './versioned-containers.ts'
import { versionedObjects } from './versioned-objects.ts'

export function versions({ timestamps }: Pick<FeatureDeps, 'timestamps'>): StoreLayer {
  return (inner) => ({
    accounts: accountOperations(inner.accounts),
    containers: versionedContainers(inner, timestamps),
    objects: versionedObjects(inner, timestamps),
  })
}

function accountOperations(inner: AccountOperations): AccountOperations {
  return {
    info: (context, name) => inner.info(context, name),
    put: (context, name, changes) => inner.put(context, name, changes),
    post: (context, name, changes) => inner.post(context, name, changes),
    delete: (context, name) => inner.delete(context, name),
    read: (context, name, options) =>
      options.listing === undefined
        ? inner.read(context, name, options)
        : readAccount(inner, context, name, options.listing),
  }
}
