/**
 * Brings objects from a peer to this device through the engine's own write path: temporary file, CRC of every block and
 * MD5 compared, file and directory synced, index last. Nothing that does not match its record becomes an object. Small
 * objects travel many in one answer; a large one goes on at the byte it had reached when its connection breaks.
 */
import type { Drive, KeptRoom } from '#backend/drive-state.ts'
import type { Clock } from '#base/environment.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { Logger } from '#base/log.ts'
import { discard, piecesOf } from '#http/message.ts'
import type { ArrivedCopy } from '../copy-writes.ts'
import type { ObjectWriter } from '../engine.ts'
import { type DataRecord, isSameData } from '../object-state.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import type { Entry, Lack } from './entry.ts'
import { FrameReader, type ObjectFrame } from './frames.ts'
import { Lanes } from './lanes.ts'
import type { PeerAddress } from './messages.ts'
import { isFailure, type Peers } from './peer.ts'

export interface FetchWish {
  /** What the peer has. */
  readonly entry: Entry
  readonly lack: Exclude<Lack, 'nothing'>
}

/** What became of a list of wishes. */
export interface Fetched {
  objects: number
  metadata: number
  bytes: number
  /** Arrived and was not what its record says, or the disk failed, or it did not arrive. */
  failed: number
  /** Not fetched, because this device would have less than its reserve left. */
  full: number
}

export interface FetcherOptions {
  readonly replica: ReplicaAccess
  readonly drive: Pick<Drive, 'keepRoom'>
  readonly peers: Peers
  readonly clock: Clock
  readonly log: Logger
  /** Waits until so many bytes more may be moved; rejects when the signal aborts. */
  readonly admit?: ((bytes: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
}

/** Larger bodies have a request of their own. */
const SMALL_BODY_BYTES = BLOCK_BYTES
/** One answer brings at most so many objects, and about so many bytes. */
const BATCH_OBJECTS_MAX = 256
const BATCH_BYTES_MAX = 4 * 1024 * 1024
/** So many objects of an answer, or about so many bytes, are written together, and share what can be shared. */
const GROUP_OBJECTS_MAX = 32
const GROUP_BYTES_MAX = 1024 * 1024
/** Groups of one answer under way at a time. */
const GROUPS_UNDER_WAY = 3
/** Times in a row that a large body is asked for again from where it broke off, and not a block of it came. */
const RESUMES_MAX = 5
const FIRST_RESUME_MS = 200

export function nothingFetched(): Fetched {
  return { objects: 0, metadata: 0, bytes: 0, failed: 0, full: 0 }
}

export class ObjectFetcher {
  readonly #options: FetcherOptions

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Resolves when everything that came is durable. Never rejects, but for an aborted signal. */
  async fetch(peer: PeerAddress, wishes: readonly FetchWish[], signal?: AbortSignal): Promise<Fetched> {
    const tally = nothingFetched()
    for (const batch of batchesOf(wishes)) {
      signal?.throwIfAborted()
      const room = await this.#roomFor(batch)
      try {
        const fitting = room === undefined ? batch.filter(({ lack }) => lack === 'small') : batch
        tally.full += batch.length - fitting.length
        await this.#fitting(peer, fitting, tally, signal)
      } finally {
        room?.release()
      }
    }
    return tally
  }

  /** What POSTs and deletes left needs none: a full device takes it. */
  async #roomFor(batch: readonly FetchWish[]): Promise<KeptRoom | undefined> {
    if (batch.every(({ lack }) => lack === 'small')) return undefined
    return await this.#options.drive.keepRoom(batch.reduce((sum, wish) => sum + bodyBytesOf(wish), 0))
  }

  async #fitting(
    peer: PeerAddress,
    batch: readonly FetchWish[],
    tally: Fetched,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const [only] = batch
    if (only === undefined) return
    if (bodyBytesOf(only) > SMALL_BODY_BYTES) await this.#large(peer, only, tally, signal)
    else await this.#batch(peer, batch, tally, signal)
  }

