/**
 * Asks `auth/decision.ts` whether a visit may go on, and fetches what the decision needs only when roles do not settle
 * it: the owner of an account costs no look-up.
 */
import { ACCOUNT_ACL_SYSMETA, parseAccountAcl } from '#auth/account-acl.ts'
import { type ContainerAcl, parseAcl } from '#auth/container-acl.ts'
import { type Action, type Decision, decideByLists, decideByRole } from '#auth/decision.ts'
import type { KeystoneIdentity } from '#auth/keystone/keystone-rules.ts'
import { namesCount, PROJECT_DOMAIN_SYSMETA } from '#auth/keystone/project-domain.ts'
import { decideByGrant } from '#auth/signed-grant.ts'
import type { Response } from '#http/message.ts'
import type { ContainerInfo, ContainerName, ObjectName, Permission } from '#store/contract.ts'
import { answer, realmOf, unauthorized } from '../answers.ts'
import type { Transaction } from '../transaction.ts'
import type { SwiftDoorDeps } from './visit.ts'

/** Which of the container's lists can admit to a verb. */
export type ListThatAdmits = 'read' | 'write' | 'none'

/** What a signature or roles settle; `undefined` leaves it to the lists. */
export function decisionByRole(
  { options }: SwiftDoorDeps,
  transaction: Transaction,
  action: Action,
): Decision | undefined {
  const { grant, principal } = transaction
  return grant === undefined
    ? decideByRole(principal, action, options.resellers)
    : decideByGrant(grant, action)
}

/** What the lists settle, of which only those that matter are fetched. */
export async function decisionByLists(
  { store }: SwiftDoorDeps,
  transaction: Transaction,
  action: Action,
  list: ListThatAdmits,
): Promise<Decision> {
  const { account, container } = action
  const { principal, request } = transaction
  const hasList = list !== 'none' && container !== undefined
  const containerInfo = hasList ? await store.containers.info(transaction, { account, container }) : undefined
  const byContainer = decideByLists(principal, action, {
    containerAcl: containerInfo === undefined ? undefined : aclOf(containerInfo, list),
    accountAcl: undefined,
    referer: request.headers['referer'],
  })
  // Only someone known can be on an account's list.
  if (byContainer.kind === 'allow' || principal === undefined) return byContainer
  if (principal.keystone !== undefined) {
    const acl = containerInfo === undefined ? undefined : aclOf(containerInfo, list)
    return await decisionByNames({ store, transaction, action, identity: principal.keystone, acl })
  }
  const accountInfo = await store.accounts.info(transaction, { account })
  return decideByLists(principal, action, {
    containerAcl: undefined,
    accountAcl: parseAccountAcl(accountInfo?.metadata[ACCOUNT_ACL_SYSMETA]),
    referer: undefined,
  })
}

interface NamedUser {
  readonly store: SwiftDoorDeps['store']
  readonly transaction: Transaction
  readonly action: Action
  readonly identity: KeystoneIdentity
  readonly acl: ContainerAcl | undefined
}

/** The account is looked at only where a name in the list would admit. */
async function decisionByNames({ store, transaction, action, identity, acl }: NamedUser): Promise<Decision> {
  const { account } = action
  const decided = decideByLists(transaction.principal, action, {
    containerAcl: acl,
    accountAcl: undefined,
    referer: undefined,
    names: 'count',
  })
  if (decided.kind === 'deny') return decided
  const info = await store.accounts.info(transaction, { account })
  const stored = {
    account,
    exists: info !== undefined && info.state !== 'not_yet_created',
    domainId: info?.metadata[PROJECT_DOMAIN_SYSMETA],
  }
  return namesCount(identity, stored) ? decided : { kind: 'deny', status: 403 }
}

/** Whether the sender may also read or write something that the operation leads to. */
export async function permission(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  list: 'read' | 'write',
  { account, container, object }: ObjectName | ContainerName,
): Promise<Permission> {
  const action: Action = { method: list === 'read' ? 'GET' : 'PUT', account, container, object }
  const decision =
    decisionByRole(deps, transaction, action) ?? (await decisionByLists(deps, transaction, action, list))
  return decision.kind === 'allow' ? { kind: 'allowed' } : { kind: 'denied', status: decision.status }
}

function aclOf(info: ContainerInfo, list: ListThatAdmits): ContainerAcl {
  return parseAcl(list === 'read' ? info.readAcl : info.writeAcl)
}

/** 401 names the realm, 403 does not. */
export function denialAnswer(transaction: Transaction, status: 401 | 403): Response {
  return status === 401 ? unauthorized(realmOf(transaction.request.path)) : answer(403)
}
