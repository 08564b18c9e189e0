/**
 * Clients that write objects: plainly, two with the same time, and only if something holds. What they are told is checked
 * at once.
 */
import { createHash } from 'node:crypto'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import { bufferBody, type RequestBody } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { type ClientCondition, checkCondition, checkRefusal } from './condition-checks.ts'
import { bodyOf, type ClientWrite, type WriteMethod } from './history.ts'
import { contentTypeOf } from './metadata-checks.ts'
import { aName, mayExpire, pathOf } from './object-names.ts'
import type { RunningProxy } from './proxy-node.ts'
import { checkOrder, WRITER_HEADER } from './read-checks.ts'
import { contextOf, type Session } from './session.ts'
import { isSolid } from './solid.ts'

/** Above what the proxy holds whole, so that it streams. */
const LARGE_BYTES = 70_000
const MEDIUM_BYTES_MAX = 600
/** Twins are so far ahead of the clock that nothing is newer. */
const TWINS_AHEAD_MS = 2_500
const TICKS_PER_MS = TICKS_PER_SECOND / 1000
/** Of 100 PUTs and POSTs of objects that may expire, those that say when, and in how many seconds. */
const EXPIRING_SHARE = 60
const EXPIRES_WITHIN_SECONDS = 60

/** What a write is to be besides its method. */
interface Wish {
  readonly name: ObjectName
  readonly timestamp?: Timestamp
  readonly condition?: ClientCondition
}

interface Receipt {
  readonly kind: 'done' | 'refused'
  readonly timestamp: Timestamp | undefined
  readonly listingPending: boolean
}

export class ObjectWriters {
  readonly #session: Session
  #acknowledged = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** Writes that clients were told are done. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** One plain write, of any name when it is left out. */
  write(
    id: number,
    proxy: RunningProxy,
    method: WriteMethod,
    name = aName(this.#session.random),
  ): Promise<void> {
    return this.#write(id, proxy, method, { name })
  }

  /** Two clients dictate the same time for different bodies, as container sync may. */
  async twins(ids: readonly [number, number], proxy: RunningProxy): Promise<void> {
    const { cluster, random } = this.#session
    const ticks = Math.floor((cluster.world.wallMs() + TWINS_AHEAD_MS) * TICKS_PER_MS)
    const wish = { name: aName(random), timestamp: timestampFromTicks(ticks) }
    const other = this.#session.aProxy() ?? proxy
    await Promise.all([this.#write(ids[0], proxy, 'PUT', wish), this.#write(ids[1], other, 'PUT', wish)])
  }

  /** A PUT only if there is nothing, or only over what a client believes to be there. */
  async conditional(id: number, proxy: RunningProxy): Promise<void> {
    const { cluster, random } = this.#session
    const name = aName(random)
    const believed = cluster.history.object(pathOf(name)).acknowledged(Number.POSITIVE_INFINITY)
    const condition: ClientCondition =
      believed?.method === 'PUT' && random.below(2) === 0
        ? { kind: 'matches', etags: `"${believed.write.etag}"` }
        : { kind: 'absent' }
    await this.#write(id, proxy, 'PUT', { name, condition })
  }

  async #write(id: number, proxy: RunningProxy, method: WriteMethod, wish: Wish): Promise<void> {
    const { cluster } = this.#session
    const { history, events } = cluster
    const bytes = method === 'PUT' ? bodyOf(id, this.#sizeOfBody()) : Buffer.alloc(0)
    const write: ClientWrite = {
      id,
      method,
      path: pathOf(wish.name),
      etag: createHash('md5').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      expiresMs: method === 'DELETE' ? undefined : this.#expiry(wish.name),
      startedMs: cluster.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      outcome: 'running',
      timestamp: undefined,
    }
    history.begin(write)
    const kind = wish.condition?.kind ?? ''
    events.add(`op-${id} begins ${method} ${write.path} ${kind} at ${proxy.life.name}`)
    const receipt = await this.#session.asked(proxy, () => this.#send(proxy, write, wish, bytes))
    write.endedMs = cluster.nowMs()
    write.outcome = receipt?.kind === 'done' ? 'acknowledged' : 'unknown'
    write.timestamp = receipt?.timestamp
    events.add(`op-${id} ends ${method} ${write.path} ${receipt?.kind ?? 'unknown'} ${write.timestamp ?? ''}`)
    if (receipt !== undefined) this.#judge(write, wish, receipt)
  }

  /** `undefined` when it failed, or nobody knows. */
  async #send(
    { store }: RunningProxy,
    { id, method, expiresMs }: ClientWrite,
    { name, timestamp, condition }: Wish,
    bytes: Buffer,
  ): Promise<Receipt | undefined> {
    const context = contextOf(`op-${id}`)
    const expiry = expiresMs === undefined ? {} : { 'x-delete-at': String(expiresMs / 1000) }
    const metadata = { [WRITER_HEADER]: String(id), ...expiry }
    if (method === 'POST') {
      const posted = await store.objects.post(context, name, { metadata, contentType: undefined })
      return posted.kind === 'accepted' ? { ...posted, kind: 'done', listingPending: true } : undefined
    }
    if (method === 'DELETE') {
      const deleted = await store.objects.delete(context, name, {})
      return deleted.kind === 'deleted' ? { ...deleted, kind: 'done' } : undefined
    }
    const put = await store.objects.put(context, name, {
      body: bytes.length > LARGE_BYTES ? streamed(bytes) : bufferBody(bytes),
      contentType: contentTypeOf(id),
      metadata,
      expectedEtag: undefined,
      limitBytes: 2 ** 30,
      timestamp,
      condition,
    })
    if (put.kind === 'created') return { ...put, kind: 'done' }
    const isRefused = put.kind === 'precondition_failed'
    return isRefused ? { kind: 'refused', timestamp: undefined, listingPending: true } : undefined
  }

  #judge(write: ClientWrite, { condition }: Wish, { kind, listingPending }: Receipt): void {
    const { cluster } = this.#session
    const object = cluster.history.object(write.path)
    const solid = isSolid(cluster, object)
    const wallMs = cluster.clocks().latestMs
    if (kind === 'refused') {
      if (condition !== undefined) checkRefusal(object, write, { condition, solid, wallMs })
      return
    }
    this.#acknowledged += 1
    if (condition !== undefined) checkCondition(object, write, { condition, solid, wallMs })
    for (const attempt of object.attemptOf(write.id, write.method)) {
      if (attempt.timestamp !== write.timestamp) continue
      if (write.method !== 'POST') checkOrder(object, attempt, solid)
      if (!listingPending) cluster.listed.add(attempt)
    }
  }

  #expiry(name: ObjectName): number | undefined {
    const { cluster, random } = this.#session
    if (!mayExpire(name) || random.below(100) >= EXPIRING_SHARE) return undefined
    const seconds = Math.ceil(cluster.world.wallMs() / 1000) + 10 + random.below(EXPIRES_WITHIN_SECONDS)
    return seconds * 1000
  }

  #sizeOfBody(): number {
    const { random } = this.#session
    const dice = random.below(100)
    if (dice < 3) return LARGE_BYTES + 1 + random.below(60_000)
    return 12 + random.below(MEDIUM_BYTES_MAX)
  }
}

/** A body whose bytes arrive in pieces. */
function streamed(bytes: Buffer): RequestBody {
  return {
    lengthBytes: bytes.length,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384)
    },
  }
}
