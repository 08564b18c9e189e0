/**
 * The `SYNC` verb: what peers' replicators ask of this device (`messages.ts`). Reads never change anything; `fetch` and
 * `reclaim` are idempotent. What is answered as held is held durably.
 */
import { answer, textAnswer } from '#backend/answers.ts'
import type { PartitionRange } from '#backend/range-states.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import type { Clock } from '#base/environment.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { type BodyStream, type Request, type Response, readWhole } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import type { ObjectDevice } from '../device.ts'
import type { LeaseGrants } from '../leases/lease-grants.ts'
import { parseLeaseRequest } from '../leases/lease-messages.ts'
import type { PolicyLeases } from '../leases/leases.ts'
import { comparedText, EMPTY_STATE } from '../object-state.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import { type Entry, encodedBytesOf, entryOf, isEmptyEntry, lackOf } from './entry.ts'
import { type FetcherOptions, type FetchWish, ObjectFetcher } from './fetcher.ts'
import { generatedBody } from './frames.ts'
import {
  ANSWER_BYTES_MAX,
  behindAllMs,
  decodeDigests,
  decodeEntriesRequest,
  decodeFetch,
  decodeObjectsRequest,
  decodeReclaim,
  ENTRIES_MAX,
  type EntriesAnswer,
  type EntriesRequest,
  encodeEntriesAnswer,
  encodeJson,
  encodeUnitAnswers,
  type FetchRequest,
  type PeerAddress,
  type PeerStanding,
  parsedJson,
  REQUEST_BYTES_MAX,
  SYNC_KINDS,
  type SyncKind,
} from './messages.ts'
import { Peers } from './peer.ts'
import { serveObjects } from './serve-objects.ts'
import { holds, statesIn, UnitDigests, unitOf } from './unit-digests.ts'

export interface SyncServerOptions {
  readonly device: ObjectDevice
  readonly clock: Clock
  readonly log: Logger
  /** How this device fetches from peers. */
  readonly transport: Transport
  /**
   * Is there such a device in the ring of the policy, or was there? Nobody else is fetched from, but who asks for it from its own
   * address: a device that was taken out long ago still hands over what it has.
   */
  readonly isPeer?: ((policyIndex: number, peer: PeerAddress) => boolean) | undefined
  readonly reclaimAgeSeconds?: number | undefined
  /** Nothing is forgotten while it says so. */
  readonly isClockInDoubt?: (() => boolean) | undefined
  /** Waits until so many bytes more may be fetched, whoever asked for it. */
  readonly admit?: FetcherOptions['admit']
  /** By policy index; without them nobody reads by a lease. */
  readonly leases?: ReadonlyMap<number, Pick<PolicyLeases, 'grants'>> | undefined
}

/** While a long answer is worked out the peer hears something so often, milliseconds. */
const HEARTBEAT_MS = 2_000

/** A page of entries ends at about so many bytes; who asks reads no answer that is longer than the maximum. */
const PAGE_BYTES = ANSWER_BYTES_MAX / 4

interface Policy {
  readonly index: number
  readonly replica: ReplicaAccess
  readonly ledger: SyncLedger
  readonly digests: UnitDigests
  readonly fetcher: ObjectFetcher
}

export class SyncServer {
  readonly #options: SyncServerOptions
  readonly #policies = new Map<number, Policy>()

  constructor(options: SyncServerOptions) {
    this.#options = options
    const { device, transport, log, clock, admit } = options
    for (const [index] of device.engines) {
      const [replica, ledger] = [device.replica(index), device.ledger(index)]
      if (replica === undefined || ledger === undefined) continue
      const peers = new Peers({ transport, policyIndex: index, log })
      const fetcher = new ObjectFetcher({ replica, drive: device.drive, peers, clock, log, admit })
      this.#policies.set(index, { index, replica, ledger, digests: new UnitDigests(replica), fetcher })
    }
  }

