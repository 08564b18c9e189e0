/**
 * What replicas tell each other about one object before anything is moved: versions and times, no contents. Pure.
 * Two entries are joined by the very rule by which states are (`object-state.ts`), so that what one replica asks for is
 * what it will keep.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { metaWhere } from '../meta-join.ts'
import { type ContentTypeChange, factsOf, isWhole, type MetaRecord, postedAt } from '../meta-record.ts'
import { comparedText, EMPTY_STATE, isSameData, joinStates, type ObjectState } from '../object-state.ts'
import { precedenceOf, precedenceOfMeta, printOfFact } from '../precedence.ts'

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
        /** Where fields were changed one by one. */
        readonly fields?: FieldTimes | undefined
      }
    | undefined
  readonly tombstone: Timestamp | undefined
  /** It had data of that time and lost it. */
  readonly lost: Timestamp | undefined
}

/** When user metadata were posted, and of each fact when it was changed and what tells one value from another. */
export interface FieldTimes {
  readonly postedAt: Timestamp | undefined
  readonly facts: Readonly<Record<string, { readonly timestamp: Timestamp; readonly print: string }>>
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
    meta: meta && entryOfMeta(meta),
    tombstone,
    lost,
  }
}

function entryOfMeta(meta: MetaRecord): NonNullable<Entry['meta']> {
  const { timestamp, contentType } = meta
  const told = { timestamp, contentType, precedence: precedenceOfMeta(meta) }
  if (isWhole(meta)) return told
  const facts = Object.fromEntries(
    Object.entries(factsOf(meta)).map(([name, fact]) => [
      name,
      { timestamp: fact.timestamp, print: printOfFact(fact) },
    ]),
  )
  return { ...told, fields: { postedAt: postedAt(meta), facts } }
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
  const written = writtenAtOf(entry)
  const { meta } = stateOf(entry)
  const left = meta && metaWhere(meta, (timestamp) => timestamp <= until)
  return {
    ...(written !== undefined && written > until ? emptyEntry(entry.hash) : entry),
    meta: left && entryOfMeta(left),
  }
}

/** Records without contents, of which only what is told here is compared. */
function stateOf({ data, meta, tombstone, lost }: Entry): ObjectState {
  return {
    ...EMPTY_STATE,
    data: data && { ...data, fileBytes: data.sizeBytes, record: undefined },
    meta: meta && metaOf(meta),
    tombstone,
    lost,
  }
}

function metaOf({ fields, ...told }: NonNullable<Entry['meta']>): MetaRecord {
  const meta = { ...told, name: '', headers: {} }
  if (fields === undefined) return meta
  const facts = Object.fromEntries(
    Object.entries(fields.facts).map(([name, fact]) => [name, { ...fact, value: '' }]),
  )
  return { ...meta, fields: { postedAt: fields.postedAt, facts } }
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

/** What every entry may need, encoded. */
const PLAIN_ENTRY_BYTES = 320

/** About as many bytes as the entry has when it is encoded: a POST may leave a content type of many thousands. */
export function encodedBytesOf({ meta }: Entry): number {
  return meta === undefined
    ? PLAIN_ENTRY_BYTES
    : PLAIN_ENTRY_BYTES + Buffer.byteLength(JSON.stringify(encodeMeta(meta)))
}

function encodeMeta({ timestamp, contentType, precedence, fields }: NonNullable<Entry['meta']>): unknown {
  const told = [timestamp, contentType?.timestamp ?? null, contentType?.value ?? null, precedence]
  if (fields === undefined) return told
  const facts = Object.entries(fields.facts).map(([name, fact]) => [name, fact.timestamp, fact.print])
  return [...told, fields.postedAt ?? null, facts]
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
  const [written, typeWritten, type, precedence, posted, facts] = value as unknown[]
  const [timestamp, typeAt] = [timestampIn(written), timestampIn(typeWritten)]
  if (timestamp === undefined) return null
  const contentType = typeAt === undefined ? undefined : { value: textIn(type) ?? '', timestamp: typeAt }
  const told = { timestamp, contentType, precedence: textIn(precedence) ?? '' }
  if (facts === undefined) return told
  const decoded = decodeFacts(facts)
  return decoded === undefined ? null : { ...told, fields: { postedAt: timestampIn(posted), facts: decoded } }
}

function decodeFacts(value: unknown): FieldTimes['facts'] | undefined {
  if (!Array.isArray(value)) return undefined
  const facts: Record<string, { readonly timestamp: Timestamp; readonly print: string }> = {}
  for (const one of value as readonly unknown[]) {
    if (!Array.isArray(one)) return undefined
    const [name, written, print] = one as readonly unknown[]
    const timestamp = timestampIn(written)
    if (typeof name !== 'string' || timestamp === undefined) return undefined
    facts[name] = { timestamp, print: textIn(print) ?? '' }
  }
  return facts
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function timestampIn(value: unknown): Timestamp | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined
}
