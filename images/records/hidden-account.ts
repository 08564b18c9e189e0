/** Where the registry keeps its records and bytes: containers of an account that no door leads to. */
import type { ContainerName, OperationContext, Store } from '#store/contract.ts'

export const HIDDEN_ACCOUNT = '.martlet'

export function hiddenContainer(container: string): ContainerName {
  return { account: HIDDEN_ACCOUNT, container }
}

/** Makes the container if it is not there; tells whether it is there now. */
export async function ensureContainer(
  store: Store,
  context: OperationContext,
  name: ContainerName,
): Promise<boolean> {
  const made = await store.containers.put(context, name, { changes: {}, policyIndex: undefined })
  return made.kind === 'created' || made.kind === 'updated'
}

/** A write that makes its container on the way when that is missing. */
export async function intoContainer<Outcome extends { readonly kind: string }>(
  store: Store,
  context: OperationContext,
  name: ContainerName,
  write: () => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = await write()
  if (outcome.kind !== 'no_such_container') return outcome
  return (await ensureContainer(store, context, name)) ? await write() : outcome
}
