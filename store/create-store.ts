/** Puts the store together: the typed operations on accounts, containers and objects over one cluster. */
import { DIGEST_CAPABILITY, PROMISES_CAPABILITY } from '#base/extensions.ts'
import { Accounts } from './accounts.ts'
import { Containers } from './containers.ts'
import type { AccountInfo, ContainerInfo, Guarantees, ObjectOperations, Store } from './contract.ts'
import { type DeferPartsCheck, deferPartsCheck } from './deferred-checks.ts'
import { type DeferDeletes, deferDeletes } from './deferred-deletes.ts'
import { InfoCache, type SharedCache } from './info-cache.ts'
import { type Invalidations, NO_PEERS, type Stale } from './invalidations.ts'
import type { ObjectDeps } from './object-container.ts'
import { deleteObject } from './object-delete.ts'
import { postObject } from './object-post.ts'
import { putObject } from './object-put.ts'
import { readObject } from './object-read.ts'
import { StoreParts, type StorePartsOptions } from './store-parts.ts'

export interface StoreOptions extends StorePartsOptions {
  /** memcached, when configured. */
  readonly shared?: SharedCache | undefined
  readonly invalidations?: Invalidations | undefined
}

export interface CreatedStore extends Store {
  /** Drops what this process remembers of an account or container: what `invalidationHandler` calls. */
  forget(stale: Stale): void
  guarantees(): Guarantees
  /** For the layer of large objects: `deferred-deletes.ts`. */
  readonly deferDeletes: DeferDeletes
  /** For multipart uploads: `deferred-checks.ts`. */
  readonly deferPartsCheck: DeferPartsCheck
}

export function createStore(options: StoreOptions): CreatedStore {
  const parts = new StoreParts(options)
  const invalidations = options.invalidations ?? NO_PEERS
  const { clock, rules } = parts
  const { shared } = options
  const accountCache = new InfoCache<AccountInfo>({
    clock,
    kind: 'account',
    livesMs: rules.accountInfoMs,
    shared,
  })
  const containerCache = new InfoCache<ContainerInfo>({
    clock,
    kind: 'container',
    livesMs: rules.containerInfoMs,
    shared,
  })
  const accounts = new Accounts(parts, accountCache, invalidations)
  const containers = new Containers(parts, accounts, containerCache, invalidations)
  return {
    accounts,
    containers,
    objects: objectOperations({ parts, containers }),
    deferDeletes: (context, deletes) => deferDeletes(parts, context, deletes),
    deferPartsCheck: (context, check, when) => deferPartsCheck(parts, context, check, when),
    guarantees: () => ({
      listings: parts.client.anyLacks('container', DIGEST_CAPABILITY) ? 'eventual' : 'complete',
      conditionalWrites: parts.client.anyLacks('object', PROMISES_CAPABILITY) ? 'best_effort' : 'agreed',
    }),
    forget({ account, container }) {
      if (container === undefined) accountCache.forgetHere(account)
      else containerCache.forgetHere(`${account}/${container}`)
    },
  }
}

function objectOperations(deps: ObjectDeps): ObjectOperations {
  return {
    read: (context, name, options) => readObject(deps, context, name, options),
    put: (context, name, put) => putObject(deps, context, name, put),
    post: (context, name, post) => postObject(deps, context, name, post),
    delete: (context, name, options) => deleteObject(deps, context, name, options),
  }
}
