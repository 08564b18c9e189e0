/**
 * DELETE of a static large object whose segments are left to the expirer (OpenStack Swift, `slo.py`: `handle_async_delete`).
 *
 * The order of steps: first the queue has the segments, then the manifest goes, while it is the one whose segments these are.
 * Whoever dies in between leaves a manifest without segments, and the same DELETE, sent again, queues them once more: what is
 * gone already harms nobody.
 */
import type { ObjectDelete, ObjectDeleteOutcome, Store } from '../contract.ts'
import type { DeferDeletes } from '../deferred-deletes.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import type { ObjectSegment, Segment } from './manifest.ts'
import { segmentName } from './pieces.ts'
import { readManifest } from './static-delete.ts'

export interface DeferringSegments {
  readonly store: Store
  readonly deferDeletes: DeferDeletes
  readonly context: OperationContext
  readonly name: ObjectName
  readonly options: ObjectDelete
}

export async function deferSegments(deferring: DeferringSegments): Promise<ObjectDeleteOutcome> {
  const { store, deferDeletes, context, name, options } = deferring
  const { segments: _segments, ...plain } = options
  const manifest = await readManifest(store, context, name, options.versionId)
  if (manifest.kind === 'not_a_manifest') return { kind: 'bad_request', reason: 'Not an SLO manifest' }
  if (manifest.kind !== 'manifest') return manifest
  const stored = manifest.segments.filter(
    (segment: Segment): segment is ObjectSegment => segment.kind === 'object',
  )
  const names = stored.map(({ path }) => segmentName(name.account, path))
  const refused = refusalOf(stored, names) ?? (await denial(context, names))
  if (refused !== undefined) return refused
  if (names.length > 0) {
    const queued = await deferDeletes(context, { of: name, names })
    if (queued.kind !== 'queued') return queued
  }
  const condition = { kind: 'unchanged', ...manifest.seen } as const
  return await store.objects.delete(context, name, { condition, ...plain })
}

/** One container, so that one question about rights is enough; and no manifests, whose segments nobody would delete. */
function refusalOf(
  segments: readonly ObjectSegment[],
  names: readonly ObjectName[],
): StoreFailure | undefined {
  const containers = [...new Set(names.map(({ container }) => container))]
  if (containers.length > 1) {
    const listed = containers.map((container) => JSON.stringify(container)).join(', ')
    return {
      kind: 'bad_request',
      reason: `All segments must be in one container. Found segments in ${listed}`,
    }
  }
  if (segments.some(({ isManifest }) => isManifest)) {
    return { kind: 'bad_request', reason: 'No segments may be large objects.' }
  }
  return undefined
}

async function denial(
  context: OperationContext,
  names: readonly ObjectName[],
): Promise<StoreFailure | undefined> {
  const [first] = names
  const permission = first && (await context.permits?.('write', first))
  return permission?.kind === 'denied' ? permission : undefined
}
