/**
 * Notes, with every request that may create or change an account, the domain of its project in Keystone. It travels as
 * system metadata of the request, which no client can send past the gatekeeper.
 */
import { PROJECT_DOMAIN_SYSMETA, projectDomainToStore } from '#auth/keystone/project-domain.ts'
import type { HeaderMap } from '#http/message.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'
import type { Transaction } from '../transaction.ts'
import type { SwiftDoorDeps } from './visit.ts'

/** `undefined`: there is nothing to note, and nothing to wait for. */
export function tellProjectDomain(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  { account, container, object }: AccountName | ContainerName | ObjectName,
): Promise<void> | undefined {
  if (transaction.principal?.keystone === undefined || object !== undefined) return undefined
  const { method } = transaction.request
  if (method !== 'PUT' && (method !== 'POST' || container !== undefined)) return undefined
  return tell(deps, transaction, account)
}

async function tell({ store }: SwiftDoorDeps, transaction: Transaction, account: string): Promise<void> {
  const identity = transaction.principal?.keystone
  const info = await store.accounts.info(transaction, { account })
  const exists = info !== undefined && info.state !== 'not_yet_created'
  const domainId = info?.metadata[PROJECT_DOMAIN_SYSMETA]
  const value = identity && projectDomainToStore(identity, { account, exists, domainId })
  if (value === undefined) return
  const { request } = transaction
  transaction.request = { ...request, headers: { ...request.headers, [PROJECT_DOMAIN_SYSMETA]: value } }
}

/** What the account is given of it, by a request to it or by the container that brings it into being. */
export function projectDomainIn(headers: HeaderMap): HeaderMap | undefined {
  const value = headers[PROJECT_DOMAIN_SYSMETA]
  return value === undefined ? undefined : { [PROJECT_DOMAIN_SYSMETA]: value }
}
