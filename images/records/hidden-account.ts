/** Where the bytes of images are: containers of the account of the records, which no client reaches. */
import type { Store } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { RECORDS_ACCOUNT } from '#store/records/contract.ts'

export function hiddenContainer(container: string): ContainerName {
  return { account: RECORDS_ACCOUNT, container }
}

/** A write that makes its container on the way when that is missing. */
export async function intoContainer<Outcome extends { readonly kind: string }>(
  store: Store,
  context: OperationContext,
  name: ContainerName,
  write: () => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = await write()
  if (outcome.kind !== 'no_such_container' && outcome.kind !== 'no_such_account') return outcome
  return (await makeContainer(store, context, name)) ? await write() : outcome
}

/** Makes the container unless it is known to be there; for writes that cannot be repeated. */
export async function ensureContainer(
  store: Store,
  context: OperationContext,
  name: ContainerName,
): Promise<boolean> {
  if ((await store.containers.info(context, name)) !== undefined) return true
  return await makeContainer(store, context, name)
}

async function makeContainer(store: Store, context: OperationContext, name: ContainerName): Promise<boolean> {
  const { kind } = await store.containers.put(context, name, { changes: {}, policyIndex: undefined })
  return kind === 'created' || kind === 'updated'
}
