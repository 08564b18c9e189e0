/**
 * How what two replicas know of POSTs becomes one: field by field, the later time winning. Joining is commutative,
 * associative and idempotent. Pure.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import {
  type ChangedFields,
  type ContentTypeChange,
  type Fact,
  type Facts,
  factsOf,
  isWhole,
  type MetaRecord,
  postedAt,
  withoutFacts,
} from './meta-record.ts'
import { precedenceOfMeta, printIn, printOfFact } from './precedence.ts'

/** The record that knows everything that either knows. */
export function joinMeta(
  left: MetaRecord | undefined,
  right: MetaRecord | undefined,
): MetaRecord | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const contentType = laterContentType(left.contentType, right.contentType)
  const later = comparePosted(left, right) >= 0 ? left : right
  if (isWhole(left) && isWhole(right)) return { ...later, contentType }
  const facts = joinFacts(factsOf(left), factsOf(right))
  return byField(postedIn(later), contentType, { postedAt: postedAt(later), facts })
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
  return byField(isPosted ? postedIn(meta) : { name, headers: {} }, contentType, left)
}

/** What replicas compare of it. */
export function textOfMeta(meta: MetaRecord): string {
  const { timestamp, contentType } = meta
  const type = contentType === undefined ? '' : `${contentType.timestamp}/${contentType.value}`
  const print = printIn(precedenceOfMeta(meta))
  if (isWhole(meta)) return `${timestamp}/${print}/${type}`
  const posted = postedAt(meta)
  const facts = sortedFacts(factsOf(meta)).map(
    ([name, fact]) => `${name}=${fact.timestamp}/${printOfFact(fact)}`,
  )
  return [posted === undefined ? '' : `${posted}/${print}`, type, ...facts].join(';')
}

/** When which field was changed, as the answers to reads tell it (`CHANGES_HEADER`). */
export function changesText(meta: MetaRecord): string {
  const changes = sortedFacts(factsOf(meta)).map(([name, { timestamp }]) => `${name}=${timestamp}`)
  const posted = postedAt(meta)
  if (posted !== undefined) changes.unshift(`posted=${posted}`)
  if (meta.contentType !== undefined) changes.push(`type=${meta.contentType.timestamp}`)
  return changes.join(';')
}

/** User metadata as a POST left them. */
interface Posted {
  readonly name: string
  readonly headers: HeaderMap
  readonly precedence?: string | undefined
}

function postedIn({ name, headers, precedence }: MetaRecord): Posted {
  const posted = { name, headers: withoutFacts(headers) }
  return precedence === undefined ? posted : { ...posted, precedence }
}

/** In the one form there is for it: of one POST where all of it has the same time, and is known. */
function byField(
  posted: Posted,
  contentType: ContentTypeChange | undefined,
  fields: ChangedFields,
): MetaRecord {
  const facts = Object.entries(fields.facts)
  const { postedAt: at } = fields
  if (
    at !== undefined &&
    facts.every(([, { timestamp, print }]) => timestamp === at && print === undefined)
  ) {
    const values = Object.fromEntries(facts.map(([fact, { value }]) => [fact, value] as const))
    return { ...posted, timestamp: at, headers: { ...posted.headers, ...values }, contentType }
  }
  const times = [...(at === undefined ? [] : [at]), ...facts.map(([, { timestamp }]) => timestamp)]
  const timestamp = times.reduce((latest, time) => (time > latest ? time : latest))
  return { ...posted, timestamp, contentType, fields }
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
  return compareTexts(printOfFact(left), printOfFact(right))
}

/** Whose user metadata are the later ones. */
function comparePosted(left: MetaRecord, right: MetaRecord): number {
  const times = compareTexts(postedAt(left) ?? '', postedAt(right) ?? '')
  return times === 0 ? compareTexts(precedenceOfMeta(left), precedenceOfMeta(right)) : times
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left > right ? 1 : -1
}

function laterContentType(
  left: ContentTypeChange | undefined,
  right: ContentTypeChange | undefined,
): ContentTypeChange | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp ? left : right
  return left.value >= right.value ? left : right
}
