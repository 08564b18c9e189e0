/**
 * One bucket in one pass: its objects, its versions and its unfinished uploads, as they are listed, held against its rules.
 * What is due by its row is looked at once more before anything is done: rows lag, and know no tags. A pass ends when the
 * bucket is not what it was at its beginning any more (`bucket-state.ts`); the next one begins with what it is then.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#base/environment.ts'
import {
  expirationOf,
  type LifecycleRule,
  noncurrentExpirationOf,
  removesLoneMarker,
  uploadAbortOf,
} from '#store/bucket-settings/lifecycle-rules.ts'
import type { JudgedObject } from '#store/deferred-deletes.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ListedObject, ListingQuery } from '#store/listing.ts'
import type { UploadsPage, UploadsQuery } from '#store/multipart/list-uploads.ts'
import { initiatedMs } from '#store/multipart/upload-names.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Pass } from '#worker/pass.ts'
import type { Acted, LifecycleActions, SeenObject } from './actions.ts'
import { type BucketState, type BucketStateParts, bucketState } from './bucket-state.ts'
import {
  type LoneMarker,
  type Place,
  type PlacedVersion,
  VersionRows,
  writtenMsOf,
} from './listed-versions.ts'

export interface BucketPassOptions extends BucketStateParts {
  readonly clock: Clock
  readonly dayMs: number
  readonly uploads: (name: ContainerName, query: UploadsQuery) => Promise<UploadsPage | StoreFailure>
  readonly actions: LifecycleActions
  /** To be awaited before each page and each action. */
  readonly rest: (how: PassOptions) => Promise<void>
}

export interface BucketToPass {
  readonly name: ContainerName
  /** Whether this device acts on a key: the container's replicas share them. */
  readonly isOwn: (key: string) => boolean
}

const PAGE = 1_000
/** Objects told to the queue in one message. */
const BATCH = 200

export class BucketPass {
  readonly #options: BucketPassOptions
  readonly #bucket: BucketToPass
  readonly #pass: Pass
  readonly #how: PassOptions
  readonly #nowMs: number
  readonly #due: JudgedObject[] = []
  /** At the beginning. */
  #state: BucketState | undefined
  #rules: readonly LifecycleRule[] = []
  /** Its owner has changed it, or nobody can tell. */
  #isOver = false
  /** To its end. */
  #isListed = false
  /** How late the latest action was, milliseconds. */
  #lagMs = 0

  constructor(options: BucketPassOptions, bucket: BucketToPass, pass: Pass, how: PassOptions) {
    this.#options = options
    this.#bucket = bucket
    this.#pass = pass
    this.#how = how
    this.#nowMs = options.clock.wallMs()
  }

