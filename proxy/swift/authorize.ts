/**
 * Asks the one decision whether a visit may go on. What an owner may do is settled by roles and, where the container has
 * settings of S3's, by its policy; only what they leave open has lists looked up.
 */
import { type Action, type Decision, decideByRole } from '#auth/decision.ts'
import { decideByGrant } from '#auth/signed-grant.ts'
import type { Response } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { AccountName, ContainerName, ObjectName, Permission } from '#store/operation.ts'
import {
  type AskedFor,
  type Asker,
  askAccess,
  type DoorFacts,
  isKept,
  permissionFor,
} from '../access/ask-access.ts'
import { isPartOf } from '../access/own-parts.ts'
import { answer, realmOf, unauthorized } from '../answers.ts'
import type { Transaction } from '../transaction.ts'
import type { SwiftDoorDeps } from './visit.ts'

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

/** The decision by all notations, or the answer that tells why there is none. */
export async function decisionOn(
  { access }: SwiftDoorDeps,
  transaction: Transaction,
  asked: AskedFor,
): Promise<Extract<Decision, { readonly kind: 'allow' }> | Response> {
  const decision = await askAccess(access, askerOf(transaction), asked)
  switch (decision.kind) {
    case 'allow':
      return decision
    case 'deny':
      return denialAnswer(transaction, decision.status)
    case 'unavailable':
      return answer(503)
  }
}

/** The sender of a request to the Swift door. */
export function askerOf(transaction: Transaction): Asker {
  const { principal, grant, request } = transaction
  const { headers } = request
  return {
    context: transaction,
    principal,
    grant,
    referer: headers['referer'],
    pays: headers['x-amz-request-payer'] === 'requester' ? 'agreed' : undefined,
    facts: () => factsOf(transaction),
  }
}

/** Parameters of the Swift API by what S3 calls them. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['prefix', 'prefix'],
  ['delimiter', 'delimiter'],
  ['max-keys', 'limit'],
  ['versionId', 'version-id'],
])

function factsOf({ request }: Transaction): DoorFacts {
  const { values } = parseQuery(request.query)
  const { 'x-copy-from': copied, ...headers } = request.headers
  return {
    remoteAddress: request.remoteAddress,
    secure: request.secure,
    headers: copied === undefined ? headers : { ...headers, 'x-amz-copy-source': copied },
    query: (name) => values.get(PARAMETERS.get(name) ?? ''),
  }
}

/** Whether the sender may also read or write something that the operation leads to. */
export async function permission(
  { access }: SwiftDoorDeps,
  transaction: Transaction,
  visited: AccountName | ContainerName | ObjectName,
  list: 'read' | 'write',
  name: ObjectName | ContainerName,
): Promise<Permission> {
  const asker = askerOf(transaction)
  const isKeptFrom = list === 'write' && (await isKept(access, asker, name))
  // The visit to the object itself was allowed already.
  if (isPartOf(visited, name) && !isKeptFrom) return { kind: 'allowed' }
  return await permissionFor(access, asker, list, name)
}

/** 401 names the realm, 403 does not. */
export function denialAnswer(transaction: Transaction, status: 401 | 403): Response {
  return status === 401 ? unauthorized(realmOf(transaction.request.path)) : answer(403)
}
