/** Storage nodes that answer what a test tells them to, on virtual time, and what they were asked. */
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { type Handler, type HeaderMap, type Request, type Response, readWhole } from '#http/message.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { ErrorLimiter } from '../error-limit.ts'
import { NodeClient } from '../node-client.ts'
import { type Placement, RingPlacement, StorageNodes } from '../placement.ts'
import type { ReplicaRead } from '../replica-read.ts'
import type { StorageNode } from '../storage-node.ts'
import type { EndOfTurn } from '../version-probes.ts'

/** What a node does with a request: an answer, or a handler of its own. `dead`: nobody listens. */
export type Behaviour = Partial<Response> | Handler | 'dead' | 'silent'

export interface Asked {
  readonly node: StorageNode
  readonly request: Request
  /** The body, when it was read to its end. */
  body: Buffer | undefined
}

export const SALT = { prefix: '', suffix: 'test' }

export class FakeNodes {
  readonly clock = new VirtualClock()
  readonly transport: MemoryTransport
  readonly errors: ErrorLimiter
  readonly client: NodeClient
  readonly placement: Placement
  readonly asked: Asked[] = []
  readonly #behaviours = new Map<StorageNode, Behaviour>()

  constructor(
    options: {
      readonly devices?: number
      readonly replicas?: number
      readonly local?: number
      readonly endOfTurn?: EndOfTurn
    } = {},
  ) {
    const { devices = 6, replicas = 3 } = options
    this.transport = new MemoryTransport({ clock: this.clock, log: silentLogger })
    this.errors = new ErrorLimiter({ clock: this.clock })
    const { transport, clock, errors } = this
    this.client = new NodeClient({ transport, clock, errors, endOfTurn: options.endOfTurn })
    const ring = buildSimpleRing({ devices, partPower: 4, replicas })
    const nodes = new StorageNodes(({ port }) => port === options.local)
    this.placement = new RingPlacement({ salt: SALT, ring: () => ring, nodes }).of({
      account: 'a',
      container: 'c',
      object: 'o',
    })
    for (const node of this.all) this.set(node, {})
  }

  /** Primaries and the handoffs that may be asked. */
  get all(): readonly StorageNode[] {
    return [...this.placement.primaries, ...this.placement.handoffs]
  }

  primary(at: number): StorageNode {
    return this.placement.primaries[at] as StorageNode
  }

  handoff(at: number): StorageNode {
    return this.placement.handoffs[at] as StorageNode
  }

  set(node: StorageNode, behaviour: Behaviour): void {
    this.#behaviours.set(node, behaviour)
    if (behaviour === 'dead') this.transport.unregister(node)
    else this.transport.register(node, (request) => this.#serve(node, request))
  }

  /** All nodes at once, in the order of primaries and handoffs; those left out answer 404. */
  setAll(...behaviours: readonly Behaviour[]): void {
    for (const [at, node] of this.all.entries()) this.set(node, behaviours[at] ?? { status: 404 })
  }

  /** Which nodes were asked, by their place among primaries (0…) and handoffs (`replicas`…), in the order of asking. */
  get order(): readonly number[] {
    return this.asked.map(({ node }) => this.all.indexOf(node))
  }

  get sortedOrder(): readonly number[] {
    return this.order.toSorted((left, right) => left - right)
  }

  read(options: Partial<ReplicaRead> = {}): ReplicaRead {
    return {
      server: 'object',
      method: 'GET',
      path: '/a/c/o',
      query: '',
      headers: {},
      placement: this.placement,
      signal: undefined,
      ...options,
    }
  }

  async #serve(node: StorageNode, request: Request): Promise<Response> {
    const asked: Asked = { node, request, body: undefined }
    this.asked.push(asked)
    const behaviour = this.#behaviours.get(node) ?? {}
    if (typeof behaviour === 'function') return await behaviour(request)
    if (behaviour === 'silent' || behaviour === 'dead') return await new Promise<never>(() => {})
    const refuses = (behaviour.status ?? 200) >= 400
    if (!refuses) asked.body = await readWhole(request.body, 2 ** 30)
    return { status: 200, headers: {}, body: undefined, ...behaviour }
  }
}

/** An answer with a body of this text, written at a second. */
export function found(text: string, second: number, headers: HeaderMap = {}): Partial<Response> {
  const timestamp = timeOf(second)
  return {
    status: 200,
    headers: {
      'x-backend-timestamp': timestamp,
      'x-backend-data-timestamp': timestamp,
      'x-timestamp': timestamp,
      etag: `"${text}"`,
      'content-length': String(text.length),
      ...headers,
    } as Response['headers'],
    body: Buffer.from(text),
  }
}

/** A tombstone of a second. */
export function deleted(second: number, headers: HeaderMap = {}): Partial<Response> {
  return {
    status: 404,
    headers: { 'x-backend-timestamp': timeOf(second), ...headers } as Response['headers'],
  }
}

export const JOINING: HeaderMap = { 'x-backend-martlet-replica-state': 'joining' }

export function timeOf(second: number): string {
  return `17000000${String(second).padStart(2, '0')}.00000`
}
