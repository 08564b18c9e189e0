/**
 * The identity service: a request to `/identity/…` in, an answer out. It finds the route, says who asks and whether they may,
 * reads the body, and leaves the rest to the one handler of the route (`routes.ts`).
 */
import { isAllowedBy } from '#auth/access-rules.ts'
import { decodePercent } from '#base/names.ts'
import { BodyError, type Request, type Response, readWhole } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import { forbidden, json, refusal, unauthenticated, unavailable } from './answers.ts'
import { hasRole, isOverseer, isService } from './identified.ts'
import { rulesOf } from './model/access-rules.ts'
import { isObject, type Members } from './model/written.ts'
import { type Match, type Route, routeOf } from './routes.ts'
import type { Caller, ServiceParts, Visit } from './visit.ts'

export const IDENTITY_PATH = '/identity'

/** Keystone, `max_request_body_size`. */
const BODY_BYTES_MAX = 114_688

export type IdentityService = (request: Request, context: OperationContext) => Promise<Response>

export function identityService(parts: ServiceParts): IdentityService {
  return async (request, context) => {
    const match = routeOf(request.method, segmentsOf(request.path))
    if (match.kind !== 'route') {
      await request.body.cancel()
      return unrouted(match)
    }
    const body = await bodyOf(request)
    if (!('members' in body)) return body
    const hostUrl = hostUrlOf(request, parts.urlScheme)
    const url = `${hostUrl}${IDENTITY_PATH}/v3`
    const caller = await callerFor(parts, context, request, match.route)
    if (caller === 'unavailable') return unavailable()
    if (caller === undefined && match.route.access !== 'anyone') return unauthenticated(url)
    if (!mayPass(match, caller)) return forbidden()
    const visit: Visit = {
      parts,
      context,
      request,
      caller,
      named: match.named,
      query: new URLSearchParams(request.query),
      body: body.members,
      url,
      self: hostUrl + request.path + (request.query === '' ? '' : `?${request.query}`),
      hostUrl,
    }
    return await match.route.handler(visit)
  }
}

function segmentsOf(path: string): readonly string[] {
  const rest = path.slice(path.indexOf(IDENTITY_PATH) + IDENTITY_PATH.length)
  return rest
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => decodePercent(segment) ?? segment)
}

function unrouted(match: Exclude<Match, { readonly kind: 'route' }>): Response {
  if (match.kind === 'no_such_path') return refusal(404, 'The resource could not be found.')
  const response = refusal(405, 'The method is not allowed for the requested URL.')
  return { ...response, headers: { ...response.headers, allow: match.allowed.join(', ') } }
}

async function callerFor(
  { opener }: ServiceParts,
  context: OperationContext,
  request: Request,
  { access }: Route,
): Promise<Caller | undefined | 'unavailable'> {
  const token = request.headers['x-auth-token']
  if (access === 'anyone' || token === undefined) return undefined
  const opened = await opener.open(context, token, 'refused')
  if (opened.kind === 'unavailable') return 'unavailable'
  if (opened.kind !== 'valid') return undefined
  const { user, applicationCredential } = opened.identified
  const rules = rulesOf(user.value, applicationCredential)
  return rules === undefined || isAllowedBy(rules, request) ? opened : undefined
}

function mayPass({ route, named }: Extract<Match, { readonly kind: 'route' }>, caller?: Caller): boolean {
  switch (route.access) {
    case 'anyone':
    case 'known':
      return true
    case 'admin':
      return caller !== undefined && hasRole(caller.identified, 'admin')
    case 'service':
      return caller !== undefined && isService(caller.identified)
    case 'overseer':
      return caller !== undefined && isOverseer(caller.identified)
    case 'self':
      return (
        caller !== undefined &&
        (hasRole(caller.identified, 'admin') || caller.identified.user.id === named['user'])
      )
  }
}

/** No body is an empty object. */
async function bodyOf(request: Request): Promise<{ readonly members: Members } | Response> {
  try {
    const bytes = await readWhole(request.body, BODY_BYTES_MAX)
    if (bytes.length === 0) return { members: {} }
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(parsed) ? { members: parsed } : refusal(400, 'The body must be a JSON object')
  } catch (error) {
    if (error instanceof SyntaxError) return refusal(400, 'The body is not JSON')
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE') {
      return refusal(413, `The body may have ${BODY_BYTES_MAX} bytes`)
    }
    if (error instanceof BodyError) return json(400, {})
    throw error
  }
}

function hostUrlOf({ secure, headers }: Request, scheme: ServiceParts['urlScheme']): string {
  const own = secure ? 'https' : 'http'
  return `${scheme === 'default' ? own : scheme}://${headers['host'] ?? 'localhost'}`
}
