/**
 * What replicators say to the account and container servers of peers: method `SYNC`, path
 * `/<device>/sync/databases/<what>`, bodies in JSON, signed like every request between nodes. An extension of ours:
 * OpenStack Swift's servers answer the method with 405. Everything that changes something is merged, so a request may come
 * twice, late, or after another one.
 *
 * | what      | request                                        | answer                                          |
 * |-----------|------------------------------------------------|-------------------------------------------------|
 * | `digests` | partitions                                     | of each its digest, and what the device is to it |
 * | `list`    | a partition                                    | hash and digest of each database                |
 * | `look`    | a name                                         | what is known of the database                   |
 * | `tell`    | what we know of a database; it is merged       | the same                                        |
 * | `rows`    | rows, merged; between which numbers they lie   | up to which number all are there now            |
 * | `changes` | a name and a number                            | rows that changed after it                      |
 * | `has`     | names of rows                                  | those that are there, live or deleted           |
 */
import { pathOf } from '#base/names.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { Change, DatabasePartition } from './contract.ts'
import type { DatabaseName } from './info.ts'
import type { Metadata, MetadataValue } from './metadata.ts'
import type { ReplicatedState } from './replica-merge.ts'
import type { RowForm } from './row-kind.ts'

export const SYNC_METHOD = 'SYNC'
export const SYNC_PLACE = 'databases'
export const SYNC_KINDS = ['digests', 'list', 'look', 'tell', 'rows', 'changes', 'has'] as const
export type SyncKind = (typeof SYNC_KINDS)[number]

/** Partitions of one `digests` request at most: not so many that reading them for the first time takes too long. */
export const PARTITIONS_MAX = 1024
/** Databases of one `list` answer. */
export const LIST_MAX = 1000
/** Rows that travel together: little enough that other requests pass in between. */
export const SLICE_ROWS = 1000
/** Requests and answers are no longer than this: a thousand rows whose names are as long as can be. */
export const BODY_BYTES_MAX = 32 * 1024 * 1024

export type Voice = 'synced' | 'joining' | 'stale' | 'stale_joining'
const ROLES = ['primary', 'handoff', 'leaving'] as const
export type Role = (typeof ROLES)[number]

/** What a device is to a partition. */
export interface Standing {
  readonly voice: Voice
  readonly role: Role
  /** Deletions of before then it may have forgotten, milliseconds; `undefined` when it does not say. */
  readonly givenUpMs?: number | undefined
}

/** 32 hex digits each. */
export interface PartitionAnswer extends Standing {
  readonly digest: string
}

export interface ListAnswer {
  readonly databases: readonly (readonly [hash: string, digest: string, name: DatabaseName])[]
  /** There are more behind the last one. */
  readonly more: boolean
}

/** A database at one moment. */
export interface Known {
  /** Which index it is in (`Index.storeId`). */
  readonly store: string
  /** Up to which of the asker's changes its rows are there. */
  readonly have: number
  /** What the device that answers is to the database, by its own ring. */
  readonly role: Role
  readonly database: KnownDatabase | undefined
}

export interface KnownDatabase {
  readonly state: ReplicatedState
  /** Number of the latest change. */
  readonly sequence: number
  /** Of what replicas must agree on, and of everything, deletions of long ago among it. 32 hex digits. */
  readonly digest: string
  readonly wholeDigest: string
}

export interface ChangesAnswer<Row> {
  readonly changes: readonly Change<Row>[]
  /** Everything up to this number was told, here or before. */
  readonly upTo: number
  readonly more: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** The members of a JSON object; none of what is not one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

export function parsePartition(fields: Fields): DatabasePartition | undefined {
  const { part_power: partPower, partition } = fields
  if (!isCount(partPower) || partPower > 32 || !isCount(partition) || partition >= 2 ** partPower)
    return undefined
  return { partPower, partition }
}

export function encodeName({ account, container }: DatabaseName): unknown {
  return container === undefined ? [account] : [account, container]
}

export function parseName(value: unknown): DatabaseName | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2) return undefined
  const [account, container] = value as readonly unknown[]
  if (!isName(account)) return undefined
  if (value.length === 1) return { account }
  return isName(container) ? { account, container } : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('/')
}

