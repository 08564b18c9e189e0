/**
 * Requests to servers outside of the cluster, on somebody's behalf. Where a request goes is decided by addresses, not by
 * names: the name is resolved once, every address is shown to the caller's rule, and the connection is made to an address
 * that passed. What a name means a moment later does not matter. Redirects are not followed here.
 */
import { lookup as resolveName } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Clock } from '#base/environment.ts'
import type { BodyStream, HeaderMap } from './message.ts'
import { request as httpRequest } from './node-http.ts'

export interface OutsideRequest {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Held in memory. */
  readonly body?: Buffer | undefined
  /** Whether the connection may go to an address, written as a number (`192.0.2.1`, `2001:db8::1`). */
  readonly mayReach: (address: string) => boolean
  /** Longest silence, milliseconds: before the answer, and between two pieces of its body. */
  readonly silenceMs: number
  readonly signal?: AbortSignal | undefined
}

export interface OutsideResponse {
  readonly status: number
  readonly headers: HeaderMap
  /** To be read to its end or cancelled. */
  readonly body: BodyStream
}

/** Rejects with an `Error` whose message says what went wrong, in words that may be shown to whoever asked. */
export type OutsideFetch = (request: OutsideRequest) => Promise<OutsideResponse>

/** The real network. */
export function outsideClient(clock: Clock): OutsideFetch {
  return (request) => {
    const number = numericHost(request.url)
    if (number !== undefined && !request.mayReach(number)) {
      return Promise.reject(new Error(`The address ${number} may not be reached from here.`))
    }
    const silence = new Silence(clock, request.silenceMs)
    return new Promise((resolve, reject) => {
      const open = request.url.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = open(request.url, {
        method: request.method,
        headers: { ...request.headers, ...lengthOf(request.body) },
        agent: false,
        lookup: checkedLookup(request.mayReach),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      })
      silence.watch(() => outgoing.destroy(new Error('The server was silent for too long.')))
      outgoing.on('response', (incoming) => resolve(responseOf(incoming, silence)))
      outgoing.on('error', (error) => {
        silence.end()
        reject(error)
      })
      outgoing.end(request.body)
    })
  }
}

function lengthOf(body: Buffer | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-length': String(body.length) }
}

/** Names that are numbers are not looked up. */
function numericHost({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return /^[\d.]+$/.test(bare) || bare.includes(':') ? bare : undefined
}

/** Resolves a name and keeps what passes. */
function checkedLookup(mayReach: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, addresses) => {
      const passing = error === null ? addresses.filter(({ address }) => mayReach(address)) : []
      const [first] = passing
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} may not be reached from here.`), '', 0)
        return
      }
      if (options.all === true) callback(null, passing)
      else callback(null, first.address, first.family)
    })
  }
}

/** Runs out when nothing happened for a time. */
class Silence {
  readonly #clock: Clock
  readonly #silenceMs: number
  #timer: { cancel(): void } | undefined
  #ranOut: () => void = () => {}

  constructor(clock: Clock, silenceMs: number) {
    this.#clock = clock
    this.#silenceMs = silenceMs
  }

  watch(ranOut: () => void): void {
    this.#ranOut = ranOut
    this.heard()
  }

  heard(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(this.#silenceMs, this.#ranOut)
  }

  end(): void {
    this.#timer?.cancel()
  }
}

function responseOf(incoming: IncomingMessage, silence: Silence): OutsideResponse {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  silence.watch(() => incoming.destroy(new Error('The server was silent for too long.')))
  const body: BodyStream = {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of incoming) {
          silence.heard()
          yield chunk as Buffer
        }
        if (!incoming.complete) throw new Error('The server broke off in the middle of its answer.')
      } finally {
        silence.end()
      }
    },
    cancel: async () => {
      silence.end()
      incoming.destroy()
    },
  }
  return { status: incoming.statusCode ?? 0, headers, body }
}
