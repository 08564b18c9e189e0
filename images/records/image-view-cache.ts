/**
 * All image records in the memory of one proxy, for lists and filters. It is brought up to date when it is used: the
 * container's listing tells by ETag which records changed, and only those are read.
 *
 * - What is given was true less than `STALE_MS` before it was asked for, or later. What this proxy wrote itself is in it at once.
 * - Nobody waits for more than two refreshes, however long they take: one that began after the question is fresh enough.
 * - While it is used it is refreshed ahead of time, so that lists seldom wait.
 */
import type { Clock } from '#base/environment.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ListedRecord, RecordCollection } from '#store/records/contract.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { type Refusal, unavailable } from '../refusal.ts'

/** Oldest view that is given, milliseconds. */
const STALE_MS = 900
/** From this age on a new one is fetched meanwhile. */
const REFRESH_MS = 400
/** Records read at once. */
const LANES = 16
/** Keys asked for at once; the most that a container server gives. */
const PAGE = 10_000
/** Of a record that this proxy wrote: no listing has it, so that the record is read once more. */
const UNKNOWN_ETAG = ''

interface Entry {
  readonly etag: string
  readonly image: ImageRecord
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
  readonly #entries = new Map<string, Entry>()
  /** When the last completed refresh began. */
  #freshAt = -Infinity
  #refreshing: Promise<Refusal | undefined> | undefined

  constructor({ records, clock }: ImageViewDeps) {
    this.#records = records
    this.#clock = clock
  }

  /** This proxy wrote the record. */
  learn(image: ImageRecord): void {
    this.#entries.set(image.id, { etag: UNKNOWN_ETAG, image, learnedAt: this.#clock.monotonicMs() })
  }

  async all(context: OperationContext): Promise<Iterable<ImageRecord> | Refusal> {
    const askedAt = this.#clock.monotonicMs()
    const ageMs = askedAt - this.#freshAt
    if (ageMs >= STALE_MS) {
      const failed = await this.#refresh(context, askedAt - STALE_MS)
      if (failed !== undefined) return failed
    } else if (ageMs >= REFRESH_MS) {
      // Whoever waits for it next hears of a failure.
      this.#refresh(context, this.#freshAt).catch(() => {})
    }
    return [...this.#entries.values()].map(({ image }) => image)
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
    const listed = await this.#list(context)
    if (listed === undefined) return unavailable('The image registry cannot be listed now.')
    const changed = listed.filter(({ key, etag }) => this.#entries.get(key)?.etag !== etag)
    let failed: Refusal | undefined
    await inParallel(changed, LANES, async (record) => {
      failed ??= await this.#fetchOne(context, record, begunAt)
    })
    if (failed !== undefined) return failed
    this.#forgetAllBut(new Set(listed.map(({ key }) => key)), begunAt)
    this.#freshAt = begunAt
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

  async #fetchOne(
    context: OperationContext,
    { key, etag }: ListedRecord,
    begunAt: number,
  ): Promise<Refusal | undefined> {
    const read = await this.#records.read(context, key, 'newest')
    if (read.kind === 'unavailable' || read.kind === 'undecided') {
      return unavailable('The image registry cannot be read now.')
    }
    if (read.kind !== 'found' || this.#isLearnedSince(key, begunAt)) return undefined
    this.#entries.set(key, { etag, image: read.value, learnedAt: begunAt })
    return undefined
  }

  #forgetAllBut(keys: ReadonlySet<string>, begunAt: number): void {
    for (const key of this.#entries.keys()) {
      if (!keys.has(key) && !this.#isLearnedSince(key, begunAt)) this.#entries.delete(key)
    }
  }

  #isLearnedSince(key: string, begunAt: number): boolean {
    return (this.#entries.get(key)?.learnedAt ?? -Infinity) > begunAt
  }
}
