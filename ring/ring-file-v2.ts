/**
 * Ring files of format version 2: named sections, each a length of eight bytes and its bytes, found through an index
 * at the end (OpenStack Swift, `overview_ring_format.rst` and `swift/common/ring/io.py`). The whole file is unpacked
 * first, so the uncompressed offsets serve, and a recompressed file reads just as well. Checksums are compared.
 */
import { createHash } from 'node:crypto'
import { type BrokenFile, broken, parseJson, parseObject, type RawRing, tableFrom } from './raw-ring.ts'

const LENGTH_BYTES = 8
/** The file ends with the offset of the index in the unpacked stream, then its offset in the packed file. */
const TAIL_BYTES = 16
/** What the format's documentation names; other methods are to be ignored. */
const CHECKSUMS = new Set(['md5', 'sha1', 'sha256', 'sha512'])

/** The parts of an unpacked ring file of version 2. */
export function readVersion2(unpacked: Buffer): RawRing | BrokenFile {
  const index = readIndex(unpacked)
  if (index === undefined) return broken('its index cannot be read')
  const metadataBytes = section(unpacked, index, 'swift/ring/metadata')
  if ('kind' in metadataBytes) return metadataBytes
  const deviceBytes = section(unpacked, index, 'swift/ring/devices')
  if ('kind' in deviceBytes) return deviceBytes
  const tableBytes = section(unpacked, index, 'swift/ring/assignments')
  if ('kind' in tableBytes) return tableBytes
  const metadata = parseObject(metadataBytes)
  if (metadata === undefined) return broken('its metadata is not a JSON object')
  const idBytes = metadata['dev_id_bytes']
  if (idBytes !== 2 && idBytes !== 4)
    return broken(`its device ids have ${String(idBytes)} bytes; 2 and 4 are known`)
  if (tableBytes.length % idBytes !== 0) return broken('it ends in the middle of a device id')
  return { metadata, devices: parseJson(deviceBytes), table: tableFrom(tableBytes, idBytes, 'big') }
}

type Index = Readonly<Record<string, unknown>>

function readIndex(unpacked: Buffer): Index | undefined {
  if (unpacked.length < TAIL_BYTES) return undefined
  const start = lengthAt(unpacked, unpacked.length - TAIL_BYTES)
  const blob = start === undefined ? undefined : blobAt(unpacked, start)
  return blob === undefined ? undefined : parseObject(blob)
}

function section(unpacked: Buffer, index: Index, name: string): Buffer | BrokenFile {
  const entry = index[name]
  if (!Array.isArray(entry)) return broken(`it has no section ${name}`)
  const [, start, , end, method, checksum] = entry as unknown[]
  const blob = typeof start === 'number' ? blobAt(unpacked, start) : undefined
  if (blob === undefined || typeof start !== 'number') return broken(`its section ${name} cannot be read`)
  if (typeof end === 'number' && end !== start + LENGTH_BYTES + blob.length) {
    return broken(`its section ${name} has another length than its index says`)
  }
  const bytes = unpacked.subarray(start, start + LENGTH_BYTES + blob.length)
  if (!checksumHolds(bytes, method, checksum))
    return broken(`its section ${name} does not match its checksum`)
  return blob
}

function checksumHolds(bytes: Buffer, method: unknown, checksum: unknown): boolean {
  if (typeof method !== 'string' || typeof checksum !== 'string' || !CHECKSUMS.has(method)) return true
  return createHash(method).update(bytes).digest('hex') === checksum
}

function blobAt(unpacked: Buffer, start: number): Buffer | undefined {
  const length = lengthAt(unpacked, start)
  const from = start + LENGTH_BYTES
  if (length === undefined || from + length > unpacked.length) return undefined
  return unpacked.subarray(from, from + length)
}

function lengthAt(unpacked: Buffer, at: number): number | undefined {
  if (!Number.isSafeInteger(at) || at < 0 || at + LENGTH_BYTES > unpacked.length) return undefined
  return Number(unpacked.readBigUInt64BE(at))
}
