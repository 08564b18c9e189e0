/**
 * `.ring.gz`: a gzip stream of `R1NG`, a two-byte version and the ring (OpenStack Swift, `overview_ring_format.rst`).
 * Version 1 is read and written, version 2 read (`ring-file-v2.ts`). What is written has the same bytes every time for
 * the same ring, so that files can be compared. Nothing that `parseRing` accepts can fail a look-up later: every
 * partition names devices that exist.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { deviceToJson, type RingDevice } from './device.ts'
import { PythonFloat, pythonJson } from './python-json.ts'
import { type BrokenFile, broken, parseObject, type RawRing, readDevices, tableFrom } from './raw-ring.ts'
import { type AssignmentRow, Ring } from './ring.ts'
import { readVersion2 } from './ring-file-v2.ts'

export type ParsedRing = { readonly kind: 'ring'; readonly ring: Ring } | BrokenFile

const MAGIC = Buffer.from('R1NG')
const HEADER_BYTES = 6
/** A ring of 2^24 partitions, four replicas and four-byte ids is 256 MiB; what is larger is no ring but a bomb. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
const MAX_PART_POWER = 32
/** "Unknown" in the gzip header's field for the operating system (RFC 1952), as Python writes it. */
const GZIP_OS_UNKNOWN = 255
const GZIP_OS_OFFSET = 9

/** Reads a ring file of version 1 or 2. */
export function parseRing(file: Buffer): ParsedRing {
  const unpacked = unpack(file)
  if (!Buffer.isBuffer(unpacked)) return unpacked
  if (unpacked.length < HEADER_BYTES || !unpacked.subarray(0, 4).equals(MAGIC)) {
    return broken('it does not begin with R1NG')
  }
  const version = unpacked.readUInt16BE(4)
  if (version !== 1 && version !== 2) return broken(`it is of format version ${version}; 1 and 2 are known`)
  const raw = version === 1 ? readVersion1(unpacked) : readVersion2(unpacked)
  return 'kind' in raw ? raw : assemble(raw)
}

function unpack(file: Buffer): Buffer | BrokenFile {
  try {
    return gunzipSync(file, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch (error) {
    return broken(`it is not a whole gzip file (${(error as Error).message})`)
  }
}

/** A four-byte length, JSON with the devices in it, then the table in the byte order that the JSON names. */
function readVersion1(unpacked: Buffer): RawRing | BrokenFile {
  const tableStart = unpacked.length < 10 ? Infinity : 10 + unpacked.readUInt32BE(6)
  if (tableStart > unpacked.length) return broken('it ends in the middle of its metadata')
  const metadata = parseObject(unpacked.subarray(10, tableStart))
  if (metadata === undefined) return broken('its metadata is not a JSON object')
  const bytes = unpacked.subarray(tableStart)
  if (bytes.length % 2 !== 0) return broken('it ends in the middle of a device id')
  const byteOrder = metadata['byteorder'] === 'big' ? 'big' : 'little'
  return { metadata, devices: metadata['devs'], table: tableFrom(bytes, 2, byteOrder) }
}

function assemble(raw: RawRing): ParsedRing {
  const partShift = raw.metadata['part_shift']
  if (
    typeof partShift !== 'number' ||
    !Number.isInteger(partShift) ||
    partShift < 0 ||
    partShift > MAX_PART_POWER
  ) {
    return broken('its part_shift is not a whole number from 0 to 32')
  }
  const devices = readDevices(raw.devices)
  if ('kind' in devices) return devices
  const assignments = rowsOf(raw.table, 2 ** (32 - partShift))
  const announced = raw.metadata['replica_count']
  if (typeof announced === 'number' && Math.ceil(announced) !== assignments.length) {
    return broken(`its table has ${assignments.length} rows where ${announced} replicas are announced`)
  }
  const stray = strayAssignment(assignments, devices)
  if (stray !== undefined) return broken(stray)
  const version = optionalNumber(raw.metadata['version'])
  const nextPartPower = optionalNumber(raw.metadata['next_part_power'])
  return {
    kind: 'ring',
    ring: new Ring({ partPower: 32 - partShift, version, nextPartPower, devices, assignments }),
  }
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function rowsOf(table: AssignmentRow, partitionCount: number): AssignmentRow[] {
  const rows: AssignmentRow[] = []
  for (let at = 0; at < table.length; at += partitionCount) rows.push(table.subarray(at, at + partitionCount))
  return rows
}

/** A sentence about the first partition that cannot be looked up. */
function strayAssignment(
  assignments: readonly AssignmentRow[],
  devices: readonly (RingDevice | undefined)[],
): string | undefined {
  if (assignments.length === 0) return 'no partition is assigned to any device'
  for (const [replica, row] of assignments.entries()) {
    const partition = row.findIndex((id) => devices[id] === undefined)
    if (partition >= 0) {
      return `replica ${replica} of partition ${partition} is on device ${row[partition]}, which the ring does not have`
    }
  }
  return undefined
}

/**
 * The file of a ring, format version 1. Throws `RangeError` for a ring whose device ids do not fit two bytes: that
 * format cannot hold it.
 */
export function serialiseRing(ring: Ring): Buffer {
  const metadata = Buffer.from(pythonJson(metadataOf(ring)), 'ascii')
  const header = Buffer.alloc(10)
  MAGIC.copy(header)
  header.writeUInt16BE(1, 4)
  header.writeUInt32BE(metadata.length, 6)
  const rows = ring.assignments.map((row) => twoByteIds(row))
  const packed = gzipSync(Buffer.concat([header, metadata, ...rows]))
  packed[GZIP_OS_OFFSET] = GZIP_OS_UNKNOWN
  return packed
}

function metadataOf(ring: Ring): Parameters<typeof pythonJson>[0] {
  const devs = ring.devices.map((device) =>
    device === undefined ? null : { ...deviceToJson(device), weight: new PythonFloat(device.weight) },
  )
  return {
    byteorder: 'little',
    devs,
    part_shift: 32 - ring.partPower,
    replica_count: ring.assignments.length,
    ...(ring.version === undefined ? {} : { version: ring.version }),
    ...(ring.nextPartPower === undefined ? {} : { next_part_power: ring.nextPartPower }),
  }
}

function twoByteIds(row: AssignmentRow): Buffer {
  const bytes = Buffer.alloc(row.length * 2)
  for (let at = 0; at < row.length; at += 1) bytes.writeUInt16LE(row[at] as number, at * 2)
  return bytes
}
