/**
 * DELETE of a static large object with its segments.
 *
 * The order of steps: segments first, each nested manifest after its own segments, the manifest last of all, and only if
 * nothing failed before. The manifest is the record of what is intended: whoever dies on the way leaves it, and the same
 * DELETE, sent again, finds through it what is left; what is gone already counts as not found. OpenStack Swift deletes the
 * manifest also where segments could not be deleted, which then nobody finds again.
 *
 * The manifest is deleted only while it is the one whose segments were deleted: another that was written meanwhile is
 * read, and deleted with its segments, in its turn.
 */
import { isTrueValue } from '#backend/address.ts'
import type { ObjectDelete, ObjectDeleteOutcome, Store } from '../contract.ts'
import type { SegmentsReport, StoreFailure } from '../failure.ts'
import { type SeenTimes, seenIn } from '../object-state.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { inParallel } from './in-parallel.ts'
import { segmentFailure } from './joined-answer.ts'
import { parseManifest, type Segment, STATIC_MARK } from './manifest.ts'
import { segmentName } from './pieces.ts'
import { release, wholeBody } from './segment-reader.ts'

/** Segments deleted together (OpenStack Swift `[filter:slo] concurrency`, which is 2 by default). */
const LANES = 4
/** How often a manifest that was replaced meanwhile is taken up anew. */
const ATTEMPTS_MAX = 3
/** As deep as readers follow. */
const DEPTH_MAX = 10

type Deleted = ObjectDeleteOutcome

/** `store` is the one below: it knows no large objects. */
export async function deleteWithSegments(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  options: ObjectDelete,
): Promise<Deleted> {
  return await new DeletingSegments(store, context, options).run(name)
}

/** A manifest as it was read. */
interface Manifest {
  readonly kind: 'manifest'
  readonly segments: readonly Segment[]
  readonly seen: SeenTimes
}

class DeletingSegments {
  readonly #store: Store
  readonly #context: OperationContext
  readonly #options: ObjectDelete
  readonly #failures: SegmentsReport['failures'][number][] = []
  #deletedCount = 0
  #notFoundCount = 0

  constructor(store: Store, context: OperationContext, options: ObjectDelete) {
    this.#store = store
    this.#context = context
    this.#options = options
  }

  async run(name: ObjectName): Promise<Deleted> {
    let before: Manifest | undefined
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const manifest = await this.#read(name, this.#options.versionId)
      if (manifest.kind === 'not_a_manifest') return this.#kept(pathOf(name), 'not_a_manifest')
      if (manifest.kind !== 'manifest') return manifest
      await this.#deleteAll(name.account, manifest.segments, 1)
      if (this.#failures.length > 0) return { kind: 'segments_kept', report: this.#report() }
      const deleted = await this.#deleteManifest(name, manifest, before)
      if (deleted.kind === 'deleted') {
        this.#deletedCount += 1
        return { ...deleted, report: this.#report() }
      }
      if (deleted.kind !== 'precondition_failed') return this.#kept(pathOf(name), deleted)
      before = manifest
    }
    return this.#kept(pathOf(name), { kind: 'conflict', newest: undefined })
  }

  #report(): SegmentsReport {
    const [deletedCount, notFoundCount] = [this.#deletedCount, this.#notFoundCount]
    return { deletedCount, notFoundCount, failures: this.#failures }
  }

  #kept(path: string, failure: SegmentsReport['failures'][number]['failure']): StoreFailure {
    this.#failures.push({ path, failure })
    return { kind: 'segments_kept', report: this.#report() }
  }

  /** Where nothing has changed and the condition fails, what is under the name is a link to the manifest. */
  async #deleteManifest(
    name: ObjectName,
    manifest: Manifest,
    before: Manifest | undefined,
  ): Promise<Deleted> {
    const { segments: _segments, ...options } = this.#options
    const isLink = before?.seen.changedAt === manifest.seen.changedAt
    const condition = isLink ? undefined : ({ kind: 'unchanged', ...manifest.seen } as const)
    return await this.#store.objects.delete(this.#context, name, { condition, ...options })
  }

  /** An object of which several segments were made is not found again, as when one is deleted after the other. */
  async #deleteAll(account: string, segments: readonly Segment[], depth: number): Promise<void> {
    const seen = new Set<string>()
    await inParallel(segments, LANES, async (segment) => {
      if (segment.kind === 'inline') return
      if (seen.has(segment.path)) {
        this.#notFoundCount += 1
        return
      }
      seen.add(segment.path)
      const name = segmentName(account, segment.path)
      if (!segment.isManifest || (await this.#emptied(name, segment.path, depth))) {
        await this.#deleteSegment(name, segment.path)
      }
    })
  }

  /** Whether all segments of a nested manifest are gone, so that it may go. */
  async #emptied(name: ObjectName, path: string, depth: number): Promise<boolean> {
    const nested = await this.#read(name)
    if (nested.kind === 'no_such_object' || nested.kind === 'no_such_container') {
      this.#notFoundCount += 1
      return false
    }
    // What was a manifest once and is a plain object now is deleted like one.
    if (nested.kind === 'not_a_manifest') return true
    const isTooDeep = depth >= DEPTH_MAX
    if (nested.kind !== 'manifest' || isTooDeep) {
      const failure = nested.kind === 'manifest' ? ({ kind: 'conflict', newest: undefined } as const) : nested
      this.#failures.push({ path, failure })
      return false
    }
    const failuresBefore = this.#failures.length
    await this.#deleteAll(name.account, nested.segments, depth + 1)
    return this.#failures.length === failuresBefore
  }

  async #deleteSegment(name: ObjectName, path: string): Promise<void> {
    const permission = await this.#context.permits?.('write', name)
    const deleted =
      permission?.kind === 'denied' ? permission : await this.#store.objects.delete(this.#context, name, {})
    if (deleted.kind === 'deleted') this.#deletedCount += 1
    else if (deleted.kind === 'no_such_object' || deleted.kind === 'no_such_container')
      this.#notFoundCount += 1
    else this.#failures.push({ path, failure: deleted })
  }

  async #read(
    name: ObjectName,
    versionId?: string,
  ): Promise<Manifest | StoreFailure | { readonly kind: 'not_a_manifest' }> {
    const permission = await this.#context.permits?.('read', name)
    if (permission?.kind === 'denied') return permission
    return await readManifest(this.#store, this.#context, name, versionId)
  }
}

/** The manifest of a static large object; of a plain one hardly anything is read. */
export async function readManifest(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  versionId: string | undefined,
): Promise<Manifest | StoreFailure | { readonly kind: 'not_a_manifest' }> {
  const read = await store.objects.read(context, name, {
    method: 'GET',
    conditions: { range: 'bytes=0-0' },
    newest: true,
    wholeWith: STATIC_MARK,
    versionId,
  })
  // An empty object has no first byte.
  if (read.kind === 'range_unsatisfiable') return { kind: 'not_a_manifest' }
  if (read.kind === 'not_modified') return { kind: 'conflict', newest: undefined }
  if (read.kind !== 'found') return read
  if (!isTrueValue(read.headers[STATIC_MARK])) {
    await release(read.body)
    return { kind: 'not_a_manifest' }
  }
  try {
    const segments = parseManifest(await wholeBody(read.body))
    if (segments === undefined) return { kind: 'unavailable', reason: 'the manifest cannot be read' }
    return { kind: 'manifest', segments, seen: seenIn(read.headers) }
  } catch (error) {
    return segmentFailure(error)
  }
}

function pathOf({ container, object }: ObjectName): string {
  return `/${container}/${object}`
}