  readonly serve = async (request: Request): Promise<Response> => {
    const asked = this.#asked(request.path)
    if (asked === undefined) {
      await request.body.cancel()
      return textAnswer(400, 'Invalid path for SYNC')
    }
    const { drive } = this.#options.device
    const unfit = await drive.refuseRead()
    if (asked.device !== drive.device || asked.policy === undefined || unfit !== undefined) {
      await request.body.cancel()
      return drive.refusal().response
    }
    const body = await readWhole(request.body, REQUEST_BYTES_MAX)
    return await this.#answer(asked.kind, asked.policy, body, request)
  }

  #asked(
    path: string,
  ): { readonly device: string; readonly policy: Policy | undefined; readonly kind: SyncKind } | undefined {
    const match = /^\/([^/]+)\/sync\/(\d{1,9})\/([a-z]+)$/.exec(path)
    const kind = SYNC_KINDS.find((one) => one === match?.[3])
    if (match === null || kind === undefined) return undefined
    return { device: match[1] ?? '', policy: this.#policies.get(Number(match[2])), kind }
  }

  async #answer(kind: SyncKind, policy: Policy, body: Buffer, request: Request): Promise<Response> {
    switch (kind) {
      case 'digests':
        return await serveDigests(policy, body)
      case 'entries':
        return await serveEntries(policy, body)
      case 'objects': {
        const wanted = decodeObjectsRequest(body)
        return wanted === undefined ? malformed() : serveObjects(policy.replica, wanted)
      }
      case 'fetch':
        return this.#serveFetch(policy, body, request)
      case 'reclaim':
        return await this.#serveReclaim(policy, body)
      case 'lease':
        return await serveLease(this.#options.leases?.get(policy.index)?.grants, body)
    }
  }

  /** The answer begins at once and ends when everything that came is durable. */
  #serveFetch(policy: Policy, body: Buffer, request: Request): Response {
    const asked = decodeFetch(body)
    if (asked === undefined || asked.entries.length > ENTRIES_MAX) return malformed()
    const isPeer = this.#options.isPeer?.(policy.index, asked.from) !== false
    if (!isPeer && !isOwnAddress(asked.from, request)) return answer(403)
    const work = fetchWhatLacks(policy, asked, request.signal)
    work.catch(() => {})
    return stream(heartbeats(work, this.#options.clock))
  }

  /**
   * Only what is exactly that tombstone, and old enough by this device's own clock. That it is given up is noted first, also
   * where nothing is to be forgotten: the sender counts on that when it forgets the last one.
   */
  async #serveReclaim({ replica, ledger }: Policy, body: Buffer): Promise<Response> {
    const asked = decodeReclaim(body)
    if (asked === undefined) return malformed()
    await ledger.givenUp.note(
      asked.partition,
      behindAllMs(asked.tombstones.map(({ timestamp }) => timestamp)),
    )
    let forgotten = 0
    if (ledger.voice(asked.partition) === 'synced' && ledger.role(asked.partition) === 'primary') {
      for (const { hash, timestamp } of asked.tombstones) {
        if (!holds(asked.partition, hash) || !this.#isPast(ticksOf(timestamp))) continue
        const expected = comparedText({ ...EMPTY_STATE, tombstone: timestamp })
        if ((await replica.forget(hash, expected, 'remove')).kind === 'forgotten') forgotten += 1
      }
    }
    return json({ forgotten })
  }

  #isPast(ticks: number): boolean {
    if (this.#options.isClockInDoubt?.() === true) return false
    const age = this.#options.reclaimAgeSeconds ?? RECLAIM_AGE_SECONDS
    return this.#options.clock.wallMs() / 1000 - ticks / TICKS_PER_SECOND > age
  }
}

async function serveDigests({ digests, ledger }: Policy, body: Buffer): Promise<Response> {
  const asked = decodeDigests(body)
  if (asked === undefined) return malformed()
  const numbers = asked.units.map(({ number }) => number)
  const mine = await digests.of(asked.bits, numbers)
  const answers = asked.units.map(({ number, digest }, at) => {
    const range = { partPower: asked.bits, partition: number }
    const equal = mine[at]?.equals(digest) === true
    return { equal, voice: ledger.voice(range), role: ledger.role(range) }
  })
  return binary(encodeUnitAnswers(answers))
}

/** A socket for both families has IPv4 addresses mapped. */
function isOwnAddress({ host }: PeerAddress, { remoteAddress }: Request): boolean {
  return remoteAddress !== '' && remoteAddress.replace(/^::ffff:/i, '') === host
}

async function serveEntries(policy: Policy, body: Buffer): Promise<Response> {
  const asked = decodeEntriesRequest(body)
  if (asked === undefined || (asked.hashes?.length ?? 0) > ENTRIES_MAX) return malformed()
  const found =
    asked.hashes === undefined
      ? await entriesIn(policy.replica, asked)
      : await entriesOf(policy.replica, asked.hashes)
  if (found === undefined) return answer(507)
  return binary(encodeEntriesAnswer({ ...standing(policy, asked.partition), ...found }))
}

/** 503 while nothing is granted. */
async function serveLease(grants: LeaseGrants | undefined, body: Buffer): Promise<Response> {
  const request = parseLeaseRequest(parsedJson(body))
  if (request === undefined) return malformed()
  const answered = await grants?.grant(request)
  return answered === undefined ? answer(503) : json(answered)
}

function standing({ ledger }: Policy, partition: PartitionRange): PeerStanding {
  return {
    role: ledger.role(partition),
    voice: ledger.voice(partition),
    givenUpMs: ledger.givenUp.untilMs(partition),
  }
}

async function entriesOf(
  replica: ReplicaAccess,
  hashes: readonly string[],
): Promise<Pick<EntriesAnswer, 'entries' | 'more'> | undefined> {
  const states = await replica.states(hashes)
  if ('kind' in states) return undefined
  return { entries: states.map(({ hash, state }) => entryOf(hash, state)), more: false }
}

async function entriesIn(
  replica: ReplicaAccess,
  { partition, ranges, after }: EntriesRequest,
): Promise<Pick<EntriesAnswer, 'entries' | 'more'>> {
  const entries: Entry[] = []
  let bytes = 0
  for await (const { hash, state } of statesIn(replica, partition, { ranges, after })) {
    const entry = entryOf(hash, state)
    if (isEmptyEntry(entry)) continue
    if (entries.length >= ENTRIES_MAX || bytes >= PAGE_BYTES) return { entries, more: true }
    entries.push(entry)
    bytes += encodedBytesOf(entry)
  }
  return { entries, more: false }
}

async function fetchWhatLacks(
  policy: Policy,
  asked: FetchRequest,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { replica, fetcher } = policy
  const { partition } = asked
  const theirs = asked.entries.filter(({ hash }) => unitOf(hash, partition.partPower) === partition.partition)
  const hashes = theirs.map(({ hash }) => hash)
  const mine = await entriesOf(replica, hashes)
  if (mine === undefined) throw new Error('the index cannot be read')
  const wishes = theirs.flatMap((entry, at): FetchWish[] => {
    const lack = lackOf(mine.entries[at] as Entry, entry)
    return lack === 'nothing' ? [] : [{ entry, lack }]
  })
  if (wishes.length > 0) await fetcher.fetch(asked.from, wishes, signal)
  const after = await entriesOf(replica, hashes)
  if (after === undefined) throw new Error('the index cannot be read')
  return encodeEntriesAnswer({ ...standing(policy, partition), ...after })
}

/** Blanks, which JSON allows, until the work is done. */
async function* heartbeats(work: Promise<Buffer>, clock: Clock): AsyncGenerator<Buffer, void, undefined> {
  const ended = new AbortController()
  try {
    for (;;) {
      const pause = clock.sleep(HEARTBEAT_MS, ended.signal).catch(() => {})
      const result = await Promise.race([work, pause])
      if (result !== undefined) {
        yield result
        return
      }
      yield Buffer.from(' ')
    }
  } finally {
    ended.abort()
  }
}

function stream(generator: AsyncGenerator<Buffer, void, undefined>): Response {
  const body: BodyStream = generatedBody(generator)
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

function binary(body: Buffer): Response {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(body.length) }
  return { status: 200, headers, body }
}

function json(value: unknown): Response {
  return binary(encodeJson(value))
}

function malformed(): Response {
  return textAnswer(400, 'Invalid SYNC request')
}