export function encodeReplicated({ info, metadata }: ReplicatedState): unknown {
  const { name, ...times } = info
  return {
    ...times,
    name: encodeName(name),
    metadata: [...metadata].map(([key, { value, timestamp }]) => [key, value, timestamp]),
  }
}

/** `undefined` when it is not what a replica tells. */
export function parseReplicated(value: unknown): ReplicatedState | undefined {
  const fields = fieldsOf(value)
  const name = parseName(fields['name'])
  const metadata = parseMetadata(fields['metadata'])
  const [createdAt, bornAt, putTimestamp, deleteTimestamp, statusChangedAt] = [
    'createdAt',
    'bornAt',
    'putTimestamp',
    'deleteTimestamp',
    'statusChangedAt',
  ].map((field) => timestampIn(fields[field]))
  const { status, policyIndex } = fields
  if (name === undefined || metadata === undefined || !isCount(policyIndex)) return undefined
  if (createdAt === undefined || bornAt === undefined || putTimestamp === undefined) return undefined
  if (deleteTimestamp === undefined || statusChangedAt === undefined) return undefined
  if (status !== 'live' && status !== 'deleted') return undefined
  const times = { createdAt, bornAt, putTimestamp, deleteTimestamp, statusChangedAt }
  return { info: { name, ...times, status, policyIndex }, metadata }
}

function parseMetadata(value: unknown): Metadata | undefined {
  if (!Array.isArray(value)) return undefined
  const metadata = new Map<string, MetadataValue>()
  for (const entry of value as readonly unknown[]) {
    const [name, text, time] = Array.isArray(entry) ? (entry as readonly unknown[]) : []
    const timestamp = timestampIn(time)
    if (typeof name !== 'string' || typeof text !== 'string' || timestamp === undefined) return undefined
    metadata.set(name, { value: text, timestamp })
  }
  return metadata
}

function timestampIn(value: unknown): Timestamp | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined
}

/** Group, name, and the fields of its kind. */
export function encodeRow<Row>(kind: RowForm<Row>, row: Row): readonly unknown[] {
  return [kind.groupOf(row), kind.nameOf(row), ...kind.encode(row)]
}

/** `undefined` when it is not a row that a server of ours would make. */
export function parseRow<Row>(kind: RowForm<Row>, value: unknown): Row | undefined {
  if (!Array.isArray(value) || value.length !== kind.fieldCount + 2) return undefined
  const [group, name, ...fields] = value as readonly unknown[]
  if (!isCount(group) || group > 0xffff || typeof name !== 'string') return undefined
  if (!fields.every((field) => typeof field === 'string' && !hasControls(field))) return undefined
  try {
    const row = kind.decode(name, group, fields as readonly string[])
    return kind.isSound(row) ? row : undefined
  } catch {
    return undefined
  }
}

/** Rows in a list, or `undefined` when one of them is none. */
export function parseRows<Row>(kind: RowForm<Row>, value: unknown): readonly Row[] | undefined {
  if (!Array.isArray(value)) return undefined
  const rows = value.map((one) => parseRow(kind, one)).filter((row) => row !== undefined)
  return rows.length === value.length ? rows : undefined
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < 0x20) return true
  return false
}

export function encodeKnown({ store, have, role, database }: Known): unknown {
  if (database === undefined) return { store, have, role }
  const { state, sequence, digest, wholeDigest } = database
  return { store, have, role, database: { state: encodeReplicated(state), sequence, digest, wholeDigest } }
}

export function parseKnown(value: unknown): Known | undefined {
  const { store, have, role: told, database } = fieldsOf(value)
  const role = ROLES.find((one) => one === told)
  if (typeof store !== 'string' || !isCount(have) || role === undefined) return undefined
  if (database === undefined) return { store, have, role, database: undefined }
  const { state: written, sequence, digest, wholeDigest } = fieldsOf(database)
  const state = parseReplicated(written)
  if (state === undefined || !isCount(sequence)) return undefined
  if (typeof digest !== 'string' || typeof wholeDigest !== 'string') return undefined
  return { store, have, role, database: { state, sequence, digest, wholeDigest } }
}

export function isSameName(left: DatabaseName, right: DatabaseName): boolean {
  return pathOf(left) === pathOf(right)
}
