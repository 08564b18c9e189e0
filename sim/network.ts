/**
 * The network of a simulated cluster. Messages take their time, so that they overtake each other; they get lost, come
 * twice, or long after their sender gave up; links are cut one way or both ways. Connections behave as over TCP: an answer
 * belongs to its request, and who loses the other side learns of it or waits for its time limit.
 */
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { SeededRandom } from '#base/virtual-clock.ts'
import { type Fault, MemoryTransport } from '#http/memory-transport.ts'
import {
  abandon,
  type BodyStream,
  discard,
  type Handler,
  type Request,
  type Response,
} from '#http/message.ts'
import {
  type Endpoint,
  endpointKey,
  type SendOptions,
  type Transport,
  TransportError,
} from '#http/transport.ts'
import { copied } from './copied-request.ts'
import { never, type ProcessLife } from './process-life.ts'

/** How the network behaves at this moment; shares of messages, 0 to 1. */
export interface Weather {
  readonly lost: number
  readonly twice: number
  readonly late: number
  /** Longest usual way of a message, milliseconds. */
  readonly slowestMs: number
}

export const FINE: Weather = { lost: 0, twice: 0, late: 0, slowestMs: 4 }

/** A late message is this late at most, milliseconds: past every time limit of the proxy. */
const LATEST_MS = 25_000
const TWICE_WITHIN_MS = 8_000
/** Of so many copies one comes minutes later, when most of what it was about is over. */
const STRAGGLERS = 10
const STRAGGLES_WITHIN_MS = 300_000
const BROKEN_WITHIN_MS = 50
/** By these very headers an exchange inside this file says that its connection broke. */
const BROKEN: Response = { status: 599, headers: {}, body: undefined }

/** Told of requests as they leave and of answers as they are given, whether or not these arrive. */
export interface Wire {
  readonly sent: (source: string, target: Endpoint, request: Request) => void
  readonly answered: (target: Endpoint, request: Request, response: Response) => void
}

interface Server {
  readonly host: string
  readonly life: ProcessLife
  readonly handler: Handler
}

export interface NetworkOptions {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly wire: Wire
}

