/**
 * What POSTs made of an object since it was put, and how what two replicas know of that becomes one. Joining is
 * commutative, associative and idempotent. Pure.
 *
 * User metadata are one field: a POST replaces them as a whole. The content type is another, with a time of its own, as
 * with OpenStack Swift. Each *fact* (tags, access list: `FACT_PREFIX`) is a field by itself, so that of two changes of
 * different ones at the same moment neither is lost, whatever order they arrive in.
 */
import { FACT_PREFIX } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'

export interface ContentTypeChange {
  readonly value: string
  readonly timestamp: Timestamp
}

/** As the `.meta` file says it. */
export interface MetaRecord {
  readonly name: string
  /** Of the latest field; part of the file's name. */
  readonly timestamp: Timestamp
  /** User metadata and what else a POST replaces; facts too where `fields` is not there. */
  readonly headers: HeaderMap
  /** A later content type than the PUT's; its timestamp may be older than the metadata's, never later. */
  readonly contentType: ContentTypeChange | undefined
  /** Where fields were changed one by one; else all of it is of one POST, at `timestamp`. */
  readonly fields?: ChangedFields | undefined
}

export interface ChangedFields {
  /** When `headers` were posted; `undefined`: those of the PUT still count. */
  readonly postedAt: Timestamp | undefined
  readonly facts: Facts
}

export type Facts = Readonly<Record<string, Fact>>

/** An empty value takes away what was put. */
export interface Fact {
  readonly value: string
  readonly timestamp: Timestamp
}

/** When user metadata were posted last, if they were since the PUT. */
export function postedAt(meta: PostedTimes | undefined): Timestamp | undefined {
  return meta?.fields === undefined ? meta?.timestamp : meta.fields.postedAt
}

interface PostedTimes {
  readonly timestamp: Timestamp
  readonly fields?: Pick<ChangedFields, 'postedAt'> | undefined
}

export function isFact(name: string): boolean {
  return name.startsWith(FACT_PREFIX)
}

/** What a request changes of a record: `metadata` all but facts, a list the facts it names, without either everything. */
export type PostedFields = 'metadata' | readonly string[] | undefined

/** The record of one POST by itself. */
export function postedMeta(
  name: string,
  timestamp: Timestamp,
  headers: HeaderMap,
  contentType: ContentTypeChange | undefined,
  fields: PostedFields,
): MetaRecord {
  if (fields === undefined) return { name, timestamp, headers, contentType }
  if (fields === 'metadata') return { name, timestamp, headers: withoutFacts(headers), contentType }
  const facts = Object.fromEntries(
    fields.toSorted().map((fact) => [fact, { value: headers[fact] ?? '', timestamp }]),
  )
  return {
    name,
    timestamp,
    headers: {},
    contentType: undefined,
    fields: { postedAt: undefined, facts },
  }
}

/** The record that knows everything that either knows. */
export function joinMeta(
  left: MetaRecord | undefined,
  right: MetaRecord | undefined,
): MetaRecord | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const contentType = laterContentType(left.contentType, right.contentType)
  const later = comparePosted(left, right) >= 0 ? left : right
  if (isWhole(left) && isWhole(right)) return { ...later, contentType }
  const fields = { postedAt: postedAt(later), facts: joinFacts(factsOf(left), factsOf(right)) }
  return byField(left.name, withoutFacts(later.headers), contentType, fields)
}

/** What of it still means something after a PUT or DELETE of that time. */
export function metaAfter(meta: MetaRecord, winner: Timestamp | undefined): MetaRecord | undefined {
  if (winner === undefined) return meta
  if (meta.timestamp <= winner) return undefined
  return metaWhere(meta, (timestamp) => timestamp > winner)
}

