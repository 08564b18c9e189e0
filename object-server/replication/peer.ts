/**
 * Asks the object servers of peers. What the network or a peer does wrong is a value: `unreachable`, or `unsupported` for
 * a server that does not know the method (OpenStack Swift's, or an old one of ours).
 */
import type { PartitionRange } from '#backend/range-states.ts'
import type { Logger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { bufferBody, discard, type Response, readWhole } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { type LeaseAnswer, type LeaseRequest, parseLeaseAnswer } from '../leases/lease-messages.ts'
import type { Entry } from './entry.ts'
import {
  ANSWER_BYTES_MAX,
  decodeEntriesAnswer,
  decodeUnitAnswer,
  type EntriesAnswer,
  type EntriesRequest,
  encodeDigests,
  encodeFetch,
  encodeJson,
  type ObjectsRequest,
  type PeerAddress,
  parsedJson,
  SYNC_METHOD,
  type SyncKind,
  UNITS_MAX,
  type Unit,
  type UnitAnswer,
} from './messages.ts'

export interface PeerFailure {
  readonly kind: 'unreachable' | 'unsupported'
  readonly reason: string
}

export interface PeersOptions {
  readonly transport: Transport
  readonly policyIndex: number
  readonly log: Logger
  readonly connectTimeoutMs?: number
  readonly responseTimeoutMs?: number
}

/** A peer that is slow to connect to is asked again in the next pass. */
const CONNECT_TIMEOUT_MS = 2_000
/** Between the end of a request and its answer, and between two pieces of an answer. */
const RESPONSE_TIMEOUT_MS = 20_000

export class Peers {
  readonly #options: PeersOptions
  /** Peers of which the log has said that they cannot take part. */
  readonly #named = new Set<string>()

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** What the peer says of each unit, in their order. */
  async digests(
    peer: PeerAddress,
    bits: number,
    units: readonly Unit[],
    signal?: AbortSignal,
  ): Promise<readonly UnitAnswer[] | PeerFailure> {
    const answers: UnitAnswer[] = []
    for (let at = 0; at < units.length; at += UNITS_MAX) {
      const some = units.slice(at, at + UNITS_MAX)
      const bytes = await this.#ask(peer, 'digests', encodeDigests(bits, some), signal)
      if (!Buffer.isBuffer(bytes)) return bytes
      if (bytes.length !== some.length) return unreachable('an answer of another length')
      for (const byte of bytes) answers.push(decodeUnitAnswer(byte))
    }
    return answers
  }

  async entries(
    peer: PeerAddress,
    request: EntriesRequest,
    signal?: AbortSignal,
  ): Promise<EntriesAnswer | PeerFailure> {
    const bytes = await this.#ask(peer, 'entries', encodeJson(request), signal)
    if (!Buffer.isBuffer(bytes)) return bytes
    return decodeEntriesAnswer(bytes) ?? unreachable('an answer that is no list of entries')
  }

  /** Asks the peer to fetch from `from` what it lacks; resolves when it has, with what it holds then. */
  async fetch(
    peer: PeerAddress,
    request: {
      readonly partition: PartitionRange
      readonly from: PeerAddress
      readonly entries: readonly Entry[]
    },
    signal?: AbortSignal,
  ): Promise<EntriesAnswer | PeerFailure> {
    const bytes = await this.#ask(peer, 'fetch', encodeFetch(request), signal)
    if (!Buffer.isBuffer(bytes)) return bytes
    return decodeEntriesAnswer(bytes) ?? unreachable('an answer that is no list of entries')
  }

  /** Tells the peer that every primary has these tombstones. */
  async reclaim(
    peer: PeerAddress,
    partition: PartitionRange,
    tombstones: readonly { readonly hash: string; readonly timestamp: Timestamp }[],
    signal?: AbortSignal,
  ): Promise<'told' | PeerFailure> {
    const bytes = await this.#ask(peer, 'reclaim', encodeJson({ partition, tombstones }), signal)
    return Buffer.isBuffer(bytes) ? 'told' : bytes
  }

  /** Asks for read leases. */
  async lease(peer: PeerAddress, request: LeaseRequest): Promise<LeaseAnswer | PeerFailure> {
    const bytes = await this.#ask(peer, 'lease', encodeJson(request), undefined)
    if (!Buffer.isBuffer(bytes)) return bytes
    return parseLeaseAnswer(parsedJson(bytes)) ?? unreachable('an answer that is none about leases')
  }

  /** The answer whose body is a stream of frames; whoever gets it reads or discards it. */
  async objects(
    peer: PeerAddress,
    request: ObjectsRequest,
    signal?: AbortSignal,
  ): Promise<Response | PeerFailure> {
    return await this.#send(peer, 'objects', encodeJson(request), signal)
  }

  async #ask(
    peer: PeerAddress,
    kind: SyncKind,
    body: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Buffer | PeerFailure> {
    const response = await this.#send(peer, kind, body, signal)
    if ('kind' in response) return response
    try {
      return await readWhole(response.body, ANSWER_BYTES_MAX)
    } catch (error) {
      return unreachable(String(error))
    }
  }

  async #send(
    peer: PeerAddress,
    kind: SyncKind,
    body: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Response | PeerFailure> {
    const { transport, policyIndex, connectTimeoutMs, responseTimeoutMs } = this.#options
    try {
      const response = await transport.send(
        { host: peer.host, port: peer.port },
        {
          method: SYNC_METHOD,
          path: `/${encodeURIComponent(peer.device)}/sync/${policyIndex}/${kind}`,
          query: '',
          headers: { 'content-length': String(body.length), 'x-backend-replication': 'true' },
          body: bufferBody(body),
          signal,
          remoteAddress: '',
          secure: false,
        },
        {
          connectTimeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
          responseTimeoutMs: responseTimeoutMs ?? RESPONSE_TIMEOUT_MS,
          signal,
        },
      )
      if (response.status === 200) return response
      await discard(response)
      return this.#refused(peer, response.status)
    } catch (error) {
      return unreachable(String(error))
    }
  }

  #refused(peer: PeerAddress, status: number): PeerFailure {
    const isUnsupported = status === 405 || status === 501
    const name = `${peer.host}:${peer.port}/${peer.device}`
    if (isUnsupported && !this.#named.has(name)) {
      this.#named.add(name)
      this.#options.log.warn(
        { peer: name, status },
        'a peer does not replicate as we do: replicas of one partition must all be on Martlet',
      )
    }
    return { kind: isUnsupported ? 'unsupported' : 'unreachable', reason: `answered ${status}` }
  }
}

/** Tells a failure from an answer. */
export function isFailure(value: unknown): value is PeerFailure {
  const { kind } = (value ?? {}) as { kind?: unknown }
  return kind === 'unreachable' || kind === 'unsupported'
}

function unreachable(reason: string): PeerFailure {
  return { kind: 'unreachable', reason }
}
