/** Where the bytes of images are: containers of the account of the records, which no client reaches. */
import type { ContainerName, OperationContext, Store } from '#store/contract.ts'
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
  const made = await store.containers.put(context, name, { changes: {}, policyIndex: undefined })
  return made.kind === 'created' || made.kind === 'updated' ? await write() : outcome
}
