/**
 * What the lifecycle does to a bucket, each only to what was judged: an object that was written anew since stays, and what a
 * lock protects stays, too. Through the same layers as clients' deletes: versions, locks and parts are seen to.
 *
 * Objects of buckets without versions go through the expirer's queue, which spreads the deletes over the cluster; dated by
 * what was judged, so that no later write goes with them. What keeps versions gets a delete marker at once.
 */
import { isTrueValue } from '#backend/address.ts'
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Tag } from '#store/bucket-settings/documents.ts'
import type { ObjectDeleteOutcome, Store } from '#store/contract.ts'
import type { JudgedObject } from '#store/deferred-deletes.ts'
import type { StoreFailure } from '#store/failure.ts'
import { tagsIn } from '#store/object-facts/object-tags.ts'
import { type SeenTimes, seenIn } from '#store/object-state.ts'
import type { ObjectName, OperationContext } from '#store/operation.ts'

/** What became of an action. */
export type Acted =
  | 'done'
  /** It is not what was judged any more, or is gone. */
  | 'changed'
  | 'locked'
  /** Too few servers could be asked or told: the next pass will. */
  | 'unavailable'

/** An object as it is now. */
export interface SeenObject {
  readonly sizeBytes: number
  readonly writtenMs: number
  readonly tags: readonly Tag[]
  readonly versionId: string | undefined
  readonly seen: SeenTimes
  /** Made of segments, which are looked after when it is deleted through the store. */
  readonly isLargeObject: boolean
}

export interface LifecycleActions {
  /** `undefined` when there is none; `unavailable` when nobody can tell. */
  look(name: ObjectName, versionId?: string): Promise<SeenObject | undefined | 'unavailable'>
  /** Has objects deleted soon, each as it was seen. */
  expireSoon(judged: readonly JudgedObject[]): Promise<Acted>
  /** Deletes the current object: in a bucket that keeps versions it stays as one. */
  expireNow(name: ObjectName, seen: SeenObject): Promise<Acted>
  /** Deletes a version, if something newer has taken its place and still has it. */
  deleteVersion(name: ObjectName, versionId: string): Promise<Acted>
  abortUpload(name: ObjectName, uploadId: string): Promise<Acted>
}

export interface StoreActionsOptions {
  /** With all layers. */
  readonly store: Store
  readonly context: OperationContext
  readonly queue: (judged: readonly JudgedObject[]) => Promise<{ readonly kind: 'queued' } | StoreFailure>
  readonly abort: (name: ObjectName, uploadId: string) => Promise<{ readonly kind: string }>
}

const TICKS_PER_MS = TICKS_PER_SECOND / 1000

export class StoreActions implements LifecycleActions {
  readonly #options: StoreActionsOptions

  constructor(options: StoreActionsOptions) {
    this.#options = options
  }

  async look(name: ObjectName, versionId?: string): Promise<SeenObject | undefined | 'unavailable'> {
    const { store, context } = this.#options
    const read = await store.objects.read(context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      versionId,
      manifest: 'as_stored',
      keyless: 'allowed',
    })
    if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return undefined
    if (read.kind !== 'found') return 'unavailable'
    const seen = seenIn(read.headers)
    return {
      sizeBytes: sizeIn(read.headers),
      writtenMs: ticksOf(seen.writtenAt) / TICKS_PER_MS,
      tags: tagsIn(read.headers),
      versionId: read.trail?.versionId,
      seen,
      isLargeObject: isTrueValue(read.headers['x-static-large-object']),
    }
  }

  async expireSoon(judged: readonly JudgedObject[]): Promise<Acted> {
    return (await this.#options.queue(judged)).kind === 'queued' ? 'done' : 'unavailable'
  }

  async expireNow(name: ObjectName, { seen, versionId }: SeenObject): Promise<Acted> {
    const { store, context } = this.#options
    // The link to a version has times of its own; the version that was judged must still be where it leads.
    const below = versionId === undefined ? seen : await this.#linkTo(name, versionId)
    if (below === undefined) return 'changed'
    const deleted = await store.objects.delete(context, name, {
      condition: { kind: 'unchanged', ...below },
      nullVersion: 'replaced',
    })
    return actedBy(deleted)
  }

  async deleteVersion(name: ObjectName, versionId: string): Promise<Acted> {
    const { store, context } = this.#options
    return actedBy(await store.objects.delete(context, name, { versionId, currentVersion: 'refused' }))
  }

  async abortUpload(name: ObjectName, uploadId: string): Promise<Acted> {
    const { kind } = await this.#options.abort(name, uploadId)
    if (kind === 'aborted') return 'done'
    return kind === 'no_such_upload' || kind === 'upload_busy' ? 'changed' : 'unavailable'
  }

  async #linkTo(name: ObjectName, versionId: string): Promise<SeenTimes | undefined> {
    const { store, context } = this.#options
    const read = await store.objects.read(context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      symlink: 'as_stored',
      manifest: 'as_stored',
    })
    if (read.kind !== 'found' || (read.trail?.versionId ?? versionId) !== versionId) return undefined
    return seenIn(read.headers)
  }
}

/** Of a large object, what its readers see. */
function sizeIn(headers: HeaderMap): number {
  return Number(headers['x-object-sysmeta-slo-size'] ?? headers['content-length'] ?? 0)
}

const ACTED: Readonly<Record<string, Acted>> = {
  deleted: 'done',
  no_such_object: 'done',
  precondition_failed: 'changed',
  denied: 'locked',
  in_use: 'locked',
}

function actedBy({ kind }: ObjectDeleteOutcome): Acted {
  return ACTED[kind] ?? 'unavailable'
}
