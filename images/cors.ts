/** Pages of other origins may talk to the registry, where the operator lets them: a dashboard uploads from the browser. */
import type { Request, Response } from '#http/message.ts'

const METHODS = 'GET, PUT, POST, DELETE, PATCH'
const EXPOSED =
  'X-Image-Meta-Checksum, X-Auth-Token, X-OpenStack-Request-ID, X-Image-Upload-Offset, Content-Range, Content-MD5, Location'
/** How long a browser remembers what it may, seconds. */
const MAX_AGE = '3600'

export function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers['origin'] !== undefined
}

/** 200 with what is allowed; 403 for an origin that is not. */
export function preflightAnswer(request: Request, origins: readonly string[]): Response {
  const allowed = corsHeaders(request, origins)
  const length = { 'content-length': '0' }
  if (allowed === undefined) return { status: 403, headers: length, body: Buffer.alloc(0) }
  const headers = {
    ...length,
    ...allowed,
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '',
    'access-control-max-age': MAX_AGE,
  }
  return { status: 200, headers, body: Buffer.alloc(0) }
}

/** What tells a browser that the page may see the answer; `undefined` when it may not, or nobody asks. */
export function corsHeaders(
  { headers }: Request,
  origins: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const { origin } = headers
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return undefined
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  }
}
