/**
 * What replicas tell each other about one object before anything is moved: versions and times, no contents. Pure.
 * Two entries are joined by the very rule by which states are (`object-state.ts`), so that what one replica asks for is
 * what it will keep.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { factsOf, isWhole, type MetaRecord, metaWhere, postedAt } from '../meta-record.ts'
import { comparedText, EMPTY_STATE, joinStates, type ObjectState } from '../object-state.ts'

export interface Entry {
  /** 32 hex digits. */
  readonly hash: string
  readonly data:
    | { readonly timestamp: Timestamp; readonly etag: string; readonly sizeBytes: number }
    | undefined
  readonly meta:
    | {
        readonly timestamp: Timestamp
        readonly contentTypeTimestamp: Timestamp | undefined
        /** Where fields were changed one by one. */
        readonly fields?: FieldTimes | undefined
      }
    | undefined
  readonly tombstone: Timestamp | undefined
  /** It had data of that time and lost it. */
  readonly lost: Timestamp | undefined
}

/** When user metadata were posted, and when each fact was changed. */
export interface FieldTimes {
  readonly postedAt: Timestamp | undefined
  readonly facts: Readonly<Record<string, Timestamp>>
}

/** Of what a replica lacks: is the body needed, or only what POSTs and deletes left? */
export type Lack = 'nothing' | 'small' | 'data'

const HASH = /^[0-9a-f]{32}$/
const ETAG = /^[0-9a-f]{32}$/

export function entryOf(hash: string, { data, meta, tombstone, lost }: ObjectState): Entry {
  return {
    hash,
    data: data && { timestamp: data.timestamp, etag: data.etag, sizeBytes: data.sizeBytes },
    meta: meta && entryOfMeta(meta),
    tombstone,
    lost,
  }
}

function entryOfMeta(meta: MetaRecord): NonNullable<Entry['meta']> {
  const { timestamp, contentType } = meta
  const times = { timestamp, contentTypeTimestamp: contentType?.timestamp }
  if (isWhole(meta)) return times
  const facts = Object.fromEntries(
    Object.entries(factsOf(meta)).map(([name, fact]) => [name, fact.timestamp]),
  )
  return { ...times, fields: { postedAt: postedAt(meta), facts } }
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
  const written = writtenAtOf(entry)
  const { meta } = stateOf(entry)
  const left = meta && metaWhere(meta, (timestamp) => timestamp <= until)
  return {
    ...(written !== undefined && written > until ? emptyEntry(entry.hash) : entry),
    meta: left && entryOfMeta(left),
  }
}

/** Records without contents, of which only the times are compared. */
function stateOf({ data, meta, tombstone, lost }: Entry): ObjectState {
  return {
    ...EMPTY_STATE,
    data: data && { ...data, fileBytes: data.sizeBytes, record: undefined },
    meta: meta && metaOf(meta),
    tombstone,
    lost,
  }
}

function metaOf({ timestamp, contentTypeTimestamp, fields }: NonNullable<Entry['meta']>): MetaRecord {
  const contentType = contentTypeTimestamp && { value: '', timestamp: contentTypeTimestamp }
  const meta = { name: '', timestamp, headers: {}, contentType }
  if (fields === undefined) return meta
  const facts = Object.fromEntries(
    Object.entries(fields.facts).map(([name, time]) => [name, { value: '', timestamp: time }]),
  )
  return { ...meta, fields: { postedAt: fields.postedAt, facts } }
}

/** As a member of a JSON list. */
export function encodeEntry({ hash, data, meta, tombstone, lost }: Entry): unknown {
  return [
    hash,
    data === undefined ? null : [data.timestamp, data.etag, data.sizeBytes],
    meta === undefined ? null : encodeMeta(meta),
    tombstone ?? null,
    lost ?? null,
  ]
}

function encodeMeta({ timestamp, contentTypeTimestamp, fields }: NonNullable<Entry['meta']>): unknown[] {
  const times = [timestamp, contentTypeTimestamp ?? null]
  return fields === undefined ? times : [...times, fields.postedAt ?? null, Object.entries(fields.facts)]
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
  const [written, typeWritten, posted, facts] = value as unknown[]
  const timestamp = timestampIn(written)
  if (timestamp === undefined) return null
  const times = { timestamp, contentTypeTimestamp: timestampIn(typeWritten) }
  if (facts === undefined) return times
  const decoded = decodeFacts(facts)
  return decoded === undefined
    ? null
    : { ...times, fields: { postedAt: timestampIn(posted), facts: decoded } }
}

function decodeFacts(value: unknown): FieldTimes['facts'] | undefined {
  if (!Array.isArray(value)) return undefined
  const facts: Record<string, Timestamp> = {}
  for (const one of value as readonly unknown[]) {
    if (!Array.isArray(one)) return undefined
    const [name, written] = one as readonly unknown[]
    const timestamp = timestampIn(written)
    if (typeof name !== 'string' || timestamp === undefined) return undefined
    facts[name] = timestamp
  }
  return facts
}

function timestampIn(value: unknown): Timestamp | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined
}
