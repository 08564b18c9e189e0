/**
 * One request to one storage node. Whatever happens is a value: an answer, or the failure of the network. What is learnt
 * on the way is kept: errors (`error-limit.ts`), latency, and what the node says it can do.
 */
import type { Clock } from '#base/environment.ts'
import { CAPABILITIES_HEADER } from '#base/extensions.ts'
import type { HeaderMap, Request, RequestBody, Response } from '#http/message.ts'
import { headerOf, ownRequest } from '#http/message.ts'
import { type SendOptions, type Transport, TransportError } from '#http/transport.ts'
import type { ErrorLimiter } from './error-limit.ts'
import { NodeLatency } from './node-latency.ts'
import type { ServerType, StorageNode } from './storage-node.ts'
import { type EndOfTurn, VersionProbes } from './version-probes.ts'

/** OpenStack Swift's proxy: `node_timeout`. */
export const NODE_TIMEOUT_MS = 10_000
/** `conn_timeout`. */
export const CONNECT_TIMEOUT_MS = 500
const INSUFFICIENT_STORAGE = 507
/** Turns are counted up to this and then from the start: a multiple of every small number of replicas. */
const TURNS = 27_720

const NO_CAPABILITIES: ReadonlySet<string> = new Set()

export interface NodeRequest {
  readonly server: ServerType
  readonly method: string
  readonly partition: number
  /** `/account/container/object`, percent-encoded. */
  readonly path: string
  readonly query: string
  readonly headers: HeaderMap
  readonly body: RequestBody
  readonly signal: AbortSignal | undefined
}

/** A request to a device as a whole. */
export type DeviceRequest = Pick<NodeRequest, 'server' | 'method' | 'body'> & {
  /** With the device in it. */
  readonly path: string
  readonly query?: string | undefined
  readonly headers?: HeaderMap
}

export type NodeOutcome =
  | { readonly kind: 'answered'; readonly node: StorageNode; readonly response: Response }
  | { readonly kind: 'failed'; readonly node: StorageNode; readonly error: unknown }

/** What metrics want to know of every exchange. */
export interface NodeObserver {
  /** `status` is 0 when there was no answer. */
  exchanged(server: ServerType, method: string, status: number, durationMs: number): void
}

export interface NodeClientOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly errors: ErrorLimiter
  readonly observer?: NodeObserver | undefined
  readonly nodeTimeoutMs?: number | undefined
  readonly connectTimeoutMs?: number | undefined
  /** How requests to a node that arise together are gathered; without it nothing waits for anything. */
  readonly endOfTurn?: EndOfTurn | undefined
}

export class NodeClient {
  readonly errors: ErrorLimiter
  readonly clock: Clock
  readonly nodeTimeoutMs: number
  /** Which versions other nodes have. */
  readonly versions: VersionProbes
  readonly #transport: Transport
  readonly #observer: NodeObserver | undefined
  readonly #unsignalled: SendOptions
  readonly #latencies = new Map<StorageNode, NodeLatency>()
  readonly #capabilities = new Map<StorageNode, Capabilities>()
  #turn = 0

