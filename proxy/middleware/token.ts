/**
 * Says who sends a request: verifies the token, if there is one of ours, and notes the principal. A token that is ours
 * by its looks and does not verify is refused at once; without a token the request goes on as an anonymous one. Where a
 * signature has settled what the request may do, no token is looked at.
 */
import { isAllowedBy } from '#auth/access-rules.ts'
import type { Directory } from '#auth/directory.ts'
import type { Principal } from '#auth/principal.ts'
import type { OpenedToken } from '#auth/token-seal.ts'
import type { Request } from '#http/message.ts'
import { realmOf, textAnswer, unauthorized } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

/** What whoever cannot be recognised at the moment is told. */
const NOT_NOW = 'The identity service is temporarily unavailable.'

export function token(directory: Directory, resellerPrefix: string): ProxyLayer {
  return (inner) => async (transaction) => {
    if (transaction.grant !== undefined) return inner(transaction)
    const { headers, path } = transaction.request
    const given = headers['x-auth-token'] ?? headers['x-storage-token']
    if (given === undefined || !given.startsWith(resellerPrefix)) return inner(transaction)
    // Most tokens are known at once; waiting for nothing would cost every request a turn.
    const open = directory.open(transaction, given)
    const opened = open instanceof Promise ? await open : open
    if (opened.kind === 'unavailable') return textAnswer(503, NOT_NOW)
    if (opened.kind === 'refused') return unauthorized(realmOf(path))
    const token = headers['x-service-token']
    const service = token === undefined ? undefined : await directory.open(transaction, token)
    if (!isLetThrough(opened.principal, service, transaction.request)) return unauthorized(realmOf(path))
    transaction.principal = service === undefined ? opened.principal : withService(opened.principal, service)
    return inner(transaction)
  }
}

/** By the rules of the user's token; what a service asks for on behalf of the user was let through where the user asked. */
function isLetThrough(
  { accessRules }: Principal,
  service: OpenedToken | undefined,
  request: Pick<Request, 'method' | 'path'>,
): boolean {
  if (accessRules === undefined || isAllowedBy(accessRules, request)) return true
  return service?.kind === 'valid' && isService(service.principal)
}

function isService({ keystone, accessRules }: Principal): boolean {
  return accessRules === undefined && keystone?.roles.includes(SERVICE_ROLE) === true
}

/** Keystone, `service_token_roles`. */
const SERVICE_ROLE = 'service'

/** A second token, of a service acting for the user, adds that service's groups. */
function withService(principal: Principal, service: OpenedToken): Principal {
  if (service.kind !== 'valid') return principal
  return { ...principal, groups: [...principal.groups, ...service.principal.groups] }
}