export class Network {
  weather: Weather = FINE
  readonly #options: NetworkOptions
  readonly #servers = new Map<string, Server>()
  readonly #hosts = new Map<string, string>()
  readonly #cuts = new Set<string>()
  /** How often everything was mended: what was still under way then never arrives. */
  #healed = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** A server listens as long as its process lives. */
  listen(host: string, at: Endpoint, life: ProcessLife, handler: Handler): void {
    const key = endpointKey(at)
    const server = { host, life, handler }
    this.#hosts.set(key, host)
    this.#servers.set(key, server)
    life.onEnd(() => {
      if (this.#servers.get(key) === server) this.#servers.delete(key)
    })
  }

  /** Packets of `from` do not reach `to` any more; the other direction is not touched. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  /** All links are whole and the weather is fine. */
  heal(): void {
    this.#cuts.clear()
    this.weather = FINE
    this.#healed += 1
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`)
  }

  /** How the processes of a host reach the others. */
  transportFor(host: string, life: ProcessLife, clock: Clock): Transport {
    return new HostTransport(this, host, life, clock)
  }

  /** @internal What befalls the connection for a request. */
  faultFor(source: string, target: Endpoint, request: Request): Fault | undefined {
    if (this.#cuts.size === 0 && this.weather.lost === 0) return undefined
    const { random } = this.#options
    const host = this.#hosts.get(endpointKey(target)) ?? ''
    if (this.isCut(source, host)) return random.below(4) > 0 ? { kind: 'unreachable' } : { kind: 'hang' }
    if (this.isCut(host, source) && random.below(2) === 0) return { kind: 'unreachable' }
    if (!this.#happens(this.weather.lost)) return undefined
    switch (random.below(5)) {
      case 0:
        return { kind: 'refuse' }
      case 1:
        return { kind: 'hang' }
      case 2:
        return { kind: 'drop_answer' }
      case 3:
        return { kind: 'drop_body', afterBytes: random.below(2000) }
      default:
        return {
          kind: 'drop_request',
          afterBytes: random.below(Math.max(1, request.body.lengthBytes ?? 2000)),
        }
    }
  }

  /** @internal Brings a request to its server and the answer back. What gets lost on the way is never answered. */
  carry(source: string, target: Endpoint, request: Request): Promise<Response> {
    const { clock, wire } = this.#options
    wire.sent(source, target, request)
    return new Promise((resolve, reject) => {
      const arrive = (): void => {
        const server = this.#servers.get(endpointKey(target))
        if (server === undefined) return resolve(BROKEN)
        if (this.isCut(source, server.host)) return
        const again = (copy: Request): void => this.#deliverAgain(source, target, copy)
        const arrived = this.#happens(this.weather.twice) ? copied(request, again) : request
        this.#serve(server, target, arrived).then((response) => {
          clock.setTimer(this.#travelMs(), () => {
            if (!this.isCut(server.host, source)) resolve(farAnswer(response, server.life, target))
          })
        }, reject)
      }
      clock.setTimer(this.#travelMs(), arrive)
    })
  }

  /** The answer, or the end of the connection when the server dies over it. */
  #serve(server: Server, target: Endpoint, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const forget = server.life.onEnd(() => {
        const { clock, random } = this.#options
        clock.setTimer(random.below(BROKEN_WITHIN_MS), () => resolve(BROKEN))
      })
      const answered = (response: Response): void => {
        forget()
        // What the dead would still say, nobody hears.
        if (!server.life.isAlive) return
        this.#options.wire.answered(target, request, response)
        resolve(response)
      }
      const failed = (error: unknown): void => {
        forget()
        reject(error)
      }
      server.handler(request).then(answered, failed)
    })
  }

  /** A copy of the message comes later, when nobody waits for an answer, perhaps to the server's next life. */
  #deliverAgain(source: string, target: Endpoint, copy: Request): void {
    const { clock, random } = this.#options
    const withinMs = random.below(STRAGGLERS) === 0 ? STRAGGLES_WITHIN_MS : TWICE_WITHIN_MS
    const healed = this.#healed
    clock.setTimer(random.below(withinMs), () => {
      const server = this.#servers.get(endpointKey(target))
      if (server === undefined || healed !== this.#healed || this.isCut(source, server.host)) return
      this.#serve(server, target, copy).then(discard, () => {})
    })
  }

  #travelMs(): number {
    const { random } = this.#options
    if (this.#happens(this.weather.late)) return random.below(LATEST_MS)
    return (random.below(1000) / 1000) * this.weather.slowestMs + 0.1
  }

  #happens(share: number): boolean {
    return share > 0 && this.#options.random.below(1_000_000) < share * 1_000_000
  }
}

/**
 * The body is read over a connection: it breaks when the server dies, and whoever lets go of it does not wait for what the
 * server makes of that.
 */
function farAnswer(response: Response, server: ProcessLife, target: Endpoint): Response {
  const { body } = response
  if (body === undefined || Buffer.isBuffer(body)) return response
  const far: BodyStream = {
    [Symbol.asyncIterator]: () => farPieces(body, server, target),
    cancel: async () => abandon(body),
  }
  return { ...response, body: far }
}

function farPieces(body: BodyStream, server: ProcessLife, target: Endpoint): AsyncIterator<Buffer> {
  const pieces = body[Symbol.asyncIterator]()
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  const lose = (): void => broken.reject(new TransportError('CONNECTION_LOST', target))
  const forget = server.onEnd(lose)
  if (!server.isAlive) lose()
  const end = async (): Promise<IteratorResult<Buffer>> => {
    forget()
    abandon(body)
    return { done: true, value: undefined }
  }
  return {
    next: async () => {
      const piece = await Promise.race([pieces.next(), broken.promise])
      if (piece.done === true) forget()
      return piece
    },
    return: end,
  }
}

/** One process's way into the network. What it waits for when it dies is given up, as its sockets are closed then. */
class HostTransport implements Transport {
  readonly #network: Network
  readonly #host: string
  readonly #life: ProcessLife
  readonly #connections: MemoryTransport
  readonly #known = new Set<string>()

  constructor(network: Network, host: string, life: ProcessLife, clock: Clock) {
    this.#network = network
    this.#host = host
    this.#life = life
    this.#connections = new MemoryTransport({
      clock,
      log: silentLogger,
      faults: (target, request) => network.faultFor(host, target, request),
      onSenderGone: (tell) => life.onEnd(tell),
    })
  }

  send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    const key = endpointKey(target)
    if (!this.#known.has(key)) {
      this.#known.add(key)
      this.#connections.register(target, (sent) => this.#network.carry(this.#host, target, sent))
    }
    if (!this.#life.isAlive) return never()
    return new Promise((resolve, reject) => {
      const heard = (response: Response): void => {
        if (!this.#life.isAlive) return
        if (response.headers === BROKEN.headers) reject(new TransportError('CONNECTION_LOST', target))
        else resolve(response)
      }
      const failed = (error: unknown): void => {
        if (this.#life.isAlive) reject(error)
      }
      this.#connections.send(target, request, options).then(heard, failed)
    })
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}
