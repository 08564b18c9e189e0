/**
 * One request to Keystone and its whole answer, within a time and a size that were agreed beforehand. Whatever goes wrong
 * on the way is `unavailable`: nobody is let in, or called an impostor, because of it.
 */
import type { Clock } from '#base/environment.ts'
import { BodyError, bufferBody, EMPTY_BODY, type HeaderMap, headerOf, readWhole } from '#http/message.ts'
import { type Endpoint, type Transport, TransportError } from '#http/transport.ts'

/** An answer without the service catalogue has about 1 KiB, and some for every role. */
const ANSWER_BYTES_MAX = 256 * 1024

/** Where the Identity API is. */
export interface KeystoneAddress {
  readonly endpoint: Endpoint
  /** Path of version 3 of the API: `/v3`, or behind a common front `/identity/v3`. */
  readonly basePath: string
  readonly secure: boolean
}

export interface KeystoneExchangeOptions {
  readonly clock: Clock
  readonly transport: Transport
  readonly address: KeystoneAddress
  /** From the first byte of a request to the last of its answer, milliseconds. */
  readonly timeoutMs: number
}

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST'
  /** Below the base path, with its query. */
  readonly target:
    | '/auth/tokens'
    | '/auth/tokens?nocatalog'
    | '/auth/tokens?nocatalog&allow_expired=1'
    | '/s3tokens'
    | `/users/${string}/credentials/OS-EC2/${string}`
  readonly headers: HeaderMap
  readonly body?: Buffer | undefined
}

export interface Unavailable {
  readonly kind: 'unavailable'
  /** For the log; holds no secret. */
  readonly reason: string
}

export type KeystoneAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      /** `X-Subject-Token`, of a sign-in. */
      readonly subjectToken: string | undefined
      readonly body: Buffer
    }
  | Unavailable

/**
 * Reads `http://host:5000`, `https://host/identity/v3` and the like. Throws an `Error` that says what is wrong with it.
 */
export function keystoneAddress(url: string): KeystoneAddress {
  const parsed = URL.parse(url)
  const secure = parsed?.protocol === 'https:'
  if (parsed === null || !(secure || parsed.protocol === 'http:')) {
    throw new Error(`keystone: ${JSON.stringify(url)} is not an http or https URL`)
  }
  const path = parsed.pathname.replace(/\/+$/, '')
  return {
    endpoint: {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
    },
    basePath: path.endsWith('/v3') ? path : `${path}/v3`,
    secure,
  }
}

/** Sends the request; `withinMs` shortens the time it may take. */
export async function exchange(
  { clock, transport, address, timeoutMs }: KeystoneExchangeOptions,
  request: KeystoneRequest,
  withinMs = timeoutMs,
): Promise<KeystoneAnswer> {
  const limitMs = Math.min(withinMs, timeoutMs)
  if (limitMs <= 0) return { kind: 'unavailable', reason: 'it was too slow' }
  const [path = '', query = ''] = request.target.split('?')
  const deadline = new AbortController()
  const timer = clock.setTimer(limitMs, () => deadline.abort(new Error('too slow')))
  try {
    const response = await transport.send(
      address.endpoint,
      {
        method: request.method,
        path: address.basePath + path,
        query,
        headers: { accept: 'application/json', ...request.headers },
        body: request.body === undefined ? EMPTY_BODY : bufferBody(request.body),
        signal: undefined,
        remoteAddress: '',
        secure: address.secure,
      },
      { connectTimeoutMs: limitMs, responseTimeoutMs: limitMs, signal: deadline.signal },
    )
    const body = await readWhole(response.body, ANSWER_BYTES_MAX)
    const subjectToken = headerOf(response, 'x-subject-token')
    return { kind: 'answer', status: response.status, subjectToken, body }
  } catch (error) {
    return { kind: 'unavailable', reason: reasonOf(error, deadline.signal.aborted) }
  } finally {
    timer.cancel()
  }
}

function reasonOf(error: unknown, late: boolean): string {
  if (late) return 'it was too slow'
  if (error instanceof TransportError) return error.code
  if (error instanceof BodyError) return `its answer is longer than ${ANSWER_BYTES_MAX} bytes`
  throw error
}
