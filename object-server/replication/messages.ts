/**
 * What replicators say to the object servers of peers: method `SYNC`, path `/<device>/sync/<policy>/<what>`, signed like
 * every request between nodes. It is an extension of ours; OpenStack Swift's object server answers the method with 405.
 *
 * | what      | request                                  | answer                                               |
 * |-----------|------------------------------------------|------------------------------------------------------|
 * | `digests` | digests of units, binary                 | a byte per unit: equal, voice, role                  |
 * | `entries` | JSON: a partition, and which part of it  | JSON: role, voice, what was given up, entries        |
 * | `objects` | JSON: hashes wanted                      | records and bodies, framed (`frames.ts`)             |
 * | `fetch`   | JSON: a peer, and entries it has         | JSON, when they were fetched: role, voice, entries   |
 * | `reclaim` | JSON: tombstones that everybody has      | JSON: how many were forgotten; who does not have      |
 * |           |                                          | them has noted durably that they are given up        |
 * | `lease`   | JSON: ranges to be read (`leases/`)      | JSON: what was granted, and revoked since             |
 */
import type { GivenUpMs } from '#backend/given-up.ts'
import type { PartitionRange } from '#backend/range-states.ts'
import { type ReplicaRole, type ReplicaVoice, REPLICA_VOICES as VOICES } from '#backend/sync-ledger.ts'
import { millisecondsOf, nextTick, parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { decodeEntry, type Entry, encodeEntry, type Lack } from './entry.ts'

export const SYNC_METHOD = 'SYNC'
export const SYNC_KINDS = ['digests', 'entries', 'objects', 'fetch', 'reclaim', 'lease'] as const
export type SyncKind = (typeof SYNC_KINDS)[number]

/** Requests are no longer than this, bytes. */
export const REQUEST_BYTES_MAX = 8 * 1024 * 1024
/** Units of one digests request at most. */
export const UNITS_MAX = 131_072
/** Entries of one answer at most. */
export const ENTRIES_MAX = 4_096
/** Answers with entries are no longer than this, bytes. */
export const ANSWER_BYTES_MAX = 16 * 1024 * 1024

export interface Unit {
  readonly number: number
  /** 16 bytes. */
  readonly digest: Buffer
}

/** What a peer says of one unit. */
export interface UnitAnswer {
  readonly equal: boolean
  readonly voice: ReplicaVoice
  readonly role: ReplicaRole
}

/** What a peer is to the hashes asked about. */
export interface PeerStanding {
  readonly role: ReplicaRole
  readonly voice: ReplicaVoice
  /** Deletions of up to then it may have forgotten; `undefined` when it does not say. */
  readonly givenUpMs: GivenUpMs | undefined
}

export interface EntriesRequest {
  readonly partition: PartitionRange
  /** Ranges of 16 bits within the partition; all of it when left out. */
  readonly ranges?: readonly number[] | undefined
  /** These objects alone, known or not. */
  readonly hashes?: readonly string[] | undefined
  /** Only those behind this hash. */
  readonly after?: string | undefined
}

export interface EntriesAnswer extends PeerStanding {
  readonly entries: readonly Entry[]
  /** There are more behind the last one. */
  readonly more: boolean
}

export interface WantedObject {
  readonly hash: string
  readonly lack: Exclude<Lack, 'nothing'>
}

export interface ObjectsRequest {
  readonly wanted: readonly WantedObject[]
  /** For a single object: bytes of the body that are there already. */
  readonly offset: number
}

export interface PeerAddress {
  readonly host: string
  readonly port: number
  readonly device: string
}

export interface FetchRequest {
  readonly partition: PartitionRange
  readonly from: PeerAddress
  readonly entries: readonly Entry[]
}

export interface ReclaimRequest {
  readonly partition: PartitionRange
  readonly tombstones: readonly { readonly hash: string; readonly timestamp: Timestamp }[]
}

/** A time behind all of these tombstones, milliseconds; 0 for none. */
export function behindAllMs(tombstones: readonly Timestamp[]): GivenUpMs {
  return tombstones.reduce((latest, timestamp) => Math.max(latest, millisecondsOf(nextTick(timestamp))), 0)
}

const DIGESTS_VERSION = 1
const HEAD_BYTES = 6
const DIGEST_BYTES = 16
const UNIT_BYTES = 4 + DIGEST_BYTES

export function encodeDigests(bits: number, units: readonly Unit[]): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + units.length * UNIT_BYTES)
  bytes[0] = DIGESTS_VERSION
  bytes[1] = bits
  bytes.writeUInt32BE(units.length, 2)
  let at = HEAD_BYTES
  for (const { number, digest } of units) {
    bytes.writeUInt32BE(number, at)
    digest.copy(bytes, at + 4)
    at += UNIT_BYTES
  }
  return bytes
}

/** `undefined` for what is no request of this version. */
export function decodeDigests(
  bytes: Buffer,
): { readonly bits: number; readonly units: readonly Unit[] } | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0] !== DIGESTS_VERSION) return undefined
  const bits = bytes[1] ?? 0
  const count = bytes.readUInt32BE(2)
  if (bits > 32 || count > UNITS_MAX || bytes.length !== HEAD_BYTES + count * UNIT_BYTES) return undefined
  const units = Array.from({ length: count }, (_, index) => {
    const at = HEAD_BYTES + index * UNIT_BYTES
    return { number: bytes.readUInt32BE(at), digest: bytes.subarray(at + 4, at + UNIT_BYTES) }
  })
  return { bits, units }
}

