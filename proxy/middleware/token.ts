/**
 * Says who sends a request: verifies the token, if there is one of ours, and notes the principal. A token that is ours
 * by its looks and does not verify is refused at once; without a token the request goes on as an anonymous one. Where a
 * signature has settled what the request may do, no token is looked at.
 */
import type { Directory } from '#auth/directory.ts'
import type { Principal } from '#auth/principal.ts'
import type { OpenedToken } from '#auth/token-seal.ts'
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
    const service = headers['x-service-token']
    transaction.principal =
      service === undefined
        ? opened.principal
        : withService(opened.principal, await directory.open(transaction, service))
    return inner(transaction)
  }
}

/** A second token, of a service acting for the user, adds that service's groups. */
function withService(principal: Principal, service: OpenedToken): Principal {
  if (service.kind !== 'valid') return principal
  return { ...principal, groups: [...principal.groups, ...service.principal.groups] }
}
