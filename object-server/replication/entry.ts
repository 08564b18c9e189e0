/**
 * What replicas tell each other about one object before anything is moved: versions and times, no contents. Pure.
 * Two entries are joined by the very rule by which states are (`object-state.ts`), so that what one replica asks for is
 * what it will keep.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { comparedText, EMPTY_STATE, joinStates, type ObjectState } from '../object-state.ts'

export interface Entry {
  /** 32 hex digits. */
  readonly hash: string
  readonly data:
    | { readonly timestamp: Timestamp; readonly etag: string; readonly sizeBytes: number }
    | undefined
  readonly meta:
    | { readonly timestamp: Timestamp; readonly contentTypeTimestamp: Timestamp | undefined }
    | undefined
  readonly tombstone: Timestamp | undefined
  /** It had data of that time and lost it. */
  readonly lost: Timestamp | undefined
}

/** Of what a replica lacks: is the body needed, or only what POSTs and deletes left? */
export type Lack = 'nothing' | 'small' | 'data'

const HASH = /^[0-9a-f]{32}$/
const ETAG = /^[0-9a-f]{32}$/

export function entryOf(hash: string, { data, meta, tombstone, lost }: ObjectState): Entry {
  return {
    hash,
    data: data && { timestamp: data.timestamp, etag: data.etag, sizeBytes: data.sizeBytes },
    meta: meta && { timestamp: meta.timestamp, contentTypeTimestamp: meta.contentType?.timestamp },
    tombstone,
    lost,
  }
}

/** Of an object that nothing is known of. */
export function emptyEntry(hash: string): Entry {
  return { hash, data: undefined, meta: undefined, tombstone: undefined, lost: undefined }
}

/** Nothing at all is known of the object, not even that it was lost. */
export function isEmptyEntry({ data, meta, tombstone, lost }: Entry): boolean {
  return data === undefined && meta === undefined && tombstone === undefined && lost === undefined
}

/** Equal texts mean equal objects. */
export function textOf(entry: Entry): string {
  return comparedText(stateOf(entry))
}

/** What `mine` must get from `theirs` to know everything that either knows. */
export function lackOf(mine: Entry, theirs: Entry): Lack {
  const before = stateOf(mine)
  const after = joinStates(before, stateOf(theirs))
  if (comparedText(after) === comparedText(before)) return 'nothing'
  const { data } = after
  const isSame = data?.timestamp === before.data?.timestamp && data?.etag === before.data?.etag
  return data === undefined || isSame ? 'small' : 'data'
}

/** Does `theirs` hold everything that `mine` says, or something newer? */
export function covers(theirs: Entry, mine: Entry): boolean {
  return lackOf(theirs, mine) === 'nothing'
}

/** The latest time that the entry speaks of; `undefined` for an empty one. */
export function latestOf({ data, meta, tombstone }: Entry): Timestamp | undefined {
  let latest: Timestamp | undefined
  for (const timestamp of [data?.timestamp, meta?.timestamp, tombstone]) {
    if (timestamp !== undefined && (latest === undefined || timestamp > latest)) latest = timestamp
  }
  return latest
}

/**
 * When the object was put or deleted, whatever POSTs did since: they make nothing younger. `undefined` where only POSTs
 * are known, or nothing.
 */
export function writtenAtOf({ data, tombstone }: Entry): Timestamp | undefined {
  return data?.timestamp ?? tombstone
}

/** What of it happened until then. */
export function entryUntil(entry: Entry, until: Timestamp): Entry {
  const [written, { meta }] = [writtenAtOf(entry), entry]
  return {
    ...(written !== undefined && written > until ? emptyEntry(entry.hash) : entry),
    meta: meta !== undefined && meta.timestamp > until ? undefined : meta,
  }
}

/** Records without contents, of which only the times are compared. */
function stateOf({ data, meta, tombstone, lost }: Entry): ObjectState {
  const typeAt = meta?.contentTypeTimestamp
  return {
    ...EMPTY_STATE,
    data: data && { ...data, fileBytes: data.sizeBytes, record: undefined },
    meta: meta && {
      name: '',
      timestamp: meta.timestamp,
      headers: {},
      contentType: typeAt === undefined ? undefined : { value: '', timestamp: typeAt },
    },
    tombstone,
    lost,
  }
}

/** As a member of a JSON list. */
export function encodeEntry({ hash, data, meta, tombstone, lost }: Entry): unknown {
  return [
    hash,
    data === undefined ? null : [data.timestamp, data.etag, data.sizeBytes],
    meta === undefined ? null : [meta.timestamp, meta.contentTypeTimestamp ?? null],
    tombstone ?? null,
    lost ?? null,
  ]
}

/** `undefined` for what is no entry. */
export function decodeEntry(value: unknown): Entry | undefined {
  if (!Array.isArray(value)) return undefined
  const [hash, data, meta, tombstone, lost] = value as unknown[]
  if (typeof hash !== 'string' || !HASH.test(hash)) return undefined
  const decoded = { data: decodeData(data), meta: decodeMeta(meta) }
  if (decoded.data === null || decoded.meta === null) return undefined
  return {
    hash,
    data: decoded.data,
    meta: decoded.meta,
    tombstone: timestampIn(tombstone),
    lost: timestampIn(lost),
  }
}

/** `null`: malformed. */
function decodeData(value: unknown): Entry['data'] | null {
  if (!Array.isArray(value)) return undefined
  const [written, etag, sizeBytes] = value as unknown[]
  const timestamp = timestampIn(written)
  if (timestamp === undefined || typeof etag !== 'string' || !ETAG.test(etag)) return null
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return null
  return { timestamp, etag, sizeBytes }
}

function decodeMeta(value: unknown): Entry['meta'] | null {
  if (!Array.isArray(value)) return undefined
  const [written, typeWritten] = value as unknown[]
  const timestamp = timestampIn(written)
  return timestamp === undefined ? null : { timestamp, contentTypeTimestamp: timestampIn(typeWritten) }
}

function timestampIn(value: unknown): Timestamp | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined
}
