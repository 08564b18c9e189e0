/**
 * Asks the account or container servers of peers (`db/sync-wire.ts`). What the network or a peer does wrong is a value:
 * `unreachable`, or `unsupported` for a server that does not know the method, such as OpenStack Swift's.
 */
import { REPLICA_VOICES } from '#backend/sync-ledger.ts'
import { CAPABILITIES_HEADER, parseCapabilities } from '#base/extensions.ts'
import type { Logger } from '#base/log.ts'
import type { Change, DatabasePartition } from '#db/contract.ts'
import type { DatabaseName } from '#db/info.ts'
import type { ReplicatedState } from '#db/replica-merge.ts'
import type { RowForm } from '#db/row-kind.ts'
import {
  BODY_BYTES_MAX,
  type ChangesAnswer,
  encodeName,
  encodeReplicated,
  encodeRow,
  fieldsOf,
  isCount,
  type Known,
  type ListAnswer,
  PARTITIONS_MAX,
  type PartitionAnswer,
  parseKnown,
  parseName,
  parseRow,
  SYNC_METHOD,
  SYNC_PLACE,
  type SyncKind,
} from '#db/sync-wire.ts'
import { bufferBody, discard, headerOf, type Response, readWhole } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import type { RingDevice } from '#ring/device.ts'
import { placeOf } from './databases-parts.ts'

export interface PeerFailure {
  readonly kind: 'unreachable' | 'unsupported'
  readonly reason: string
}

export interface DatabasePeersOptions<Row> {
  readonly transport: Transport
  readonly log: Logger
  readonly kind: RowForm<Row>
  readonly signal: () => AbortSignal | undefined
}