const ROLES: readonly ReplicaRole[] = ['primary', 'handoff', 'leaving']

export function encodeUnitAnswers(answers: readonly UnitAnswer[]): Buffer {
  return Buffer.from(
    answers.map(({ equal, voice, role }) => {
      return (equal ? 1 : 0) | (VOICES.indexOf(voice) << 1) | (ROLES.indexOf(role) << 3)
    }),
  )
}

/** What cannot be understood is no primary. Two bits hold every voice. */
export function decodeUnitAnswer(byte: number): UnitAnswer {
  return {
    equal: (byte & 1) === 1,
    voice: VOICES[(byte >>> 1) & 3] ?? 'joining',
    role: ROLES[(byte >>> 3) & 3] ?? 'handoff',
  }
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

export function encodeEntriesAnswer({ role, voice, givenUpMs, entries, more }: EntriesAnswer): Buffer {
  return encodeJson({ role, voice, givenUpMs, more, entries: entries.map(encodeEntry) })
}

/** `undefined` for an answer that cannot be understood whole. */
export function decodeEntriesAnswer(bytes: Buffer): EntriesAnswer | undefined {
  const parsed = parsedJson(bytes)
  const role = ROLES.find((one) => one === parsed?.['role'])
  const voice = VOICES.find((one) => one === parsed?.['voice'])
  const entries = entriesIn(parsed?.['entries'])
  if (role === undefined || voice === undefined || entries === undefined) return undefined
  const givenUpMs = parsed?.['givenUpMs']
  return {
    role,
    voice,
    givenUpMs: typeof givenUpMs === 'number' ? givenUpMs : undefined,
    entries,
    more: parsed?.['more'] === true,
  }
}

export function encodeFetch({ partition, from, entries }: FetchRequest): Buffer {
  return encodeJson({ partition, from, entries: entries.map(encodeEntry) })
}

export function decodeFetch(bytes: Buffer): FetchRequest | undefined {
  const parsed = parsedJson(bytes)
  const partition = partitionIn(parsed?.['partition'])
  const from = addressIn(parsed?.['from'])
  const entries = entriesIn(parsed?.['entries'])
  if (partition === undefined || from === undefined || entries === undefined) return undefined
  return { partition, from, entries }
}

export function decodeEntriesRequest(bytes: Buffer): EntriesRequest | undefined {
  const parsed = parsedJson(bytes)
  const partition = partitionIn(parsed?.['partition'])
  if (parsed === undefined || partition === undefined) return undefined
  const { ranges, hashes, after } = parsed
  if (ranges !== undefined && !isListOf(ranges, isRange)) return undefined
  if (hashes !== undefined && !isListOf(hashes, isHash)) return undefined
  if (after !== undefined && !isHash(after)) return undefined
  return {
    partition,
    ranges: ranges as number[] | undefined,
    hashes: hashes as string[] | undefined,
    after,
  }
}

export function decodeObjectsRequest(bytes: Buffer): ObjectsRequest | undefined {
  const parsed = parsedJson(bytes)
  const { wanted, offset } = parsed ?? {}
  if (!isListOf(wanted, isWanted) || typeof offset !== 'number' || !Number.isSafeInteger(offset))
    return undefined
  return offset < 0 ? undefined : { wanted: wanted as WantedObject[], offset }
}

export function decodeReclaim(bytes: Buffer): ReclaimRequest | undefined {
  const parsed = parsedJson(bytes)
  const partition = partitionIn(parsed?.['partition'])
  const list = parsed?.['tombstones']
  if (partition === undefined || !Array.isArray(list) || list.length > ENTRIES_MAX) return undefined
  const tombstones = list.flatMap((one: unknown) => {
    const { hash, timestamp } = (one ?? {}) as Record<string, unknown>
    const parsedAt = typeof timestamp === 'string' ? parseTimestamp(timestamp) : undefined
    return isHash(hash) && parsedAt !== undefined ? [{ hash, timestamp: parsedAt }] : []
  })
  return { partition, tombstones }
}

/** `undefined` for what is no JSON object. */
export function parsedJson(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function entriesIn(value: unknown): readonly Entry[] | undefined {
  if (!Array.isArray(value)) return undefined
  const entries = value.map(decodeEntry)
  return entries.includes(undefined) ? undefined : (entries as Entry[])
}

function partitionIn(value: unknown): PartitionRange | undefined {
  const { partPower, partition } = (value ?? {}) as Record<string, unknown>
  if (typeof partPower !== 'number' || !Number.isInteger(partPower) || partPower < 0 || partPower > 32)
    return undefined
  if (typeof partition !== 'number' || !Number.isInteger(partition)) return undefined
  return partition < 0 || partition >= 2 ** partPower ? undefined : { partPower, partition }
}

function addressIn(value: unknown): PeerAddress | undefined {
  const { host, port, device } = (value ?? {}) as Record<string, unknown>
  if (typeof host !== 'string' || typeof port !== 'number' || typeof device !== 'string') return undefined
  return { host, port, device }
}

function isListOf(value: unknown, is: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

function isRange(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 65_536
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

function isWanted(value: unknown): boolean {
  const { hash, lack } = (value ?? {}) as Record<string, unknown>
  return isHash(hash) && (lack === 'data' || lack === 'small')
}
