/**
 * All image records in the memory of one proxy, for lists and filters. It is brought up to date when it is used: the
 * records tell what changed since the last time (`RecordCollection.changes`), and only that is read. Where that cannot be told,
 * at the beginning and after a replica was lost, the container's listing tells by ETag which records changed.
 *
 * - What is given was true less than `STALE_MS` before it was asked for, or later. What this proxy wrote itself is in it at once.
 * - Nobody waits for more than two refreshes, however long they take: one that began after the question is fresh enough.
 * - While it is used it is refreshed ahead of time, so that lists seldom wait. While it is not, it costs nothing.
 */
import type { Clock } from '#base/environment.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ChangedRecord, ListedRecord, RecordCollection, RecordMark } from '#store/records/contract.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { ImageIndex } from '../query/image-index.ts'
import { type Refusal, unavailable } from '../refusal.ts'

/** Oldest view that is given, milliseconds. */
const STALE_MS = 900
/** From this age on a new one is fetched meanwhile. */
const REFRESH_MS = 400
/** Older than this, everything is listed again: what a deletion leaves behind is not kept for ever. Milliseconds. */
const CONTINUED_MS = 3_600_000
/** Records read at once. */
const LANES = 16
/** Keys asked for at once; the most that a container server gives. */
const PAGE = 10_000
/** Of a record of which it is not known how listings tell of it: no listing has this, so that the record is read once more. */
const UNKNOWN_ETAG = ''

interface Known {
  readonly etag: string
  /** When this proxy learned of it, monotonic milliseconds. */
  readonly learnedAt: number
}

export interface ImageViewDeps {
  readonly records: RecordCollection<ImageRecord>
  readonly clock: Clock
}

export class ImageViewCache {
  readonly #records: RecordCollection<ImageRecord>
  readonly #clock: Clock
  readonly #index = new ImageIndex()
  readonly #known = new Map<string, Known>()
  /** When the last completed refresh began. */
  #freshAt = -Infinity
  /** Up to where changes are in it. */
  #mark: RecordMark | undefined
  #refreshing: Promise<Refusal | undefined> | undefined

  constructor({ records, clock }: ImageViewDeps) {
    this.#records = records
    this.#clock = clock
  }

  /** This proxy wrote the record, or read it; `etag` as listings tell of it, where that is known. */
  learn(image: ImageRecord, etag = UNKNOWN_ETAG): void {
    this.#keep(image, { etag, learnedAt: this.#clock.monotonicMs() })
  }

  /** The images of now. It goes on changing: nobody may wait for anything while looking at it. */
  async index(context: OperationContext): Promise<ImageIndex | Refusal> {
    const askedAt = this.#clock.monotonicMs()
    const ageMs = askedAt - this.#freshAt
    if (ageMs >= STALE_MS) {
      const failed = await this.#refresh(context, askedAt - STALE_MS)
      if (failed !== undefined) return failed
    } else if (ageMs >= REFRESH_MS) {
      // Whoever waits for it next hears of a failure.
      this.#refresh(context, this.#freshAt).catch(() => {})
    }
    return this.#index
  }

  /** One at a time. One that began before `notBefore` is waited for, and followed by another. */
  async #refresh(context: OperationContext, notBefore: number): Promise<Refusal | undefined> {
    const shared = { txId: context.txId, log: context.log, signal: undefined }
    do {
      this.#refreshing ??= this.#fetch(shared).finally(() => {
        this.#refreshing = undefined
      })
      const failed = await this.#refreshing
      if (failed !== undefined) return failed
    } while (this.#freshAt < notBefore)
    return undefined
  }

  async #fetch(context: OperationContext): Promise<Refusal | undefined> {
    const begunAt = this.#clock.monotonicMs()
    const since = begunAt - this.#freshAt < CONTINUED_MS ? this.#mark : undefined
    const told = await this.#records.changes?.(context, since)
    const failed =
      told?.kind === 'changes'
        ? await this.#read(context, told.records, begunAt)
        : await this.#readAll(context, begunAt)
    if (failed !== undefined) return failed
    this.#mark = told?.mark
    this.#freshAt = begunAt
    return undefined
  }

  async #readAll(context: OperationContext, begunAt: number): Promise<Refusal | undefined> {
    const listed = await this.#list(context)
    if (listed === undefined) return unavailable('The image registry cannot be listed now.')
    const failed = await this.#read(context, listed, begunAt)
    if (failed !== undefined) return failed
    const keys = new Set(listed.map(({ key }) => key))
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#forget(key, begunAt)
    return undefined
  }

  async #list(context: OperationContext): Promise<readonly ListedRecord[] | undefined> {
    const listed: ListedRecord[] = []
    let marker: string | undefined
    do {
      const page = await this.#records.list(context, { marker, limit: PAGE })
      if (page.kind !== 'listed') return undefined
      listed.push(...page.records)
      marker = page.next
    } while (marker !== undefined)
    return listed
  }

  /** Reads those that are not known as they are. */
  async #read(
    context: OperationContext,
    records: readonly ChangedRecord[],
    begunAt: number,
  ): Promise<Refusal | undefined> {
    // Several replicas tell of the same change.
    const changed = new Map(records.map((record) => [record.key, record]))
    const unknown = [...changed.values()].filter(({ key, etag }) => this.#known.get(key)?.etag !== etag)
    let failed: Refusal | undefined
    await inParallel(unknown, LANES, async (record) => {
      failed ??= await this.#readOne(context, record, begunAt)
    })
    return failed
  }

  async #readOne(
    context: OperationContext,
    { key, etag = UNKNOWN_ETAG }: ChangedRecord,
    begunAt: number,
  ): Promise<Refusal | undefined> {
    const read =
      (etag === UNKNOWN_ETAG ? undefined : await this.#records.readListed?.(context, { key, etag })) ??
      (await this.#records.read(context, key, 'newest'))
    if (read.kind === 'unavailable' || read.kind === 'undecided') {
      return unavailable('The image registry cannot be read now.')
    }
    if (read.kind === 'absent') this.#forget(key, begunAt)
    if (read.kind === 'found' && !this.#isLearnedSince(key, begunAt)) {
      this.#keep(read.value, { etag, learnedAt: begunAt })
    }
    return undefined
  }

  #keep(image: ImageRecord, known: Known): void {
    this.#known.set(image.id, known)
    this.#index.set(image)
  }

  #forget(key: string, begunAt: number): void {
    if (this.#isLearnedSince(key, begunAt)) return
    this.#known.delete(key)
    this.#index.delete(key)
  }

  #isLearnedSince(key: string, begunAt: number): boolean {
    return (this.#known.get(key)?.learnedAt ?? -Infinity) > begunAt
  }
}