  constructor(options: NodeClientOptions) {
    this.errors = options.errors
    this.clock = options.clock
    this.nodeTimeoutMs = options.nodeTimeoutMs ?? NODE_TIMEOUT_MS
    this.versions = new VersionProbes(this, options.endOfTurn ?? atOnce)
    this.#transport = options.transport
    this.#observer = options.observer
    this.#unsignalled = {
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      responseTimeoutMs: this.nodeTimeoutMs,
    }
  }

  /** Sends the request. An answer of any status is an answer; whoever gets it must read or discard its body. */
  send(node: StorageNode, request: NodeRequest): Promise<NodeOutcome> {
    return this.#exchange(node, request, wireRequest(node, request))
  }

  /** The same of a request to the device itself. */
  sendTo(node: StorageNode, request: DeviceRequest): Promise<NodeOutcome> {
    const { server, method, path, query = '', headers = {}, body } = request
    const about = { server, method, path, query, body, partition: 0, headers, signal: undefined }
    return this.#exchange(node, about, ownRequest({ method, path, query, headers, body }))
  }

  async #exchange(node: StorageNode, request: NodeRequest, wire: Request): Promise<NodeOutcome> {
    const startedMs = this.clock.monotonicMs()
    const latency = this.#latencyOf(node)
    // What a write waits for is its body, and that says nothing.
    if (request.method === 'GET' || request.method === 'HEAD') latency.began(request, startedMs)
    try {
      const response = await this.#transport.send(node, wire, this.#optionsFor(request))
      const durationMs = this.clock.monotonicMs() - startedMs
      latency.measured(durationMs)
      this.#learn(node, request, response, durationMs)
      return { kind: 'answered', node, response }
    } catch (error) {
      this.#observer?.exchanged(request.server, request.method, 0, this.clock.monotonicMs() - startedMs)
      if (isNodesFault(error)) this.errors.recordError(node)
      return { kind: 'failed', node, error }
    } finally {
      latency.ended(request)
    }
  }

  #latencyOf(node: StorageNode): NodeLatency {
    const known = this.#latencies.get(node)
    if (known !== undefined) return known
    const latency = new NodeLatency()
    this.#latencies.set(node, latency)
    return latency
  }

  /** Counts reads, so that replicas as good as each other can take turns. */
  takeTurn(): number {
    this.#turn = (this.#turn + 1) % TURNS
    return this.#turn
  }

  /** How quickly the node answers reads by what is known now, milliseconds; 0 for a node that was never asked. */
  latencyMs(node: StorageNode): number {
    return this.#latencies.get(node)?.at(this.clock.monotonicMs()) ?? 0
  }

  /** Has a read of the node been waiting for longer than this? Costs nothing while none is under way. */
  keepsWaiting(node: StorageNode, longestMs: number): boolean {
    const latency = this.#latencies.get(node)
    return latency?.isAwaited === true && latency.waitedMs(this.clock.monotonicMs()) > longestMs
  }

  /** What the node said it can do; nothing for one that has not answered yet, or speaks Swift's dialect alone. */
  can(node: StorageNode, capability: string): boolean {
    return (this.#capabilities.get(node)?.names ?? NO_CAPABILITIES).has(capability)
  }

  /** Has it answered, and not said that it can? */
  lacks(node: StorageNode, capability: string): boolean {
    const known = this.#capabilities.get(node)
    return known !== undefined && !known.names.has(capability)
  }

  /** Has any server of this type that was ever asked not said that it can? */
  anyLacks(server: ServerType, capability: string): boolean {
    return [...this.#capabilities.values()].some(
      (known) => known.server === server && !known.names.has(capability),
    )
  }

  #optionsFor(request: NodeRequest): SendOptions {
    if (request.signal === undefined) return this.#unsignalled
    return {
      connectTimeoutMs: this.#unsignalled.connectTimeoutMs,
      responseTimeoutMs: this.#unsignalled.responseTimeoutMs,
      signal: request.signal,
    }
  }

  #learn(node: StorageNode, request: NodeRequest, response: Response, durationMs: number): void {
    const { status } = response
    if (status === INSUFFICIENT_STORAGE) this.errors.recordFull(node)
    else if (status >= 500) this.errors.recordError(node)
    else this.errors.recordSuccess(node)
    const written = headerOf(response, CAPABILITIES_HEADER)
    if (written !== undefined || isFromVerb(status)) {
      this.#learnCapabilities(node, request.server, written ?? '')
    }
    this.#observer?.exchanged(request.server, request.method, status, durationMs)
  }

  #learnCapabilities(node: StorageNode, server: ServerType, written: string): void {
    if (this.#capabilities.get(node)?.written === written) return
    this.#capabilities.set(node, {
      server,
      written,
      names: new Set(written.split(',').map((name) => name.trim())),
    })
  }
}

function atOnce(callback: () => void): void {
  callback()
}

/**
 * Does an answer of this status come from the server itself, so that its silence about what it can means something? What
 * refuses a request before that (HTTP, authentication, a process about to stop) speaks of no capabilities anywhere.
 */
function isFromVerb(status: number): boolean {
  return (status >= 200 && status < 400) || [404, 405, 409, 412, 416].includes(status)
}

interface Capabilities {
  readonly server: ServerType
  readonly written: string
  readonly names: ReadonlySet<string>
}

function wireRequest(node: StorageNode, request: NodeRequest): Request {
  return {
    method: request.method,
    path: `/${encodeURIComponent(node.device)}/${request.partition}${request.path}`,
    query: request.query,
    headers: request.headers,
    body: request.body,
    signal: request.signal,
    remoteAddress: '',
    secure: false,
  }
}

/** An exchange that we gave up ourselves, or whose body failed on our side, says nothing about the node. */
function isNodesFault(error: unknown): boolean {
  return error instanceof TransportError && error.code !== 'ABORTED'
}
