/**
 * Large objects as a layer of the store: objects that are made of others, of those that a manifest lists (static) or of
 * those whose names have a prefix (dynamic). Stored is what OpenStack Swift stores, so that either reads the other's.
 *
 * A plain object costs two look-ups in the headers of its answer, and nothing on the way to it: only a request with a range
 * or an entity tag tells the storage servers what to do should it meet a manifest.
 */
import { isTrueValue } from '#backend/address.ts'
import type { Random } from '#base/environment.ts'
import type {
  ObjectName,
  ObjectOperations,
  ObjectReadOptions,
  OperationContext,
  Store,
  StoreLayer,
  WriteCondition,
} from '../contract.ts'
import { readDynamic } from './dynamic-read.ts'
import type { ReadResult } from './joined-answer.ts'
import { withJoinedEtags } from './listing.ts'
import { DYNAMIC_MARK, ETAG_AT, STATIC_MARK } from './manifest.ts'
import { release } from './segment-reader.ts'
import { deleteWithSegments } from './static-delete.ts'
import { putStatic } from './static-put.ts'
import { readStatic } from './static-read.ts'

/** How often a read starts over because the manifest was replaced by a plain object while it was read. */
const ATTEMPTS_MAX = 3
const MARKS = `${STATIC_MARK},${DYNAMIC_MARK}`

export function largeObjects({ random }: { readonly random: Random }): StoreLayer {
  return (inner) => {
    const read: ObjectOperations['read'] = (context, name, options) => readLarge(inner, random, context, name, options)
    const objects: ObjectOperations = {
      ...inner.objects,
      read,
      put: (context, name, put) => {
        const known = put.condition === undefined ? put : { ...put, condition: ofJoined(put.condition) }
        if (known.segments === undefined) return inner.objects.put(context, name, known)
        const readers = { ...inner.objects, read }
        return putStatic({ readers, writers: inner.objects }, { context, name, put: known, segments: known.segments })
      },
      delete: (context, name, options) => {
        if (options.segments !== undefined) return deleteWithSegments(inner, context, name, options)
        const { condition } = options
        return inner.objects.delete(
          context,
          name,
          condition === undefined ? options : { ...options, condition: ofJoined(condition) },
        )
      },
    }
    return { accounts: inner.accounts, containers: { ...inner.containers }, objects }
  }
}
