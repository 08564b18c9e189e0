/**
 * What the cluster keeps for itself is out of reach: whatever a client or a feature asks of the account of the records
 * comes to nothing here, just above the core store, whoever asks and through whatever door, link or copy. The cluster's own
 * records go to the core store directly.
 */
import type { Store } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { RECORDS_ACCOUNT } from '../records/contract.ts'

const NO_ACCOUNT = { kind: 'no_such_account' } as const satisfies StoreFailure
const NO_CONTAINER = { kind: 'no_such_container' } as const satisfies StoreFailure
const DENIED = { kind: 'denied', status: 403 } as const satisfies StoreFailure

export function hiddenAccounts({ accounts, containers, objects }: Store): Store {
  return {
    accounts: {
      info: (context, name) => (isHidden(name) ? Promise.resolve(undefined) : accounts.info(context, name)),
      read: (context, name, options) =>
        isHidden(name) ? Promise.resolve(NO_ACCOUNT) : accounts.read(context, name, options),
      put: (context, name, changes) =>
        isHidden(name) ? Promise.resolve(DENIED) : accounts.put(context, name, changes),
      post: (context, name, changes) =>
        isHidden(name) ? Promise.resolve(DENIED) : accounts.post(context, name, changes),
      delete: (context, name) => (isHidden(name) ? Promise.resolve(DENIED) : accounts.delete(context, name)),
    },
    containers: {
      info: (context, name) => (isHidden(name) ? Promise.resolve(undefined) : containers.info(context, name)),
      read: (context, name, options) =>
        isHidden(name) ? Promise.resolve(NO_CONTAINER) : containers.read(context, name, options),
      put: (context, name, put) =>
        isHidden(name) ? Promise.resolve(DENIED) : containers.put(context, name, put),
      post: (context, name, changes) =>
        isHidden(name) ? Promise.resolve(DENIED) : containers.post(context, name, changes),
      delete: (context, name) =>
        isHidden(name) ? Promise.resolve(DENIED) : containers.delete(context, name),
    },
    objects: {
      read: (context, name, options) =>
        isHidden(name) ? Promise.resolve(NO_CONTAINER) : objects.read(context, name, options),
      put: (context, name, put) =>
        isHidden(name) ? put.body.cancel().then(() => DENIED) : objects.put(context, name, put),
      post: (context, name, post) =>
        isHidden(name) ? Promise.resolve(DENIED) : objects.post(context, name, post),
      delete: (context, name, options) =>
        isHidden(name) ? Promise.resolve(DENIED) : objects.delete(context, name, options),
    },
  }
}

function isHidden({ account }: { readonly account: string }): boolean {
  return account === RECORDS_ACCOUNT
}
