/** What the two clients of `remote-transport.ts` share: the head of a request, and the names of what went wrong. */
import type { HeaderMap, Request } from './message.ts'
import { type Endpoint, TransportError, type TransportErrorCode } from './transport.ts'

/** Belong to one connection or are set from the body. */
const NOT_FORWARDED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers of a request that travel as they are. */
export function forwardedHeaders(headers: HeaderMap): Record<string, string> {
  const forwarded: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_FORWARDED.has(name)) forwarded[name] = value
  }
  return forwarded
}

/** What the server sees of the body in the headers: its length, or that it comes in chunks. */
export function framingHeaders(request: Request): Record<string, string> {
  const { lengthBytes } = request.body
  if (lengthBytes === undefined) return { 'transfer-encoding': 'chunked' }
  return lengthBytes > 0 || EXPECTS_BODY.has(request.method) ? { 'content-length': String(lengthBytes) } : {}
}

/** Methods for which an empty body is worth a `Content-Length: 0` (RFC 9110, section 8.6). */
const EXPECTS_BODY = new Set(['PUT', 'POST', 'PATCH'])

/** Path and query as they stand in the request line. */
export function requestTarget(request: Request): string {
  return request.query === '' ? request.path : `${request.path}?${request.query}`
}

export function awaitsContinue(request: Request): boolean {
  return request.headers['expect']?.toLowerCase() === '100-continue'
}

/** Node's and undici's names for a peer that was too slow. */
const TIMEOUT_CODES: Readonly<Record<string, TransportErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'RESPONSE_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'RESPONSE_TIMEOUT',
}

/** `connected`: the request had a connection, so that it may have been begun. */
export function transportErrorOf(
  error: unknown,
  target: Endpoint,
  connection: 'none' | 'connected',
): TransportError {
  if (error instanceof TransportError) return error
  const { code } = error as { readonly code?: string }
  const timeout = code === undefined ? undefined : TIMEOUT_CODES[code]
  if (timeout !== undefined) return new TransportError(timeout, target, error)
  return new TransportError(connection === 'none' ? 'CONNECT_FAILED' : 'CONNECTION_LOST', target, error)
}
