/**
 * The one contract by which anything talks to a storage server, whether the server is in this very process, on
 * another host, or in a simulated cluster. `remote-transport.ts` speaks HTTP/1.1 over pooled connections,
 * `local-transport.ts` calls the server's handler, and `sim/` loses and delays messages.
 */
import type { Request, Response } from './message.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** One text per address, for maps. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`
}

/** How a transport speaks TLS to every server. PEM texts. */
export interface TransportTls {
  /** Whose signature on the servers' certificates counts; the system's authorities without it. */
  readonly authority?: string | Buffer | undefined
  /** What we show to servers that ask. */
  readonly certificate?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
}

export interface SendOptions {
  /** Longest wait for a connection, milliseconds. */
  readonly connectTimeoutMs: number
  /** Longest wait for the response's head after the body was sent, and between two pieces of its body. */
  readonly responseTimeoutMs: number
  /** Gives up the request; the promise rejects, a body already handed out ends with an error. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends one request and resolves with the response as soon as its head is there; the body streams.
 *
 * A request with the header `expect: 100-continue` is held after its head: the transport calls
 * `request.body.sendContinue(headers)` when the peer says 100, and only then reads the body. A final answer that comes
 * instead resolves the promise and the body is cancelled, never read.
 *
 * Rejects with a `TransportError`.
 */
export interface Transport {
  send(target: Endpoint, request: Request, options: SendOptions): Promise<Response>
  close(): Promise<void>
}

export type TransportErrorCode =
  | 'CONNECT_TIMEOUT'
  | 'CONNECT_FAILED'
  | 'RESPONSE_TIMEOUT'
  | 'CONNECTION_LOST'
  | 'ABORTED'

export class TransportError extends Error {
  readonly code: TransportErrorCode
  readonly target: Endpoint

  constructor(code: TransportErrorCode, target: Endpoint, cause?: unknown) {
    super(`${code} ${target.host}:${target.port}`, cause === undefined ? undefined : { cause })
    this.name = 'TransportError'
    this.code = code
    this.target = target
  }
}

/** What went wrong with a request, in a few words for a person. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof TransportError)) return String(error)
  switch (error.code) {
    case 'CONNECT_FAILED':
    case 'CONNECT_TIMEOUT':
      return 'not running'
    case 'RESPONSE_TIMEOUT':
      return 'no answer'
    case 'CONNECTION_LOST':
      return 'connection lost'
    case 'ABORTED':
      return 'given up'
    default:
      return error.code satisfies never
  }
}