/** The fields whose times are such. */
export function metaWhere(
  meta: MetaRecord,
  counts: (timestamp: Timestamp) => boolean,
): MetaRecord | undefined {
  const { name, fields } = meta
  const contentType =
    meta.contentType !== undefined && counts(meta.contentType.timestamp) ? meta.contentType : undefined
  if (fields === undefined) {
    if (!counts(meta.timestamp)) return undefined
    return contentType === meta.contentType ? meta : { ...meta, contentType }
  }
  const isPosted = fields.postedAt !== undefined && counts(fields.postedAt)
  const facts = Object.fromEntries(
    Object.entries(fields.facts).filter(([, { timestamp }]) => counts(timestamp)),
  )
  if (!isPosted && Object.keys(facts).length === 0) return undefined
  const left = { postedAt: isPosted ? fields.postedAt : undefined, facts }
  return byField(name, isPosted ? meta.headers : {}, contentType, left)
}

/** What replicas compare of it. */
export function textOfMeta(meta: MetaRecord): string {
  const whole = `${meta.timestamp}/${meta.contentType?.timestamp ?? ''}`
  if (isWhole(meta)) return whole
  const facts = sortedFacts(factsOf(meta)).map(([name, { timestamp }]) => `${name}=${timestamp}`)
  return [whole, postedAt(meta) ?? '', ...facts].join('/')
}

/** When which field was changed, as the answers to reads tell it (`CHANGES_HEADER`). */
export function changesText(meta: MetaRecord): string {
  const changes = sortedFacts(factsOf(meta)).map(([name, { timestamp }]) => `${name}=${timestamp}`)
  const posted = postedAt(meta)
  if (posted !== undefined) changes.unshift(`posted=${posted}`)
  if (meta.contentType !== undefined) changes.push(`type=${meta.contentType.timestamp}`)
  return changes.join(';')
}

/** Its facts, each with its time. */
export function factsOf({ timestamp, headers, fields }: MetaRecord): Facts {
  if (fields !== undefined) return fields.facts
  const facts: Record<string, Fact> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && isFact(name)) facts[name] = { value, timestamp }
  }
  return facts
}

/** One POST in which nothing has to be told apart. */
export function isWhole({ headers, fields }: MetaRecord): boolean {
  if (fields !== undefined) return false
  for (const name in headers) if (isFact(name)) return false
  return true
}

/** In the one form there is for it: of one POST where all of it has the same time. */
function byField(
  name: string,
  headers: HeaderMap,
  contentType: ContentTypeChange | undefined,
  fields: ChangedFields,
): MetaRecord {
  const times = Object.values(fields.facts).map(({ timestamp }) => timestamp)
  const posted = fields.postedAt
  if (posted !== undefined && times.every((time) => time === posted)) {
    const facts = Object.entries(fields.facts).map(([fact, { value }]) => [fact, value] as const)
    return { name, timestamp: posted, headers: { ...headers, ...Object.fromEntries(facts) }, contentType }
  }
  if (posted !== undefined) times.push(posted)
  const timestamp = times.reduce((latest, time) => (time > latest ? time : latest))
  return { name, timestamp, headers, contentType, fields }
}

function joinFacts(left: Facts, right: Facts): Facts {
  const joined: Record<string, Fact> = { ...left }
  for (const [name, fact] of Object.entries(right)) {
    const other = joined[name]
    if (other === undefined || compareFacts(fact, other) > 0) joined[name] = fact
  }
  return Object.fromEntries(sortedFacts(joined))
}

function sortedFacts(facts: Facts): [string, Fact][] {
  return Object.entries(facts).toSorted(([left], [right]) => (left < right ? -1 : 1))
}

function compareFacts(left: Fact, right: Fact): number {
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? 1 : -1
  return left.value === right.value ? 0 : left.value > right.value ? 1 : -1
}

/** Whose user metadata are the later ones. */
function comparePosted(left: MetaRecord, right: MetaRecord): number {
  const [one, other] = [postedAt(left) ?? '', postedAt(right) ?? '']
  if (one !== other) return one > other ? 1 : -1
  const [mine, theirs] = [canonical(withoutFacts(left.headers)), canonical(withoutFacts(right.headers))]
  return mine === theirs ? 0 : mine > theirs ? 1 : -1
}

function canonical(headers: HeaderMap): string {
  return JSON.stringify(Object.entries(headers).toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

function withoutFacts(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isFact(name)))
}

function laterContentType(
  left: ContentTypeChange | undefined,
  right: ContentTypeChange | undefined,
): ContentTypeChange | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  return left.value >= right.value ? left : right
}