  /** Resolves with how late the most overdue action was, milliseconds. */
  async run(): Promise<number> {
    const state = await bucketState(this.#options, this.#bucket.name)
    if (state === 'unavailable') this.#pass.count('waiting', 'unavailable')
    if (state === undefined || state === 'unavailable') return 0
    this.#state = state
    this.#rules = state.rules
    if (state.versions === undefined) await this.#objects()
    else await this.#versions()
    const givesUp = state.rules.some(({ abortUploadsAfterDays }) => abortUploadsAfterDays !== undefined)
    if (givesUp && !this.#isOver) await this.#uploads()
    return this.#lagMs
  }

  /** Whether the bucket is what it was at the beginning. */
  async #goesOn(): Promise<boolean> {
    if (this.#isOver) return false
    const now = await bucketState(this.#options, this.#bucket.name)
    if (isDeepStrictEqual(now, this.#state)) return true
    this.#isOver = true
    if (now === 'unavailable') this.#pass.count('waiting', 'unavailable')
    else this.#pass.count('found', 'buckets_changed')
    return false
  }

  async #objects(): Promise<void> {
    for await (const row of this.#rows(undefined)) {
      if (!this.#bucket.isOwn(row.name)) continue
      const object = { key: row.name, sizeBytes: row.sizeBytes, tags: undefined }
      const due = this.#expiration(object, writtenMsOf(row))
      if (due !== 'needs_tags' && !this.#isDue(due?.dueMs)) continue
      await this.#expirePlain(row)
      if (this.#due.length >= BATCH) await this.#flush()
    }
    await this.#flush()
  }

  async #expirePlain(row: ListedObject): Promise<void> {
    const name = this.#nameOf(row.name)
    const seen = await this.#seenDue(name)
    if (seen === undefined) return
    if (seen.isLargeObject) this.#count(await this.#options.actions.expireNow(name, seen), 'expired')
    else this.#due.push({ name, changedAt: seen.seen.changedAt })
  }

  async #flush(): Promise<void> {
    if (this.#due.length === 0) return
    const judged = this.#due.splice(0)
    if (!(await this.#goesOn())) return
    const acted = await this.#options.actions.expireSoon(judged)
    this.#count(acted, 'expired', judged.length)
  }

  /** The current object as it is, if it is due now. */
  async #seenDue(name: ObjectName): Promise<SeenObject | undefined> {
    await this.#options.rest(this.#how)
    const seen = await this.#options.actions.look(name)
    if (seen === 'unavailable') this.#pass.count('waiting', 'unavailable')
    if (seen === undefined || seen === 'unavailable') return undefined
    const object = { key: name.object, sizeBytes: seen.sizeBytes, tags: seen.tags }
    const due = this.#expiration(object, seen.writtenMs)
    if (due === undefined || due === 'needs_tags' || !this.#isDue(due.dueMs)) return undefined
    this.#late(due.dueMs)
    return seen
  }

  #expiration(object: Parameters<typeof expirationOf>[1], writtenMs: number) {
    return expirationOf(this.#rules, object, writtenMs, this.#options.dayMs)
  }

  async #versions(): Promise<void> {
    const rows = new VersionRows()
    for await (const row of this.#rows({})) {
      const { version, lone } = rows.next(row)
      if (lone !== undefined) await this.#loneMarker(lone)
      if (!this.#bucket.isOwn(version.key)) continue
      const { place } = version
      if (place.kind === 'current') await this.#current(version)
      else if (place.kind === 'noncurrent') await this.#noncurrent(version, place)
    }
    // Of a listing that broke off the last marker may have versions below it.
    const last = this.#isListed ? rows.end() : undefined
    if (last !== undefined) await this.#loneMarker(last)
  }

  /** What is deleted already does not expire. */
  async #current({ key, sizeBytes, writtenMs, isMarker }: PlacedVersion): Promise<void> {
    if (isMarker) return
    const due = this.#expiration({ key, sizeBytes, tags: undefined }, writtenMs)
    if (due !== 'needs_tags' && !this.#isDue(due?.dueMs)) return
    const name = this.#nameOf(key)
    const seen = await this.#seenDue(name)
    if (seen !== undefined) this.#count(await this.#options.actions.expireNow(name, seen), 'expired')
  }

  async #noncurrent(
    { key, versionId, sizeBytes }: PlacedVersion,
    { sinceMs, newer }: Extract<Place, { readonly kind: 'noncurrent' }>,
  ): Promise<void> {
    const { actions, dayMs, rest } = this.#options
    const place = { key, sizeBytes, noncurrentSinceMs: sinceMs, newerNoncurrent: newer }
    const rules = this.#rules
    let due = noncurrentExpirationOf(rules, { ...place, tags: undefined }, dayMs)
    const name = this.#nameOf(key)
    if (due === 'needs_tags') {
      await rest(this.#how)
      const seen = await actions.look(name, versionId)
      if (seen === undefined || seen === 'unavailable') return
      due = noncurrentExpirationOf(rules, { ...place, tags: seen.tags }, dayMs)
    }
    if (due === undefined || due === 'needs_tags' || !this.#isDue(due.dueMs)) return
    this.#late(due.dueMs)
    await rest(this.#how)
    this.#count(await actions.deleteVersion(name, versionId), 'versions')
  }

  async #loneMarker({ key, versionId, writtenMs }: LoneMarker): Promise<void> {
    const { dayMs, actions, rest } = this.#options
    if (!this.#bucket.isOwn(key)) return
    if (!removesLoneMarker(this.#rules, key, writtenMs, this.#nowMs, dayMs)) return
    await rest(this.#how)
    this.#count(await actions.deleteVersion(this.#nameOf(key), versionId), 'delete_markers')
  }

  async #uploads(): Promise<void> {
    const { uploads, actions, dayMs, rest } = this.#options
    const { name, isOwn } = this.#bucket
    let marker: Pick<UploadsQuery, 'keyMarker' | 'uploadIdMarker'> = {}
    for (;;) {
      await rest(this.#how)
      const page = await uploads(name, { prefix: '', limit: PAGE, ...marker })
      if (page.kind !== 'uploads') {
        this.#pass.count('waiting', 'unavailable')
        return
      }
      if (!(await this.#goesOn())) return
      for (const entry of page.entries) {
        if (entry.kind !== 'upload') continue
        const { key, uploadId } = entry
        marker = { keyMarker: key, uploadIdMarker: uploadId }
        const due = isOwn(key) ? uploadAbortOf(this.#rules, key, initiatedMs(uploadId), dayMs) : undefined
        if (due === undefined || !this.#isDue(due.dueMs)) continue
        this.#late(due.dueMs)
        await rest(this.#how)
        this.#count(await actions.abortUpload(this.#nameOf(key), uploadId), 'uploads')
      }
      if (!page.isTruncated) return
    }
  }

  /** All rows, page by page; with `versions`, those of all versions. */
  async *#rows(versions: ListingQuery['versions']): AsyncGenerator<ListedObject, void, undefined> {
    const { store, context, rest } = this.#options
    let query: ListingQuery = { limit: PAGE, reverse: false, versions }
    for (;;) {
      await rest(this.#how)
      const read = await store.containers.read(context, this.#bucket.name, { listing: query })
      if (read.kind !== 'found') {
        this.#pass.count('waiting', 'unavailable')
        return
      }
      if (!(await this.#goesOn())) return
      const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
      yield* rows
      this.#pass.advance(rows.length)
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE) {
        this.#isListed = true
        return
      }
      const within = versions && { marker: String(last.extra['version_id']) }
      query = { ...query, marker: last.name, versions: within }
    }
  }

  #isDue(dueMs: number | undefined): boolean {
    return dueMs !== undefined && dueMs <= this.#nowMs
  }

  #late(dueMs: number): void {
    this.#lagMs = Math.max(this.#lagMs, this.#nowMs - dueMs)
  }

  #nameOf(key: string): ObjectName {
    return { ...this.#bucket.name, object: key }
  }

  #count(acted: Acted, figure: string, amount = 1): void {
    if (acted === 'done') this.#pass.count('repaired', figure, amount)
    else this.#pass.count(acted === 'unavailable' ? 'waiting' : 'found', acted, amount)
  }
}
