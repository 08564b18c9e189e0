/** The operations of a layer: those it changes are its own, the others are those of the store below. */
import type { AccountOperations, ContainerOperations, ObjectOperations } from './contract.ts'

export function accountsOver(inner: AccountOperations, own: Partial<AccountOperations>): AccountOperations {
  return {
    info: (context, name) => inner.info(context, name),
    read: (context, name, options) => inner.read(context, name, options),
    put: (context, name, changes) => inner.put(context, name, changes),
    post: (context, name, changes) => inner.post(context, name, changes),
    delete: (context, name) => inner.delete(context, name),
    ...own,
  }
}

export function containersOver(
  inner: ContainerOperations,
  own: Partial<ContainerOperations>,
): ContainerOperations {
  return {
    info: (context, name) => inner.info(context, name),
    read: (context, name, options) => inner.read(context, name, options),
    put: (context, name, put) => inner.put(context, name, put),
    post: (context, name, changes) => inner.post(context, name, changes),
    delete: (context, name) => inner.delete(context, name),
    ...own,
  }
}

export function objectsOver(inner: ObjectOperations, own: Partial<ObjectOperations>): ObjectOperations {
  return {
    read: (context, name, options) => inner.read(context, name, options),
    put: (context, name, put) => inner.put(context, name, put),
    post: (context, name, post) => inner.post(context, name, post),
    delete: (context, name, options) => inner.delete(context, name, options),
    ...own,
  }
}
