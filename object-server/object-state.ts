/**
 * What is known of one object, and how two states of it become one. Joining is commutative, associative and idempotent:
 * the same writes in any order, any number of times, give the same state on every replica. Pure.
 *
 * Order of data and tombstones: the later timestamp, offsets included; at the same timestamp a tombstone over data, then
 * the greater ETag, then what is told of it (`precedence.ts`). What POSTs changed counts only while it is later than both
 * (`meta-join.ts`).
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { joinMeta, metaAfter, textOfMeta } from './meta-join.ts'
import type { MetaRecord } from './meta-record.ts'
import { precedenceOf, printIn } from './precedence.ts'

/** What a PUT stored, as the `.data` file says it. */
export interface DataRecord {
  /** `/account/container/object`, decoded. */
  readonly name: string
  readonly timestamp: Timestamp
  readonly sizeBytes: number
  /** MD5 of the body, 32 hex digits. */
  readonly etag: string
  readonly contentType: string
  /** Lower-case names of everything else that is stored. */
  readonly headers: HeaderMap
  /** CRC-32 of each block of `BLOCK_BYTES`, in order. */
  readonly blockCrcs: readonly number[]
}

/** A `.data` file: what is always known of it, and its record when that is small enough to stand in the index. */
export interface DataVersion {
  readonly timestamp: Timestamp
  readonly sizeBytes: number
  readonly etag: string
  /** Length of the file: the body, and the trailer if the record did not fit into an attribute. */
  readonly fileBytes: number
  readonly record: DataRecord | undefined
  /** What compares of a record that does not stand here (`precedence.ts`). */
  readonly precedence?: string | undefined
}

export interface ObjectState {
  readonly data: DataVersion | undefined
  readonly meta: MetaRecord | undefined
  readonly tombstone: Timestamp | undefined
  /**
   * This replica had data of this timestamp and lost it (quarantine, a missing file). Its silence about the object
   * proves nothing. Not part of what replicas compare.
   */
  readonly lost: Timestamp | undefined
}

export const EMPTY_STATE: ObjectState = {
  data: undefined,
  meta: undefined,
  tombstone: undefined,
  lost: undefined,
}

export function isEmpty(state: ObjectState): boolean {
  return (
    state.data === undefined &&
    state.meta === undefined &&
    state.tombstone === undefined &&
    state.lost === undefined
  )
}

/** When the object was last put or deleted; `undefined` when it never was. */
export function writtenAt(state: ObjectState): Timestamp | undefined {
  return state.data?.timestamp ?? state.tombstone
}

/** The state that knows everything that either knows. */
export function joinStates(left: ObjectState, right: ObjectState): ObjectState {
  const data = laterData(left.data, right.data)
  const tombstone = laterOf(left.tombstone, right.tombstone)
  const deleted = tombstone !== undefined && (data === undefined || tombstone >= data.timestamp)
  const winner = deleted ? tombstone : data?.timestamp
  const meta = joinMeta(left.meta, right.meta)
  const lost = laterOf(left.lost, right.lost)
  return {
    data: deleted ? undefined : data,
    meta: meta === undefined ? undefined : metaAfter(meta, winner),
    tombstone: deleted ? tombstone : undefined,
    lost: lost !== undefined && (winner === undefined || lost > winner) ? lost : undefined,
  }
}

function laterOf(left: Timestamp | undefined, right: Timestamp | undefined): Timestamp | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return left > right ? left : right
}

function laterData(left: DataVersion | undefined, right: DataVersion | undefined): DataVersion | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  if (left.etag !== right.etag) return left.etag > right.etag ? left : right
  return (precedenceOf(left) ?? '') >= (precedenceOf(right) ?? '') ? left : right
}

/** Are they the same, as far as is known? */
export function isSameData(left: DataVersion, right: DataVersion): boolean {
  if (left.timestamp !== right.timestamp || left.etag !== right.etag) return false
  const [one, other] = [precedenceOf(left), precedenceOf(right)]
  return one === undefined || other === undefined || one === other
}

/**
 * What replicas compare: equal texts mean equal objects. Empty for an object nothing is known of.
 */
export function comparedText(state: ObjectState): string {
  const { data, meta, tombstone } = state
  if (data === undefined && meta === undefined && tombstone === undefined) return ''
  return [
    data === undefined ? '' : `${data.timestamp}/${data.etag}/${printIn(precedenceOf(data) ?? '')}`,
    meta === undefined ? '' : textOfMeta(meta),
    tombstone ?? '',
  ].join(' ')
}
