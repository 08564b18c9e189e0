/**
 * What POSTs made of an object since it was put. Pure; how what two replicas know of it becomes one is in `meta-join.ts`.
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
  /** Where another replica told only what compares (`precedence.ts`). */
  readonly precedence?: string | undefined
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
  /** Where another replica told only what compares. */
  readonly print?: string | undefined
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

/** User metadata by themselves. */
export function withoutFacts(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isFact(name)))
}
