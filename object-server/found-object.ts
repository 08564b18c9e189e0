/** What a state means to a reader: found, or absent in one of the ways that differ as evidence. Pure. */
import type { Absent, Found, LookupOptions, Probe } from './engine.ts'
import { changesText } from './meta-join.ts'
import { postedAt } from './meta-record.ts'
import type { DataRecord, ObjectState } from './object-state.ts'
import { deleteAtOf, isExpired, storedObject } from './stored-object.ts'

/** Why there is no data; `undefined` when there is. */
export function absenceOf(state: ObjectState): Absent | undefined {
  if (state.data !== undefined) return undefined
  if (state.lost !== undefined) return { kind: 'quarantined' }
  if (state.tombstone !== undefined) return { kind: 'deleted', timestamp: state.tombstone }
  return { kind: 'missing' }
}

/** The object of a state whose data record is known. */
export function judgeFound(
  hash: string,
  name: string,
  record: DataRecord,
  state: ObjectState,
  options: LookupOptions,
): Found | Absent {
  if (record.name !== name) return { kind: 'collision' }
  const object = storedObject(hash, record, state.meta)
  const { lost } = state
  if (options.expired === 'hide' && isExpired(object, options.at))
    return lost === undefined ? { kind: 'expired', object } : { kind: 'quarantined' }
  return lost === undefined ? { kind: 'found', object } : { kind: 'found', object, lost }
}

const NO_HEADERS = { headers: {} }

export function probeOf(state: ObjectState): Probe {
  const { data, meta, lost } = state
  if (data !== undefined) {
    return {
      kind: 'found',
      timestamp: meta?.timestamp ?? data.timestamp,
      dataTimestamp: data.timestamp,
      sizeBytes: data.sizeBytes,
      etag: data.etag,
      changes: meta && changesText(meta),
      deleteAt: deleteAtOf((postedAt(meta) === undefined ? data.record : meta) ?? NO_HEADERS),
      ...(lost === undefined ? {} : { lost }),
    }
  }
  if (lost !== undefined) return { kind: 'quarantined' }
  return state.tombstone === undefined ? { kind: 'missing' } : { kind: 'deleted', timestamp: state.tombstone }
}
