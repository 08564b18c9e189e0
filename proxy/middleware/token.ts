/**
 * Says who sends a request: verifies the token, if there is one of ours, and notes the principal. A token that is ours
 * by its looks and does not verify is refused at once; without a token the request goes on as an anonymous one. Where a
 * signature has settled what the request may do, no token is looked at.
 */
import type { Principal } from '#auth/principal.ts'
import type { TokenSeal } from '#auth/token-seal.ts'
import { realmOf, unauthorized } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

export function token(seal: TokenSeal, resellerPrefix: string): ProxyLayer {
  return (inner) => async (transaction) => {
    if (transaction.grant !== undefined) return inner(transaction)
    const { headers, path } = transaction.request
    const given = headers['x-auth-token'] ?? headers['x-storage-token']
    if (given === undefined || !given.startsWith(resellerPrefix)) return inner(transaction)
    const opened = seal.open(given)
    if (opened.kind === 'refused') return unauthorized(realmOf(path))
    const service = headers['x-service-token']
    transaction.principal =
      service === undefined ? opened.principal : withService(opened.principal, seal.open(service))
    return inner(transaction)
  }
}

/** A second token, of a service acting for the user, adds that service's groups. */
function withService(principal: Principal, service: ReturnType<TokenSeal['open']>): Principal {
  if (service.kind === 'refused') return principal
  return { ...principal, groups: [...principal.groups, ...service.principal.groups] }
}