/** A peer that is slow to connect to is asked again in the next pass, milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000
const RESPONSE_TIMEOUT_MS = 20_000

export function isFailure(outcome: object): outcome is PeerFailure {
  return 'kind' in outcome && (outcome.kind === 'unreachable' || outcome.kind === 'unsupported')
}

export class DatabasePeers<Row> {
  readonly #options: DatabasePeersOptions<Row>
  /** Peers of which the log has said that they cannot take part. */
  readonly #named = new Set<string>()

  constructor(options: DatabasePeersOptions<Row>) {
    this.#options = options
  }

  /** What the peer says of each partition, in their order. */
  async digests(
    peer: RingDevice,
    partPower: number,
    partitions: readonly number[],
    horizon: number,
  ): Promise<readonly PartitionAnswer[] | PeerFailure> {
    const answers: PartitionAnswer[] = []
    for (let at = 0; at < partitions.length; at += PARTITIONS_MAX) {
      const some = partitions.slice(at, at + PARTITIONS_MAX)
      const body = { part_power: partPower, partitions: some, horizon }
      const answered = await this.#ask(peer, 'digests', body)
      if (isFailure(answered)) return answered
      const parsed = parsePartitionAnswers(answered.json, some.length)
      if (parsed === undefined) return malformed('digests')
      answers.push(...parsed)
    }
    return answers
  }

  async list(
    peer: RingDevice,
    { partPower, partition }: DatabasePartition,
    after: string | undefined,
    horizon: number,
  ): Promise<(ListAnswer & { readonly last: string | undefined }) | PeerFailure> {
    const answered = await this.#ask(peer, 'list', { part_power: partPower, partition, after, horizon })
    if (isFailure(answered)) return answered
    return parseList(answered.json) ?? malformed('list')
  }

  async look(
    peer: RingDevice,
    name: DatabaseName,
    about: { readonly store: string; readonly horizon: number; readonly ignore_before?: number | undefined },
  ): Promise<Known | PeerFailure> {
    const answered = await this.#ask(peer, 'look', { name: encodeName(name), ...about })
    if (isFailure(answered)) return answered
    return parseKnown(answered.json) ?? malformed('look')
  }

  async tell(
    peer: RingDevice,
    state: ReplicatedState,
    about: { readonly store: string; readonly horizon: number; readonly ignore_before?: number | undefined },
  ): Promise<Known | PeerFailure> {
    const answered = await this.#ask(peer, 'tell', { state: encodeReplicated(state), ...about })
    if (isFailure(answered)) return answered
    return parseKnown(answered.json) ?? malformed('tell')
  }

  /** Up to which number the peer has our rows then. */
  async rows(
    peer: RingDevice,
    name: DatabaseName,
    slice: {
      readonly store: string
      readonly from: number
      readonly to: number
      readonly rows: readonly Row[]
      /** Deletions of before this day need not be taken by who knows nothing of what was deleted. */
      readonly ignore_before?: number | undefined
    },
  ): Promise<{ readonly have: number } | PeerFailure> {
    const { kind } = this.#options
    const rows = slice.rows.map((row) => encodeRow(kind, row))
    const answered = await this.#ask(peer, 'rows', { ...slice, name: encodeName(name), rows })
    if (isFailure(answered)) return answered
    const { have } = fieldsOf(answered.json)
    return isCount(have) ? { have } : malformed('rows')
  }

  async changes(
    peer: RingDevice,
    name: DatabaseName,
    after: number,
  ): Promise<ChangesAnswer<Row> | PeerFailure> {
    const answered = await this.#ask(peer, 'changes', { name: encodeName(name), after })
    if (isFailure(answered)) return answered
    return this.#parseChanges(answered.json) ?? malformed('changes')
  }

  /** Which of these rows the peer has, live or deleted. */
  async has(
    peer: RingDevice,
    name: DatabaseName,
    group: number,
    names: readonly string[],
  ): Promise<ReadonlySet<string> | PeerFailure> {
    const answered = await this.#ask(peer, 'has', { name: encodeName(name), group, names })
    if (isFailure(answered)) return answered
    const { found } = fieldsOf(answered.json)
    return Array.isArray(found) ? new Set(found.map(String)) : malformed('has')
  }

  #parseChanges(json: unknown): ChangesAnswer<Row> | undefined {
    const { changes, upTo, more } = fieldsOf(json)
    if (!Array.isArray(changes) || !isCount(upTo)) return undefined
    const parsed: Change<Row>[] = []
    for (const one of changes as readonly unknown[]) {
      const [sequence, ...written] = Array.isArray(one) ? (one as readonly unknown[]) : []
      const row = parseRow(this.#options.kind, written)
      if (!isCount(sequence) || row === undefined) return undefined
      parsed.push({ sequence, row })
    }
    return { changes: parsed, upTo, more: more === true }
  }

  async #ask(
    peer: RingDevice,
    what: SyncKind,
    body: unknown,
  ): Promise<{ readonly json: unknown } | PeerFailure> {
    try {
      const response = await this.#send(peer, what, Buffer.from(JSON.stringify(body)))
      if (response.status !== 200) return await this.#refused(peer, response)
      const bytes = await readWhole(response.body, BODY_BYTES_MAX)
      return { json: JSON.parse(bytes.toString()) as unknown }
    } catch (error) {
      return { kind: 'unreachable', reason: String(error) }
    }
  }

  #send(peer: RingDevice, what: SyncKind, body: Buffer): Promise<Response> {
    const signal = this.#options.signal()
    const request = {
      method: SYNC_METHOD,
      path: `/${encodeURIComponent(peer.device)}/sync/${SYNC_PLACE}/${what}`,
      query: '',
      headers: {
        'content-type': 'application/json',
        'content-length': String(body.length),
        'x-backend-replication': 'true',
        'user-agent': 'database-replicator',
      },
      body: bufferBody(body),
      signal: undefined,
      remoteAddress: '',
      secure: false,
    }
    return this.#options.transport.send({ host: peer.ip, port: peer.port }, request, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  async #refused(peer: RingDevice, response: Response): Promise<PeerFailure> {
    await discard(response)
    const { status } = response
    const can = parseCapabilities(headerOf(response, CAPABILITIES_HEADER))
    // A server of ours that is failing may say nothing of what it can.
    if (can.has('sync') || status >= 500) return { kind: 'unreachable', reason: `status ${status}` }
    this.#nameOnce(peer, status)
    return { kind: 'unsupported', reason: `status ${status}` }
  }

  #nameOnce(peer: RingDevice, status: number): void {
    const place = placeOf(peer)
    if (this.#named.has(place)) return
    this.#named.add(place)
    this.#options.log.warn(
      { peer: place, status },
      'a peer does not take part in the replication of accounts and containers; it is passed by',
    )
  }
}

function malformed(what: SyncKind): PeerFailure {
  return { kind: 'unreachable', reason: `an answer to ${what} that makes no sense` }
}

const VOICES: ReadonlySet<string> = new Set(REPLICA_VOICES)
const ROLES = new Set(['primary', 'handoff', 'leaving'])

function parsePartitionAnswers(json: unknown, count: number): readonly PartitionAnswer[] | undefined {
  if (!Array.isArray(json) || json.length !== count) return undefined
  const answers: PartitionAnswer[] = []
  for (const one of json as readonly unknown[]) {
    const [digest, voice, role, givenUp] = Array.isArray(one) ? (one as readonly unknown[]) : []
    if (typeof digest !== 'string' || !VOICES.has(String(voice)) || !ROLES.has(String(role))) return undefined
    const givenUpMs = typeof givenUp === 'number' ? givenUp : undefined
    answers.push({ digest, voice, role, givenUpMs } as PartitionAnswer)
  }
  return answers
}

function parseList(json: unknown): (ListAnswer & { readonly last: string | undefined }) | undefined {
  const { databases, more, last } = fieldsOf(json)
  if (!Array.isArray(databases)) return undefined
  const parsed: ListAnswer['databases'][number][] = []
  for (const one of databases as readonly unknown[]) {
    const [hash, digest, written] = Array.isArray(one) ? (one as readonly unknown[]) : []
    const name = parseName(written)
    if (typeof hash !== 'string' || typeof digest !== 'string' || name === undefined) return undefined
    parsed.push([hash, digest, name])
  }
  return { databases: parsed, more: more === true, last: typeof last === 'string' ? last : undefined }
}
