/**
 * Large objects as a layer of the store: objects that are made of others, of those that a manifest lists (static) or of
 * those whose names have a prefix (dynamic). Stored is what OpenStack Swift stores, so that either reads the other's.
 *
 * A plain object costs two look-ups in the headers of its answer, and nothing on the way to it: only a request with a range
 * or an entity tag tells the storage servers what to do should it meet a manifest.
 */
import { isTrueValue } from '#backend/address.ts'
import type { Random } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type {
  ContainerOperations,
  ObjectOperations,
  ObjectReadOutcome,
  ReadTrail,
  Store,
  StoreLayer,
} from '../contract.ts'
import type { DeferDeletes } from '../deferred-deletes.ts'
import { containersOver, objectsOver } from '../layering.ts'
import { meetingStandIns, onShownEtag, type StandIn } from '../stand-ins.ts'
import { deferSegments } from './deferred-segments.ts'
import { readDynamic } from './dynamic-read.ts'
import { withJoinedEtags } from './listing.ts'
import { DYNAMIC_MARK, ETAG_AT, STATIC_MARK } from './manifest.ts'
import { release } from './segment-reader.ts'
import { deleteWithSegments } from './static-delete.ts'
import { putStatic } from './static-put.ts'
import { type LargeRead, readStatic } from './static-read.ts'

/** How often a read starts over because the manifest was replaced by a plain object while it was read. */
const ATTEMPTS_MAX = 3
const MANIFESTS: StandIn = { marks: `${STATIC_MARK},${DYNAMIC_MARK}`, etagIsAt: ETAG_AT }

export interface LargeObjectsDeps {
  readonly random: Random
  /** Without it, segments are never left to the expirer. */
  readonly deferDeletes?: DeferDeletes | undefined
}

export function largeObjects(deps: LargeObjectsDeps): StoreLayer {
  return (inner) => ({
    accounts: inner.accounts,
    containers: containersOver(inner.containers, { read: listing(inner.containers) }),
    objects: objectOperations(inner, deps),
  })
}

function listing(inner: ContainerOperations): ContainerOperations['read'] {
  return async (context, name, options) => {
    const read = await inner.read(context, name, options)
    if (read.kind !== 'found' || read.page === undefined) return read
    const page = withJoinedEtags(read.page)
    return page === read.page ? read : { ...read, page }
  }
}

function objectOperations(inner: Store, { random, deferDeletes }: LargeObjectsDeps): ObjectOperations {
  const read: ObjectOperations['read'] = async (context, name, options) =>
    options.manifest === undefined
      ? await readLarge({ store: inner, random, context, name, options })
      : await inner.objects.read(context, name, options)
  return objectsOver(inner.objects, {
    read,
    put: (context, name, given) => {
      const put = onShownEtag(given, MANIFESTS)
      const { segments } = put
      if (segments === undefined) return inner.objects.put(context, name, put)
      const readers = objectsOver(inner.objects, { read })
      return putStatic({ readers, writers: inner.objects }, { context, name, put, segments })
    },
    delete: (context, name, options) => {
      if (options.segments === undefined)
        return inner.objects.delete(context, name, onShownEtag(options, MANIFESTS))
      const isDeferred = options.segments === 'later' && deferDeletes !== undefined
      return isDeferred
        ? deferSegments({ store: inner, deferDeletes, context, name, options })
        : deleteWithSegments(inner, context, name, options)
    },
  })
}

async function readLarge(read: LargeRead): Promise<ObjectReadOutcome> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const first = await read.store.objects.read(
      read.context,
      read.name,
      meetingStandIns(read.options, MANIFESTS),
    )
    const headers = 'headers' in first ? first.headers : undefined
    if (headers === undefined) return first
    const outcome = isTrueValue(headers[STATIC_MARK])
      ? await readStatic(read, first, headers)
      : headers[DYNAMIC_MARK] === undefined
        ? first
        : await dynamic(read, first, headers)
    if (outcome.kind !== 'changed') return withTrail(outcome, first.trail)
  }
  return { kind: 'unavailable', reason: 'the manifest changed again and again' }
}

/** Segments that are not what they were are no matter of where links led. */
function withTrail(outcome: ObjectReadOutcome, trail: ReadTrail | undefined): ObjectReadOutcome {
  return outcome.trail === trail || outcome.kind === 'conflict' ? outcome : { ...outcome, trail }
}

async function dynamic(
  read: LargeRead,
  first: ObjectReadOutcome,
  headers: HeaderMap,
): Promise<ObjectReadOutcome> {
  if (first.kind === 'found') await release(first.body)
  return await readDynamic(read, headers, first.trail)
}
