/**
 * All image records in the memory of one proxy, for lists and filters. It is brought up to date when it is used: the
 * container's listing tells by ETag which records changed, and only those are read.
 *
 * - What is given was true less than `STALE_MS` ago, or later. What this proxy wrote itself is in it at once.
 * - While it is used it is refreshed ahead of time, so that lists seldom wait.
 */
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/contract.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import { decodeImage, type ImageRecord } from '../model/image-record.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { RecordShelf } from './record-shelf.ts'

/** Oldest view that is given, milliseconds. */
const STALE_MS = 900
/** From this age on a new one is fetched meanwhile. */
const REFRESH_MS = 400
/** Records read at once. */
const LANES = 16

interface Entry {
  readonly etag: string
  readonly image: ImageRecord
  /** When this proxy learned of it, monotonic milliseconds. */
  readonly learnedAt: number
}

export interface ImageViewDeps {
  readonly shelf: RecordShelf
  readonly clock: Clock
}

export class ImageViewCache {
  readonly #shelf: RecordShelf
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  /** When the last completed refresh began. */
  #freshAt = -Infinity
  #refreshing: Promise<Refusal | undefined> | undefined

  constructor({ shelf, clock }: ImageViewDeps) {
    this.#shelf = shelf
    this.#clock = clock
  }

  /** This proxy wrote the record. */
  learn(image: ImageRecord, etag: string): void {
    this.#entries.set(image.id, { etag, image, learnedAt: this.#clock.monotonicMs() })
  }

  async all(context: OperationContext): Promise<Iterable<ImageRecord> | Refusal> {
    const ageMs = this.#clock.monotonicMs() - this.#freshAt
    if (ageMs >= STALE_MS) {
      const failed = await this.#refresh(context)
      if (failed !== undefined) return failed
    } else if (ageMs >= REFRESH_MS) {
      // Whoever waits for it next hears of a failure.
      this.#refresh(context).catch(() => {})
    }
    return [...this.#entries.values()].map(({ image }) => image)
  }

  /** One at a time. One that began before the question was asked is not fresh enough: its age is seen afterwards. */
  async #refresh(context: OperationContext): Promise<Refusal | undefined> {
    const shared = { txId: context.txId, log: context.log, signal: undefined }
    this.#refreshing ??= this.#fetch(shared).finally(() => {
      this.#refreshing = undefined
    })
    const failed = await this.#refreshing
    if (failed !== undefined || this.#clock.monotonicMs() - this.#freshAt < STALE_MS) return failed
    return await this.#refresh(context)
  }

  async #fetch(context: OperationContext): Promise<Refusal | undefined> {
    const begunAt = this.#clock.monotonicMs()
    const listed = await this.#shelf.list(context)
    if (listed === undefined) return unavailable('The image registry cannot be listed now.')
    const changed = listed.filter(({ key, etag }) => this.#entries.get(key)?.etag !== etag)
    let failed: Refusal | undefined
    await inParallel(changed, LANES, async ({ key, etag }) => {
      failed ??= await this.#fetchOne(context, key, etag, begunAt)
    })
    if (failed !== undefined) return failed
    this.#forgetAllBut(new Set(listed.map(({ key }) => key)), begunAt)
    this.#freshAt = begunAt
    return undefined
  }

  async #fetchOne(
    context: OperationContext,
    key: string,
    etag: string,
    begunAt: number,
  ): Promise<Refusal | undefined> {
    const read = await this.#shelf.read(context, key)
    if (read.kind === 'unavailable') return unavailable('The image registry cannot be read now.')
    const image = read.kind === 'found' ? decodeImage(read.bytes) : undefined
    if (image === undefined || this.#isLearnedSince(key, begunAt)) return undefined
    this.#entries.set(key, { etag, image, learnedAt: begunAt })
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
