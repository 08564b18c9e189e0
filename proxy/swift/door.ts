/**
 * The Swift API v1: which verb answers what, and the order of what comes before it. Name, method, permission, CORS, then
 * the verb, which turns the request into one typed operation of the store and renders its result.
 */
import type { Action } from '#auth/decision.ts'
import type { Response } from '#http/message.ts'
import type { AccountName, ContainerInfo, ContainerName, ObjectName } from '#store/contract.ts'
import { answer } from '../answers.ts'
import type { ProxyHandler, Transaction } from '../transaction.ts'
import { checkAccountAclHeader } from './account-changes.ts'
import { accountDelete } from './account-delete.ts'
import { accountPost } from './account-post.ts'
import { accountPut } from './account-put.ts'
import { accountRead } from './account-read.ts'
import {
  decisionByLists,
  decisionByRole,
  denialAnswer,
  type ListThatAdmits,
  permission,
} from './authorize.ts'
import { containerDelete } from './container-delete.ts'
import { containerPost } from './container-post.ts'
import { containerPut } from './container-put.ts'
import { containerRead } from './container-read.ts'
import { optionsAnswer, toldInRefusals, withCorsHeaders } from './cors.ts'
import { objectCopy } from './object-copy.ts'
import { objectDelete } from './object-delete.ts'
import { objectPost } from './object-post.ts'
import { objectPut } from './object-put.ts'
import { objectRead } from './object-read.ts'
import { tellProjectDomain } from './project-domain.ts'
import { parseSwiftPath, type SwiftPath } from './swift-path.ts'
import type { SwiftDoorDeps, Visit } from './visit.ts'

interface Route<Name> {
  readonly verb: (deps: SwiftDoorDeps, visit: Visit<Name>) => Promise<Response>
  /** The container's access list that can admit to this verb. */
  readonly list: ListThatAdmits
  /** The method by which the right to it is judged, if another. */
  readonly actsAs?: 'GET'
}

type Routes<Name> = ReadonlyMap<string, Route<Name>>

const ACCOUNT_ROUTES: Routes<AccountName> = new Map([
  ['GET', { verb: accountRead, list: 'none' }],
  ['HEAD', { verb: accountRead, list: 'none' }],
  ['PUT', { verb: accountPut, list: 'none' }],
  ['POST', { verb: accountPost, list: 'none' }],
  ['DELETE', { verb: accountDelete, list: 'none' }],
])

const CONTAINER_ROUTES: Routes<ContainerName> = new Map([
  ['GET', { verb: containerRead, list: 'read' }],
  ['HEAD', { verb: containerRead, list: 'read' }],
  ['PUT', { verb: containerPut, list: 'none' }],
  ['POST', { verb: containerPost, list: 'none' }],
  ['DELETE', { verb: containerDelete, list: 'none' }],
])

const OBJECT_ROUTES: Routes<ObjectName> = new Map([
  ['GET', { verb: objectRead, list: 'read' }],
  ['HEAD', { verb: objectRead, list: 'read' }],
  ['PUT', { verb: objectPut, list: 'write' }],
  ['POST', { verb: objectPost, list: 'write' }],
  ['DELETE', { verb: objectDelete, list: 'write' }],
  // The right to it is that to read the source; the verb asks for the target.
  ['COPY', { verb: objectCopy, list: 'read', actsAs: 'GET' }],
])

/** Which methods only resellers may use, and only where accounts are managed through the API. */
const MANAGES_ACCOUNTS: ReadonlySet<string> = new Set(['PUT', 'DELETE'])

/** The door: finds the verb of a request and lets it answer. */
export function swiftDoor(deps: SwiftDoorDeps): ProxyHandler {
  const accountRoutes = deps.options.allowAccountManagement
    ? ACCOUNT_ROUTES
    : new Map([...ACCOUNT_ROUTES].filter(([method]) => !MANAGES_ACCOUNTS.has(method)))
  return async (transaction) => {
    const path = parseSwiftPath(transaction.path)
    switch (path.kind) {
      case 'object':
        return visit(deps, transaction, path.name, OBJECT_ROUTES)
      case 'container':
        return visit(deps, transaction, path.name, CONTAINER_ROUTES)
      case 'account':
        return visit(deps, transaction, path.name, accountRoutes)
      case 'refused':
        return path.response
    }
  }
}

type AnyName = Extract<SwiftPath, { readonly name: unknown }>['name']

async function visit<Name extends AnyName>(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: Name,
  routes: Routes<Name>,
): Promise<Response> {
  const { method } = transaction.request
  const route = routes.get(method)
  if (route === undefined) return withoutRoute(deps, transaction, name, [...routes.keys(), 'OPTIONS'])
  const badAcl = checkAccountAclHeader(transaction.request.headers)
  if (badAcl !== undefined) return badAcl
  const { account, container, object } = name
  const action: Action = { method: route.actsAs ?? method, account, container, object }
  const byRole = decisionByRole(deps, transaction, action)
  if (byRole !== undefined) {
    if (byRole.kind === 'deny') return denialAnswer(transaction, byRole.status)
    return withCors(deps, transaction, name, () => run(deps, transaction, name, route, byRole.owner))
  }
  const byLists = async (): Promise<Response> => {
    const decision = await decisionByLists(deps, transaction, action, route.list)
    if (decision.kind === 'deny') return denialAnswer(transaction, decision.status)
    return run(deps, transaction, name, route, decision.owner)
  }
  return withCors(deps, transaction, name, byLists)
}

function run<Name extends AnyName>(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: Name,
  route: Route<Name>,
  owner: boolean,
): Promise<Response> {
  transaction.permits = (list, other) => permission(deps, transaction, list, other)
  const answerIt = (): Promise<Response> =>
    route.verb(deps, {
      name,
      request: transaction.request,
      transaction,
      access: { owner, by: transaction.isReseller ? 'reseller' : 'other' },
    })
  const told = tellProjectDomain(deps, transaction, name)
  return told === undefined ? answerIt() : told.then(answerIt)
}

/** OPTIONS, which everyone may ask, and methods that the resource does not have. */
async function withoutRoute(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: AnyName,
  methods: readonly string[],
): Promise<Response> {
  const { request } = transaction
  if (request.method !== 'OPTIONS') return answer(405, { allow: toldInRefusals(methods) })
  const { account, container, object } = name
  const decision = decisionByRole(deps, transaction, { method: 'OPTIONS', account, container, object })
  if (decision?.kind === 'deny') return denialAnswer(transaction, decision.status)
  if (container === undefined) return answer(200, { allow: methods.join(', '), 'content-length': '0' })
  const isPreflight = request.headers['origin'] !== undefined
  const info = isPreflight ? await deps.store.containers.info(transaction, { account, container }) : undefined
  return optionsAnswer(request, methods, info, deps.options)
}

async function withCors(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: AnyName,
  answerIt: () => Promise<Response>,
): Promise<Response> {
  const { origin } = transaction.request.headers
  const { account, container } = name
  if (origin === undefined || origin === '' || container === undefined) return answerIt()
  const info: ContainerInfo | undefined = await deps.store.containers.info(transaction, {
    account,
    container,
  })
  return withCorsHeaders(await answerIt(), origin, info, deps.options)
}
