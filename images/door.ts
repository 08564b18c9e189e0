/**
 * The Images API v2 at `/image`: finds the route of a request, says who asks, reads the body that the route takes, and
 * renders what the verb gives back (OpenStack Glance; what differs is in `docs/images.md`).
 */
import { decodePercent } from '#base/names.ts'
import { BodyError, type Request, type Response, readWhole } from '#http/message.ts'
import { refusalAnswer } from './answers.ts'
import { callerOf } from './caller.ts'
import { corsHeaders, isPreflight, preflightAnswer } from './cors.ts'
import { IMAGE_PREFIX } from './image-path.ts'
import { JSON_BODY_BYTES } from './limits.ts'
import { readParameters } from './query/parameters.ts'
import { badRequest, notFound, overLimit, Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'
import { ROUTES } from './routes.ts'
import type { ImageRoute } from './verbs/route.ts'
import { isVersionSegment, versionsAnswer } from './versions.ts'
import type { ImageCall } from './visit.ts'

/** Longest request id that a client may choose, characters. */
const REQUEST_ID_LENGTH = 64

export type ImageDoor = (call: ImageCall) => Promise<Response>

export function imageDoor(registry: Registry): ImageDoor {
  const origins = registry.options.corsAllowOrigin
  return async (call) => {
    const { request } = call
    if (isPreflight(request)) return preflightAnswer(request, origins)
    const answer = await answerTo(registry, call)
    const response = answer instanceof Refusal ? refusalAnswer(answer, request.headers['accept']) : answer
    const headers = { ...response.headers, ...corsHeaders(request, origins), ...requestId(call) }
    return { ...response, headers }
  }
}

/** The id by which clients tell of a request: their own, or ours, in the form of OpenStack Glance. */
function requestId({ request, txId }: ImageCall): Readonly<Record<string, string>> {
  const own = request.headers['x-openstack-request-id']
  const id = own === undefined || own.length > REQUEST_ID_LENGTH ? txId : own
  return { 'x-openstack-request-id': id.startsWith('req-') ? id : `req-${id}` }
}

async function answerTo(registry: Registry, call: ImageCall): Promise<Response | Refusal> {
  const { request } = call
  if ((request.headers['x-openstack-request-id']?.length ?? 0) > REQUEST_ID_LENGTH) {
    return new Refusal(431, `A request id has at most ${REQUEST_ID_LENGTH} characters.`)
  }
  const segments = segmentsOf(request.path)
  if (segments === undefined) return badRequest('The path is not UTF-8.')
  const baseUrl = baseUrlOf(request)
  const [version, ...rest] = isVersionInHeader(request) ? ['v2', ...segments] : segments
  if (version === 'healthcheck') return HEALTHY
  if (version === undefined) return versionsAnswer(300, registry, baseUrl)
  if (version === 'versions') return versionsAnswer(200, registry, baseUrl)
  if (!isVersionSegment(version)) return versionsAnswer(300, registry, baseUrl)
  const found = findRoute(rest, request.method)
  if (found instanceof Refusal) return found
  const { principal } = call
  if (principal === undefined) return unauthenticated(baseUrl)
  const caller = callerOf(principal, registry.options.accountPrefixes)
  return await visit(registry, call, { ...found, caller, baseUrl })
}

/** `application/vnd.openstack.images-v2…` chooses the version where the path does not. */
function isVersionInHeader({ headers, path }: Request): boolean {
  const isChosen = headers['accept']?.startsWith('application/vnd.openstack.images-v2') === true
  return isChosen && !/^\/image\/v\d/.test(path)
}

/** For whoever watches the service; the proxy has one of its own. */
const HEALTHY: Response = {
  status: 200,
  headers: { 'content-type': 'text/plain; charset=UTF-8', 'content-length': '2' },
  body: Buffer.from('OK'),
}

interface FoundRoute {
  readonly route: ImageRoute
  readonly names: readonly string[]
}

function findRoute(segments: readonly string[], method: string): FoundRoute | Refusal {
  const matching = ROUTES.filter(({ path }) => matches(path, segments))
  if (matching.length === 0) return notFound('The resource could not be found.')
  const exact = matching.filter(
    ({ path }) => !path.some((part, at) => isVariable(part) && hasLiteral(matching, at)),
  )
  const candidates = exact.length > 0 ? exact : matching
  const route = candidates.find((one) => one.method === method)
  if (route === undefined) {
    const allow = [...new Set(candidates.map((one) => one.method))].join(', ')
    return new Refusal(405, 'The method specified is not allowed for this resource.', { allow })
  }
  return { route, names: segments.filter((_, at) => isVariable(route.path[at] ?? '')) }
}

function matches(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length && path.every((part, at) => isVariable(part) || part === segments[at])
  )
}

