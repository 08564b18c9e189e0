/**
 * What replicas tell each other about one object before anything is moved: versions and times, no contents. Pure.
 * Two entries are joined by the very rule by which states are (`object-state.ts`), so that what one replica asks for is
 * what it will keep.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import {
  type ContentTypeChange,
  comparedText,
  EMPTY_STATE,
  isSameData,
  joinStates,
  type ObjectState,
} from '../object-state.ts'
import { precedenceOf, precedenceOfMeta } from '../precedence.ts'

export interface Entry {
  /** 32 hex digits. */
  readonly hash: string
  readonly data:
    | {
        readonly timestamp: Timestamp
        readonly etag: string
        readonly sizeBytes: number
        /** `precedence.ts`; `undefined` when an earlier version of Martlet tells it. */
        readonly precedence: string | undefined
      }
    | undefined
  readonly meta:
    | {
        readonly timestamp: Timestamp
        readonly contentType: ContentTypeChange | undefined
        readonly precedence: string
      }
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
    data: data && {
      timestamp: data.timestamp,
      etag: data.etag,
      sizeBytes: data.sizeBytes,
      precedence: precedenceOf(data),
    },
    meta: meta && {
      timestamp: meta.timestamp,
      contentType: meta.contentType,
      precedence: precedenceOfMeta(meta),
    },
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
  if (data === undefined) return 'small'
  return before.data !== undefined && isSameData(before.data, data) ? 'small' : 'data'
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

/** Records without contents, of which only what is told here is compared. */
function stateOf({ data, meta, tombstone, lost }: Entry): ObjectState {
  return {
    ...EMPTY_STATE,
    data: data && { ...data, fileBytes: data.sizeBytes, record: undefined },
    meta: meta && { ...meta, name: '', headers: {} },
    tombstone,
    lost,
  }
}

/** As a member of a JSON list. */
export function encodeEntry({ hash, data, meta, tombstone, lost }: Entry): unknown {
  return [
    hash,
    data === undefined ? null : [data.timestamp, data.etag, data.sizeBytes, data.precedence ?? null],
    meta === undefined ? null : encodeMeta(meta),
    tombstone ?? null,
    lost ?? null,
  ]
}

function encodeMeta({ timestamp, contentType, precedence }: NonNullable<Entry['meta']>): unknown {
  return [timestamp, contentType?.timestamp ?? null, contentType?.value ?? null, precedence]
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
  const [written, etag, sizeBytes, precedence] = value as unknown[]
  const timestamp = timestampIn(written)
  if (timestamp === undefined || typeof etag !== 'string' || !ETAG.test(etag)) return null
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return null
  return { timestamp, etag, sizeBytes, precedence: textIn(precedence) }
}

function decodeMeta(value: unknown): Entry['meta'] | null {
  if (!Array.isArray(value)) return undefined
  const [written, typeWritten, type, precedence] = value as unknown[]
  const [timestamp, typeAt] = [timestampIn(written), timestampIn(typeWritten)]
  if (timestamp === undefined) return null
  const contentType = typeAt === undefined ? undefined : { value: textIn(type) ?? '', timestamp: typeAt }
  return { timestamp, contentType, precedence: textIn(precedence) ?? '' }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function timestampIn(value: unknown): Timestamp | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined
}