  async #batch(
    peer: PeerAddress,
    batch: readonly FetchWish[],
    tally: Fetched,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const waiting = new Map(batch.map((wish) => [wish.entry.hash, wish]))
    const lanes = new Lanes(GROUPS_UNDER_WAY)
    try {
      const wanted = batch.map(({ entry, lack }) => ({ hash: entry.hash, lack }))
      const response = await this.#options.peers.objects(peer, { wanted, offset: 0 }, signal)
      if (isFailure(response)) return
      try {
        await this.#take(piecesOf(response.body), waiting, lanes, tally, signal)
      } finally {
        await discard(response)
      }
    } catch (error) {
      signal?.throwIfAborted()
      this.#options.log.warn({ peer, err: String(error) }, 'objects of a peer did not arrive')
    } finally {
      await lanes.idle()
      tally.failed += waiting.size
    }
  }

  /** What arrives is written while more arrives. A frame that nobody asked for ends it. */
  async #take(
    stream: AsyncIterable<Buffer>,
    waiting: Map<string, FetchWish>,
    lanes: Lanes,
    tally: Fetched,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const reader = new FrameReader(stream)
    const come = new Set<string>()
    let group: Arrived[] = []
    let groupBytes = 0
    const write = async (): Promise<void> => {
      const arrived = group
      ;[group, groupBytes] = [[], 0]
      if (arrived.length > 0) await lanes.enter(() => this.#storeAll(arrived, waiting, tally))
    }
    try {
      for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
        const wish = waiting.get(frame.hash)
        const isAsked = wish !== undefined && !come.has(frame.hash)
        if (!isAsked || frame.bodyBytes > SMALL_BODY_BYTES + BLOCK_BYTES)
          throw new Error('an object that was not asked for')
        const body = await reader.whole(frame.bodyBytes)
        await this.#options.admit?.(frame.bodyBytes, signal)
        come.add(frame.hash)
        group.push({ wish, frame, body })
        groupBytes += body.length
        if (group.length >= GROUP_OBJECTS_MAX || groupBytes >= GROUP_BYTES_MAX) await write()
      }
    } finally {
      // Also what came whole before the answer broke off.
      await write()
    }
  }

  /** Nobody waits any more for those that are here durably. */
  async #storeAll(
    arrived: readonly Arrived[],
    waiting: Map<string, FetchWish>,
    tally: Fetched,
  ): Promise<void> {
    const right = arrived.filter(({ wish, frame }) => this.#isOf(wish, frame))
    const copies = right.flatMap(({ wish: { lack }, frame: { hash, data: record }, body }) =>
      record === undefined || lack !== 'data' ? [] : [{ hash, record, body }],
    )
    const missing = await this.#storeCopies(copies)
    await Promise.all(
      right.map(async ({ wish, frame }) => {
        if (missing.has(frame.hash) || !(await this.#merge(frame)) || !isWholeFor(wish, frame)) return
        waiting.delete(frame.hash)
        count(tally, frame)
      }),
    )
  }

  /** The hashes of those that could not be stored. */
  async #storeCopies(copies: readonly ArrivedCopy[]): Promise<ReadonlySet<string>> {
    const missing = new Set<string>()
    const outcomes = copies.length === 0 ? [] : await this.#options.replica.storeCopies(copies)
    copies.forEach(({ hash, record }, at) => {
      const outcome = outcomes[at]
      if (outcome?.kind !== 'stored') missing.add(hash)
      if (outcome?.kind === 'damaged') this.#isNot(record, outcome.problem)
    })
    return missing
  }

  #isNot({ etag }: DataRecord, problem: string): void {
    this.#options.log.error({ etag, problem }, 'a replicated body is not what its record says')
  }

  /** Is it about the object asked for, and does every name have its hash? */
  #isOf({ entry }: FetchWish, { hash, data, small }: ObjectFrame): boolean {
    const names = [data?.name, ...small.map((one) => (one.kind === 'meta' ? one.meta.name : one.name))]
    return (
      hash === entry.hash &&
      names.every((name) => name === undefined || this.#options.replica.hashOf(name) === hash)
    )
  }

  /** The same version, or one that replaced it meanwhile, is here afterwards. */
  async #commit(writer: ObjectWriter, record: DataRecord): Promise<boolean> {
    const problem = problemWith(writer, record)
    if (problem !== undefined) {
      this.#isNot(record, problem)
      return false
    }
    const { timestamp, etag, contentType, headers } = record
    const outcome = await writer.commit({ timestamp, etag, contentType, headers, updates: () => [] })
    return outcome.kind !== 'disk_failed'
  }

  async #merge({ small }: ObjectFrame): Promise<boolean> {
    for (const record of small) {
      const merged = await this.#options.replica.merge(record)
      if (merged.kind === 'disk_failed') return false
    }
    return true
  }

  async #large(
    peer: PeerAddress,
    wish: FetchWish,
    tally: Fetched,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const upload: LargeBody = { writer: undefined, record: undefined }
    try {
      for (let resumes = 0; resumes <= RESUMES_MAX; resumes += 1) {
        if (resumes > 0) await this.#options.clock.sleep(FIRST_RESUME_MS * 2 ** resumes, signal)
        const reached = upload.writer?.sizeBytes ?? 0
        const progress = await this.#pour(peer, wish, upload, tally, signal)
        if (progress === 'stored') return
        if (progress === 'gone') break
        // A link that breaks often and still brings something brings all of it in the end.
        if ((upload.writer?.sizeBytes ?? 0) >= reached + BLOCK_BYTES) resumes = 0
      }
      tally.failed += 1
    } finally {
      await upload.writer?.abort()
    }
  }

  /** One request for the rest of a large body. */
  async #pour(
    peer: PeerAddress,
    wish: FetchWish,
    upload: LargeBody,
    tally: Fetched,
    signal: AbortSignal | undefined,
  ): Promise<'stored' | 'broken_off' | 'gone'> {
    const { entry, lack } = wish
    const offset = upload.writer?.sizeBytes ?? 0
    const request = { wanted: [{ hash: entry.hash, lack }], offset }
    const response = await this.#options.peers.objects(peer, request, signal)
    if (isFailure(response)) return 'broken_off'
    try {
      const reader = new FrameReader(piecesOf(response.body))
      const frame = await reader.next()
      if (frame?.data === undefined || !this.#isOf(wish, frame)) return 'gone'
      upload.record ??= frame.data
      if (!sameRecord(upload.record, frame.data)) return 'gone'
      upload.writer ??= this.#options.replica.beginWrite(frame.data.name)
      for await (const piece of reader.body(frame.bodyBytes)) {
        await this.#options.admit?.(piece.length, signal)
        if ((await upload.writer.write(piece)) !== undefined) return 'gone'
      }
      if (!(await this.#commit(upload.writer, upload.record)) || !(await this.#merge(frame))) return 'gone'
      count(tally, { ...frame, bodyBytes: frame.data.sizeBytes })
      return 'stored'
    } catch (error) {
      signal?.throwIfAborted()
      this.#options.log.warn({ hash: entry.hash, err: String(error) }, 'a large object broke off')
      return 'broken_off'
    } finally {
      await discard(response)
    }
  }
}

/** An object that came whole. */
interface Arrived {
  readonly wish: FetchWish
  readonly frame: ObjectFrame
  readonly body: Buffer
}

/** The peer may have the body no more: unless it was deleted there, somebody else must be asked. */
function isWholeFor({ lack }: FetchWish, { data, small }: ObjectFrame): boolean {
  return lack === 'small' || data !== undefined || small.some(({ kind }) => kind === 'tombstone')
}

interface LargeBody {
  writer: ObjectWriter | undefined
  record: DataRecord | undefined
}

function bodyBytesOf({ entry, lack }: FetchWish): number {
  return lack === 'data' ? (entry.data?.sizeBytes ?? 0) : 0
}

function* batchesOf(wishes: readonly FetchWish[]): Generator<readonly FetchWish[]> {
  let batch: FetchWish[] = []
  let sizeBytes = 0
  for (const wish of wishes) {
    const bytes = bodyBytesOf(wish)
    if (bytes > SMALL_BODY_BYTES) {
      yield [wish]
      continue
    }
    batch.push(wish)
    sizeBytes += bytes
    if (batch.length < BATCH_OBJECTS_MAX && sizeBytes < BATCH_BYTES_MAX) continue
    yield batch
    batch = []
    sizeBytes = 0
  }
  if (batch.length > 0) yield batch
}

/** What is wrong with what arrived; `undefined` when it is what was stored. */
function problemWith(writer: ObjectWriter, record: DataRecord): string | undefined {
  if (writer.sizeBytes !== record.sizeBytes) return `${writer.sizeBytes} of ${record.sizeBytes} bytes`
  const crcs = writer.blockCrcs()
  const isEqual =
    crcs.length === record.blockCrcs.length && crcs.every((crc, at) => crc === record.blockCrcs[at])
  if (!isEqual) return 'the checksum of a block'
  return writer.etag() === record.etag ? undefined : 'the MD5'
}

function sameRecord(left: DataRecord, right: DataRecord): boolean {
  const [one, other] = [left, right].map((record) => ({ ...record, fileBytes: record.sizeBytes, record }))
  return one !== undefined && other !== undefined && isSameData(one, other)
}

function count(tally: Fetched, { data, bodyBytes }: Pick<ObjectFrame, 'data' | 'bodyBytes'>): void {
  if (data !== undefined) tally.objects += 1
  else tally.metadata += 1
  tally.bytes += bodyBytes
}
