/**
 * One request to a service outside of the cluster and its whole answer, within a time and a size that were agreed
 * beforehand. Whatever goes wrong on the way is a value, `unavailable`.
 */
import type { Clock } from '#base/environment.ts'
import {
  BodyError,
  bufferBody,
  EMPTY_BODY,
  type HeaderMap,
  type Request,
  type Response,
  readWhole,
} from './message.ts'
import { type Endpoint, type Transport, TransportError } from './transport.ts'

/** Where a service's API is. */
export interface ServiceAddress {
  readonly endpoint: Endpoint
  /** What every path begins with: `/v3`, or behind a common front `/identity/v3`. */
  readonly basePath: string
  readonly secure: boolean
}

export interface BoundedExchangeOptions {
  readonly clock: Clock
  readonly transport: Transport
  readonly address: ServiceAddress
  /** From the first byte of a request to the last of its answer, milliseconds. */
  readonly timeoutMs: number
  readonly answerBytesMax: number
}

export interface BoundedRequest {
  readonly method: Request['method']
  /** Below the base path, with its query. */
  readonly target: string
  readonly headers: HeaderMap
  readonly body?: Buffer | undefined
}

export interface Unavailable {
  readonly kind: 'unavailable'
  /** For the log; holds no secret. */
  readonly reason: string
}

export type BoundedAnswer =
  /** The head without a body, and the body. */
  { readonly kind: 'answer'; readonly head: Response; readonly body: Buffer } | Unavailable

/**
 * Reads `http://host:5000`, `https://host/identity/v3` and the like, where `version` is what paths begin with at the least
 * (`/v3`). Throws an `Error` that begins with `service` and says what is wrong.
 */
export function serviceAddress(service: string, url: string, version: string): ServiceAddress {
  const parsed = URL.parse(url)
  const secure = parsed?.protocol === 'https:'
  if (parsed === null || !(secure || parsed.protocol === 'http:')) {
    throw new Error(`${service}: ${JSON.stringify(url)} is not an http or https URL`)
  }
  const path = parsed.pathname.replace(/\/+$/, '')
  return {
    endpoint: {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
    },
    basePath: path.endsWith(version) ? path : `${path}${version}`,
    secure,
  }
}

/** Sends the request. Never rejects, save for our own bugs. */
export async function exchangeWithin(
  { clock, transport, address, timeoutMs, answerBytesMax }: BoundedExchangeOptions,
  request: BoundedRequest,
): Promise<BoundedAnswer> {
  if (timeoutMs <= 0) return { kind: 'unavailable', reason: 'it was too slow' }
  const [path = '', query = ''] = request.target.split('?')
  const deadline = new AbortController()
  const timer = clock.setTimer(timeoutMs, () => deadline.abort(new Error('too slow')))
  try {
    const response = await transport.send(
      address.endpoint,
      {
        method: request.method,
        path: address.basePath + path,
        query,
        headers: request.headers,
        body: request.body === undefined ? EMPTY_BODY : bufferBody(request.body),
        signal: undefined,
        remoteAddress: '',
        secure: address.secure,
      },
      { connectTimeoutMs: timeoutMs, responseTimeoutMs: timeoutMs, signal: deadline.signal },
    )
    const { status, headers } = response
    const body = await readWhole(response.body, answerBytesMax)
    return { kind: 'answer', head: { status, headers, body: undefined }, body }
  } catch (error) {
    return { kind: 'unavailable', reason: reasonOf(error, deadline.signal.aborted, answerBytesMax) }
  } finally {
    timer.cancel()
  }
}

function reasonOf(error: unknown, late: boolean, answerBytesMax: number): string {
  if (late) return 'it was too slow'
  if (error instanceof TransportError) return error.code
  if (error instanceof BodyError) return `its answer is longer than ${answerBytesMax} bytes`
  throw error
}
