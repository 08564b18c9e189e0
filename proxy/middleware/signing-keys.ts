/**
 * The keys with which an owner signs temporary URLs and forms: two of the account and two of the container, so that one
 * can be replaced while URLs made with the other still work.
 */
import type { AccountOperations, ContainerOperations } from '#store/contract.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'

export interface SigningKey {
  readonly key: Buffer
  /** What was signed with it may lead no further than this. */
  readonly reach: 'account' | 'container'
}

/** What is asked for keys; answers come from the proxy's cache. */
export interface KeyDirectory {
  readonly accounts: Pick<AccountOperations, 'info'>
  readonly containers: Pick<ContainerOperations, 'info'>
}

const SUFFIXES = ['temp-url-key', 'temp-url-key-2'] as const

/** All keys that may have signed a request to this container; none when neither it nor its account has one. */
export async function signingKeys(
  { accounts, containers }: KeyDirectory,
  context: OperationContext,
  { account, container }: ContainerName,
): Promise<readonly SigningKey[]> {
  const [ofAccount, ofContainer] = await Promise.all([
    accounts.info(context, { account }),
    containers.info(context, { account, container }),
  ])
  return SUFFIXES.flatMap((suffix) => [
    ...keyIn(ofAccount?.metadata[`x-account-meta-${suffix}`], 'account'),
    ...keyIn(ofContainer?.metadata[`x-container-meta-${suffix}`], 'container'),
  ])
}

function keyIn(value: string | undefined, reach: SigningKey['reach']): readonly SigningKey[] {
  return value === undefined || value === '' ? [] : [{ key: Buffer.from(value, 'latin1'), reach }]
}
