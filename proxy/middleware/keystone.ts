/**
 * Says who sends a request with a token of Keystone, and which service sends it for whom (`X-Service-Token`). A token that
 * Keystone does not know makes the request an anonymous one, as in OpenStack Swift; while Keystone cannot be asked, the
 * answer is 503, whatever the request is for.
 */
import { isAllowedBy } from '#auth/access-rules.ts'
import type { TokenValidator, Validation } from '#auth/keystone/keystone-client.ts'
import { type KeystoneRules, keystonePrincipal, mayBringExpired } from '#auth/keystone/keystone-rules.ts'
import { PROJECT_DOMAIN_HEADER, PROJECT_DOMAIN_SYSMETA } from '#auth/keystone/project-domain.ts'
import type { Principal } from '#auth/principal.ts'
import { headerOf, type Request, type Response } from '#http/message.ts'
import { textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

export interface KeystoneParts {
  readonly tokens: TokenValidator
  readonly rules: KeystoneRules
  /** Where clients get tokens; told with every 401. */
  readonly publicUrl: string
}

type Asked = Pick<Request, 'headers' | 'method' | 'path'>

type Sender =
  | { readonly kind: 'known'; readonly principal: Principal }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'unavailable' }

const ANONYMOUS: Sender = { kind: 'anonymous' }
const UNAVAILABLE: Sender = { kind: 'unavailable' }
const UNAVAILABLE_TEXT = 'The Keystone service is temporarily unavailable.'

export function keystone({ tokens, rules, publicUrl }: KeystoneParts): ProxyLayer {
  return (inner) => async (transaction) => {
    if (transaction.principal === undefined && transaction.grant === undefined) {
      const sender = await senderOf(transaction.request, tokens, rules)
      if (sender.kind === 'unavailable') return textAnswer(503, UNAVAILABLE_TEXT)
      if (sender.kind === 'known') transaction.principal = sender.principal
    }
    return withKeystoneHeaders(await inner(transaction), publicUrl)
  }
}

async function senderOf(request: Asked, tokens: TokenValidator, rules: KeystoneRules): Promise<Sender> {
  const { headers } = request
  const token = headers['x-auth-token'] ?? headers['x-storage-token']
  if (token === undefined || token === '') return ANONYMOUS
  const serviceToken = headers['x-service-token']
  if (serviceToken === undefined || serviceToken === '') {
    const user = await tokens.validate(token, 'refused')
    return isLetThrough(user, request) ? senderFrom(user, undefined, rules) : ANONYMOUS
  }
  const service = await tokens.validate(serviceToken, 'refused')
  // Who sends a service's token that is none is nobody, as in Swift.
  if (service.kind !== 'valid') return service.kind === 'invalid' ? ANONYMOUS : UNAVAILABLE
  const isService = mayBringExpired(service.token, rules) && service.token.accessRules === undefined
  const user = await tokens.validate(token, isService ? 'accepted' : 'refused')
  // What a service asks for on behalf of a user was let through where the user asked.
  return isService || isLetThrough(user, request) ? senderFrom(user, service, rules) : ANONYMOUS
}

/** By the rules of the application credential that the token was got with, if it has any. */
function isLetThrough(user: Validation, request: Asked): boolean {
  const rules = user.kind === 'valid' ? user.token.accessRules : undefined
  return rules === undefined || isAllowedBy(rules, request)
}

function senderFrom(
  user: Validation,
  service: Extract<Validation, { readonly kind: 'valid' }> | undefined,
  rules: KeystoneRules,
): Sender {
  if (user.kind === 'unavailable') return UNAVAILABLE
  if (user.kind === 'invalid') return ANONYMOUS
  return { kind: 'known', principal: keystonePrincipal(user.token, service?.token, rules) }
}

/** The domain of an account's project, and to those who are refused where tokens come from. */
function withKeystoneHeaders(response: Response, publicUrl: string): Response {
  const domain = headerOf(response, PROJECT_DOMAIN_SYSMETA)
  if (response.status !== 401 && domain === undefined) return response
  const headers = { ...response.headers }
  if (domain !== undefined) headers[PROJECT_DOMAIN_HEADER] = domain
  if (response.status === 401) headers['www-authenticate'] = challenges(response, publicUrl)
  return { status: response.status, headers, body: response.body }
}

function challenges({ headers }: Response, publicUrl: string): readonly string[] {
  const own = headers['www-authenticate']
  const before = own === undefined ? [] : typeof own === 'string' ? [own] : own
  return [...before, `Keystone uri="${publicUrl}"`]
}
