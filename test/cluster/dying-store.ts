/** A process that dies in the middle of an operation: the store it works through stops before a given step. */
import type { Store } from '#store/contract.ts'

export const DIED = new Error('the process died')

/** Steps before `step` (the first is 1) are taken; from then on nothing is sent any more. */
export function dyingAt(core: Store, step: number): Store {
  let taken = 0
  const take = <Result>(work: () => Promise<Result>): Promise<Result> => {
    taken += 1
    return taken >= step ? Promise.reject(DIED) : work()
  }
  const { accounts, containers, objects } = core
  return {
    accounts,
    containers: {
      info: (context, name) => containers.info(context, name),
      read: (context, name, options) => take(() => containers.read(context, name, options)),
      put: (context, name, put) => take(() => containers.put(context, name, put)),
      post: (context, name, changes) => take(() => containers.post(context, name, changes)),
      delete: (context, name) => take(() => containers.delete(context, name)),
    },
    objects: {
      read: (context, name, options) => take(() => objects.read(context, name, options)),
      put: (context, name, put) => take(() => objects.put(context, name, put)),
      post: (context, name, post) => take(() => objects.post(context, name, post)),
      delete: (context, name, options) => take(() => objects.delete(context, name, options)),
    },
  }
}
