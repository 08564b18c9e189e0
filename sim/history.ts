/**
 * What clients did to every object and what they were told, and what the proxies made of it on the wire. From it follows
 * what may be stored: of all attempts that ever left a proxy the latest counts, and it is not older than the latest that
 * was acknowledged.
 */
import { createHash } from 'node:crypto'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { hashName } from '#base/names.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { nameOfPath } from './object-names.ts'
import { SALT } from './topology.ts'

export type WriteMethod = 'PUT' | 'POST' | 'DELETE'

/** One operation of a client that changes an object. */
export interface ClientWrite {
  readonly id: number
  readonly method: WriteMethod
  /** `/account/container/object`. */
  readonly path: string
  /** Of the body of a PUT. */
  readonly etag: string
  readonly sizeBytes: number
  /** When the object expires by this PUT or POST, wall clock, milliseconds; never when left out. */
  readonly expiresMs?: number | undefined
  readonly startedMs: number
  endedMs: number
  /** `unknown`: it was refused, or the client never heard. */
  outcome: 'running' | 'acknowledged' | 'unknown'
  /** As the receipt says. */
  timestamp: Timestamp | undefined
}

/** One timestamp under which a proxy sent a write to storage servers. */
export interface Attempt {
  readonly write: ClientWrite
  /** What was sent, which need not be what the client asked for: a PUT into a deleted container takes itself back. */
  readonly method: WriteMethod
  readonly timestamp: Timestamp
  readonly sentMs: number
  /** Hosts that said it is done. */
  readonly holders: Set<string>
}

/** The bytes that write `id` stores: told apart from all others by their first line. */
export function bodyOf(id: number, sizeBytes: number): Buffer {
  const seed = createHash('md5').update(`body ${id}`).digest()
  const bytes = Buffer.alloc(sizeBytes, seed)
  bytes.write(`write ${id};`.slice(0, sizeBytes))
  return bytes
}

export class ObjectHistory {
  readonly path: string
  /** Of its name. */
  readonly hash: string
  readonly writes: ClientWrite[] = []
  readonly #attempts: Attempt[] = []
  /** In the order of their timestamps; of those with the same one the first that was sent is the last. */
  readonly #byTime: Attempt[] = []

  constructor(path: string) {
    this.path = path
    this.hash = hashName(nameOfPath(path), SALT)
  }

  /** In the order in which they were sent. */
  get attempts(): readonly Attempt[] {
    return this.#attempts
  }

  add(attempt: Attempt): void {
    this.#attempts.push(attempt)
    this.#byTime.splice(this.#placeOf(attempt.timestamp), 0, attempt)
  }

  /** The latest PUT or DELETE that was acknowledged before `beforeMs`, of those that `counts` lets through. */
  acknowledged(beforeMs: number, counts: (attempt: Attempt) => boolean = () => true): Attempt | undefined {
    return this.#latest(
      ({ write, timestamp, method }) =>
        write.outcome === 'acknowledged' &&
        write.endedMs < beforeMs &&
        write.timestamp === timestamp &&
        method === write.method &&
        method !== 'POST',
      counts,
    )
  }

  /** The latest POST that was acknowledged, if it is later than `after`. */
  acknowledgedPost(after: Timestamp): Attempt | undefined {
    return this.#latest(
      ({ write, timestamp, method }) =>
        method === 'POST' &&
        write.outcome === 'acknowledged' &&
        write.timestamp === timestamp &&
        timestamp > after,
      () => true,
    )
  }

  /**
   * Could the object be gone by itself, as of this version: does that one, or a PUT or POST after it, expire before
   * `wallMs`?
   */
  mayHaveExpired(since: Timestamp, wallMs: number): boolean {
    return this.attempts.some(
      ({ write, timestamp }) =>
        timestamp >= since && write.expiresMs !== undefined && write.expiresMs <= wallMs,
    )
  }

  /** Is what this PUT stored gone by itself before `wallMs`, whatever came of POSTs that may have moved its end? */
  mustHaveExpired(put: Attempt, wallMs: number): boolean {
    const versions = this.attempts.filter(
      (one) =>
        (one.method === 'PUT' && one.write.etag === put.write.etag) ||
        (one.method === 'POST' && one.timestamp > put.timestamp),
    )
    return versions.every(({ write }) => write.expiresMs !== undefined && write.expiresMs < wallMs)
  }

  /**
   * Was the object deleted so long ago, and not written since, that nobody need know of it any more? `since`: for one that
   * has heard of nothing later, as a server that was down.
   */
  mayBeForgotten(
    wallMs: number,
    since: Timestamp = this.acknowledged(Number.POSITIVE_INFINITY)?.timestamp ?? ZERO_TIMESTAMP,
  ): boolean {
    const isOld = (timestamp: Timestamp): boolean =>
      ticksOf(timestamp) / TICKS_PER_SECOND < wallMs / 1000 - RECLAIM_AGE_SECONDS
    return this.attempts.some(
      ({ write, method, timestamp }) =>
        (method === 'DELETE' || write.expiresMs !== undefined) && isOld(timestamp) && timestamp >= since,
    )
  }

  attemptsAt(timestamp: Timestamp, method: WriteMethod): readonly Attempt[] {
    const found: Attempt[] = []
    for (let at = this.#placeOf(timestamp); this.#byTime[at]?.timestamp === timestamp; at += 1) {
      const attempt = this.#byTime[at]
      if (attempt?.method === method) found.unshift(attempt)
    }
    return found
  }

  attemptOf(write: number, method: WriteMethod): readonly Attempt[] {
    return this.attempts.filter((one) => one.write.id === write && one.method === method)
  }

  #latest(one: (attempt: Attempt) => boolean, two: (attempt: Attempt) => boolean): Attempt | undefined {
    return this.#byTime.findLast((attempt) => one(attempt) && two(attempt))
  }

  /** Of the first attempt that is not earlier. */
  #placeOf(timestamp: Timestamp): number {
    let low = 0
    let high = this.#byTime.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#byTime[middle] as Attempt).timestamp < timestamp) low = middle + 1
      else high = middle
    }
    return low
  }
}

export class History {
  readonly #objects = new Map<string, ObjectHistory>()
  readonly #writes = new Map<number, ClientWrite>()

  /** All objects that anybody ever wrote to, in the order of their first write. */
  get objects(): Iterable<ObjectHistory> {
    return this.#objects.values()
  }

  object(path: string): ObjectHistory {
    const known = this.#objects.get(path)
    if (known !== undefined) return known
    const history = new ObjectHistory(path)
    this.#objects.set(path, history)
    return history
  }

  /** A client begins to write. */
  begin(write: ClientWrite): void {
    this.#writes.set(write.id, write)
    this.object(write.path).writes.push(write)
  }

  /** A proxy sends the write of a client under a timestamp; told once per storage server. */
  attempted(id: number, method: WriteMethod, timestamp: Timestamp, nowMs: number): void {
    const write = this.#writes.get(id)
    if (write === undefined) return
    const object = this.object(write.path)
    if (object.attemptsAt(timestamp, method).some((one) => one.write === write)) return
    object.add({ write, method, timestamp, sentMs: nowMs, holders: new Set() })
  }

  /** A storage server says that it has it. */
  held(id: number, method: WriteMethod, timestamp: Timestamp, host: string): void {
    const write = this.#writes.get(id)
    if (write === undefined) return
    for (const attempt of this.object(write.path).attemptsAt(timestamp, method)) {
      if (attempt.write === write) attempt.holders.add(host)
    }
  }
}