/** Among routes that match, a name that is written out goes before one that takes any. */
function hasLiteral(routes: readonly ImageRoute[], at: number): boolean {
  return routes.some(({ path }) => !isVariable(path[at] ?? ''))
}

function isVariable(part: string): boolean {
  return part.startsWith(':')
}

async function visit(
  registry: Registry,
  call: ImageCall,
  found: FoundRoute & { readonly caller: ReturnType<typeof callerOf>; readonly baseUrl: string },
): Promise<Response | Refusal> {
  const { request } = call
  const { route, names, caller, baseUrl } = found
  const query = readParameters(request.query)
  if (query instanceof Refusal) return query
  const json = await bodyOf(request, route)
  if (json instanceof Refusal) return json
  const context = {
    txId: call.txId,
    signal: call.signal,
    log: call.log,
    token: request.headers['x-auth-token'],
  }
  return await route.verb({ registry, context, caller, request, baseUrl, names, query, json })
}

/** The JSON of a route that takes it; 400 for a body that is missing, is none, or comes unasked. */
async function bodyOf(request: Request, { body }: ImageRoute): Promise<unknown> {
  if (body === 'stream' || body === 'ignored') return undefined
  const hasBody = request.body.lengthBytes !== 0
  if (body === 'none') return hasBody ? badRequest('A body is not expected with this request.') : undefined
  if (!hasBody) return badRequest('Body expected in request.')
  const bytes = await readJsonBytes(request)
  if (bytes instanceof Refusal) return bytes
  const value = parseJson(bytes)
  const isPlain = typeof value === 'object' && value !== null
  return isPlain ? value : badRequest('Malformed JSON in request body.')
}

async function readJsonBytes({ body }: Request): Promise<Buffer | Refusal> {
  body.sendContinue()
  try {
    return await readWhole(body, JSON_BODY_BYTES)
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    if (error.code === 'BODY_TOO_LARGE') return overLimit(`A body has at most ${JSON_BODY_BYTES} bytes.`)
    return badRequest('The body did not come.')
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

/** The parts of the path behind the prefix, decoded; `undefined` when they are not UTF-8. */
function segmentsOf(path: string): readonly string[] | undefined {
  const segments: string[] = []
  for (const part of path.slice(IMAGE_PREFIX.length).split('/')) {
    const decoded = decodePercent(part)
    if (decoded === undefined) return undefined
    if (decoded !== '') segments.push(decoded)
  }
  return segments
}

function baseUrlOf({ headers, secure }: Request): string {
  const scheme = headers['x-forwarded-proto'] === 'https' || secure ? 'https' : 'http'
  return `${scheme}://${headers['host'] ?? 'localhost'}${IMAGE_PREFIX}`
}

/** Clients look for where tokens come from. */
function unauthenticated(baseUrl: string): Refusal {
  const identity = `${baseUrl.slice(0, -IMAGE_PREFIX.length)}/identity/v3`
  return new Refusal(401, 'A valid token is needed (X-Auth-Token).', {
    'www-authenticate': `Keystone uri="${identity}"`,
  })
}
