/**
 * User and system metadata of an account or a container: header name to value, each with the time it was set. A later
 * value replaces an earlier one; an empty value is a removal and is kept, so that it wins over what it removed on every
 * replica. At equal times the larger value wins, so merging does not depend on the order (OpenStack Swift, `common/db.py`:
 * `update_metadata`, `validate_metadata`).
 */
import { MAX_META_COUNT, MAX_META_OVERALL_BYTES } from '#base/limits.ts'
import type { Timestamp } from '#base/timestamp.ts'

export interface MetadataValue {
  /** As in the header: bytes as latin1 code units. Empty means removed. */
  readonly value: string
  readonly timestamp: Timestamp
}

/** By lower-case header name. */
export type Metadata = ReadonlyMap<string, MetadataValue>

const USER_PREFIX = /^x-(?:account|container)-meta-/

/** `left` with everything of `right` that is newer. Gives `left` itself when nothing is. */
export function mergeMetadata(left: Metadata, right: Metadata): Metadata {
  const newer = [...right].filter(([name, update]) => wins(update, left.get(name)))
  return newer.length === 0 ? left : new Map([...left, ...newer])
}

/** Removals of everything there is, as of the deletion of the whole account or container. */
export function clearedMetadata(metadata: Metadata, timestamp: Timestamp): Metadata {
  const cleared = new Map([...metadata.keys()].map((name) => [name, { value: '', timestamp }] as const))
  return mergeMetadata(metadata, cleared)
}

/** What is wrong with the metadata as a whole, in Swift's words; `undefined` when it is within the limits. */
export function metadataProblem(metadata: Metadata): string | undefined {
  let count = 0
  let sizeBytes = 0
  for (const [name, { value }] of metadata) {
    if (!isUtf8(name) || !isUtf8(value)) return 'Metadata must be valid UTF-8'
    const prefix = USER_PREFIX.exec(name)?.[0]
    if (value === '' || prefix === undefined) continue
    count += 1
    sizeBytes += name.length - prefix.length + value.length
  }
  if (count > MAX_META_COUNT) return `Too many metadata items; max ${MAX_META_COUNT}`
  if (sizeBytes > MAX_META_OVERALL_BYTES) return `Total metadata too large; max ${MAX_META_OVERALL_BYTES}`
  return undefined
}

export function encodeMetadata(metadata: Metadata): Buffer {
  const entries = [...metadata].map(([name, { value, timestamp }]) => [name, value, timestamp])
  return Buffer.from(JSON.stringify({ version: FORMAT_VERSION, entries }))
}

/** Throws when the bytes are of a version that is not known. */
export function decodeMetadata(bytes: Buffer): Metadata {
  const { version, entries } = JSON.parse(bytes.toString()) as StoredMetadata
  if (version !== FORMAT_VERSION) throw new Error(`metadata of version ${version} is not known`)
  return new Map(entries.map(([name, value, timestamp]) => [name, { value, timestamp }]))
}

const FORMAT_VERSION = 1

interface StoredMetadata {
  readonly version: number
  readonly entries: readonly (readonly [name: string, value: string, timestamp: Timestamp])[]
}

function wins(update: MetadataValue, known: MetadataValue | undefined): boolean {
  if (known === undefined || update.timestamp > known.timestamp) return true
  return update.timestamp === known.timestamp && update.value > known.value
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Are these header bytes UTF-8 without NUL? */
function isUtf8(latin1: string): boolean {
  if (latin1.includes('\0')) return false
  try {
    strictUtf8.decode(Buffer.from(latin1, 'latin1'))
    return true
  } catch {
    return false
  }
}
