/**
 * The Swift API v1: which verb answers what, and the order of what comes before it. Name, method, permission, CORS, then
 * the verb, which turns the request into one typed operation of the store and renders its result.
 */
import type { Action } from '#auth/decision.ts'
import type { S3Action } from '#auth/s3/actions.ts'
import type { Request, Response } from '#http/message.ts'
import type { ContainerInfo } from '#store/contract.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'
import { answer } from '../answers.ts'
import type { ProxyHandler, Transaction } from '../transaction.ts'
import { checkAccountAclHeader } from './account-changes.ts'
import { accountDelete } from './account-delete.ts'
import { accountPost } from './account-post.ts'
import { accountPut } from './account-put.ts'
import { accountRead } from './account-read.ts'
import { decisionByRole, decisionOn, denialAnswer, permission } from './authorize.ts'
import { decideChange } from './container-authorize.ts'
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
import { deleteAction, readAction, versionIdIn } from './swift-actions.ts'
import { parseSwiftPath, type SwiftPath } from './swift-path.ts'
import type { Access, SwiftDoorDeps, Visit } from './visit.ts'

interface Route<Name> {
  readonly verb: (deps: SwiftDoorDeps, visit: Visit<Name>) => Promise<Response>
  /** What it is in the words of S3; `several`: by what the headers change; `none`: S3 has no word for it. */
  readonly action: S3Action | 'several' | 'none' | ((request: Request) => S3Action)
  /** The method by which the right to it is judged, if another. */
  readonly actsAs?: 'GET'
}

type Routes<Name> = ReadonlyMap<string, Route<Name>>

const readOf =
  (level: 'account' | 'container' | 'object') =>
  (request: Request): S3Action =>
    readAction(request, level)

const ACCOUNT_ROUTES: Routes<AccountName> = new Map([
  ['GET', { verb: accountRead, action: readOf('account') }],
  ['HEAD', { verb: accountRead, action: readOf('account') }],
  ['PUT', { verb: accountPut, action: 'none' }],
  ['POST', { verb: accountPost, action: 'none' }],
  ['DELETE', { verb: accountDelete, action: 'none' }],
])

const CONTAINER_ROUTES: Routes<ContainerName> = new Map([
  ['GET', { verb: containerRead, action: readOf('container') }],
  ['HEAD', { verb: containerRead, action: readOf('container') }],
  ['PUT', { verb: containerPut, action: 'several' }],
  ['POST', { verb: containerPost, action: 'several' }],
  ['DELETE', { verb: containerDelete, action: 's3:DeleteBucket' }],
])

const OBJECT_ROUTES: Routes<ObjectName> = new Map([
  ['GET', { verb: objectRead, action: readOf('object') }],
  ['HEAD', { verb: objectRead, action: readOf('object') }],
  ['PUT', { verb: objectPut, action: 's3:PutObject' }],
  ['POST', { verb: objectPost, action: 's3:PutObject' }],
  ['DELETE', { verb: objectDelete, action: deleteAction }],
  // The right to it is that to read the source; the verb asks for the target.
  ['COPY', { verb: objectCopy, action: readOf('object'), actsAs: 'GET' }],
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
  if (byRole?.kind === 'deny') return denialAnswer(transaction, byRole.status)
  return withCors(deps, transaction, name, async () => {
    const access = await accessOf(deps, transaction, name, route)
    return 'status' in access ? access : run(deps, transaction, name, route, access)
  })
}

/** What the sender may do here, or the answer that tells why nothing. */
async function accessOf<Name extends AnyName>(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: Name,
  { action, actsAs }: Route<Name>,
): Promise<Access | Response> {
  const { request } = transaction
  const by = transaction.isReseller ? 'reseller' : 'other'
  if (action === 'several') return decideChange(deps, transaction, name as ContainerName, by)
  const decision = await decisionOn(deps, transaction, {
    action: actionIn(action, request),
    name,
    versionId: versionIdIn(request),
    method: actsAs ?? request.method,
  })
  return 'status' in decision ? decision : { owner: decision.owner, by }
}

function actionIn(
  action: Exclude<Route<AnyName>['action'], 'several'>,
  request: Request,
): S3Action | undefined {
  if (action === 'none') return undefined
  return typeof action === 'function' ? action(request) : action
}

function run<Name extends AnyName>(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: Name,
  route: Route<Name>,
  access: Access,
): Promise<Response> {
  transaction.permits = (list, other) => permission(deps, transaction, name, list, other)
  const answerIt = (): Promise<Response> =>
    route.verb(deps, { name, request: transaction.request, transaction, access })
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
