/**
 * The file of a builder: gzip of `MRTB`, a two-byte version, a four-byte length of JSON, the JSON, the table (device ids
 * of two or four bytes, little-endian) and the time of each partition's last move (minutes since the epoch, four bytes).
 * The same builder gives the same bytes. A golden file of every version is in `testdata/`.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Builder } from './builder.ts'
import { deviceToJson } from './device.ts'
import { type BrokenFile, broken, parseObject, readDevices, tableFrom } from './raw-ring.ts'
import type { AssignmentRow } from './ring.ts'

const MAGIC = Buffer.from('MRTB')
const VERSION = 1
/** Magic, version, length of the JSON. */
const HEADER_BYTES = 10
const BYTES_PER_TIME = 4
/** 2^24 partitions with four replicas and four-byte ids are 320 MiB. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024

/** The bytes of a builder's file. */
export function serialiseBuilder(builder: Builder): Buffer {
  const { table, movedAtMinutes } = builder
  const metadata = Buffer.from(JSON.stringify(metadataOf(builder)))
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt16BE(VERSION, 4)
  header.writeUInt32BE(metadata.length, 6)
  return gzipSync(Buffer.concat([header, metadata, bytesOf(table), bytesOf(movedAtMinutes)]))
}

function bytesOf(list: AssignmentRow): Buffer {
  return Buffer.from(list.buffer, list.byteOffset, list.byteLength)
}

function metadataOf(builder: Builder): object {
  const { partPower, nextPartPower, replicas, minPartHours, overload, version } = builder
  return {
    partPower,
    nextPartPower: nextPartPower ?? null,
    replicas,
    minPartHours,
    overload,
    version,
    idBytes: builder.table.BYTES_PER_ELEMENT,
    slotCount: builder.table.length,
    removedIds: [...builder.removedIds],
    devices: builder.devices.map((device) => (device === undefined ? null : deviceToJson(device))),
  }
}

/** Reads a builder's file. */
export function parseBuilder(file: Buffer): Builder | BrokenFile {
  const unpacked = unpack(file)
  if (unpacked === undefined || unpacked.length < HEADER_BYTES || !unpacked.subarray(0, 4).equals(MAGIC)) {
    return broken('it is not a builder file of martlet')
  }
  const version = unpacked.readUInt16BE(4)
  if (version !== VERSION) return broken(`it is of version ${version}; ${VERSION} is known`)
  const bodyStart = HEADER_BYTES + unpacked.readUInt32BE(6)
  const metadata = parseObject(unpacked.subarray(HEADER_BYTES, bodyStart))
  if (metadata === undefined) return broken('its metadata is not a JSON object')
  return assemble(metadata, unpacked.subarray(bodyStart))
}

function unpack(file: Buffer): Buffer | undefined {
  try {
    return gunzipSync(file, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch {
    return undefined
  }
}

const FIGURES = ['partPower', 'replicas', 'minPartHours', 'overload', 'version', 'slotCount'] as const
type Figures = Readonly<Record<(typeof FIGURES)[number], number>>

function assemble(metadata: Readonly<Record<string, unknown>>, body: Buffer): Builder | BrokenFile {
  for (const name of FIGURES)
    if (typeof metadata[name] !== 'number') return broken(`its ${name} is not a number`)
  const { partPower, replicas, minPartHours, overload, version, slotCount } = metadata as Figures
  const idBytes = metadata['idBytes'] === 4 ? 4 : 2
  const tableBytes = slotCount * idBytes
  if (body.length !== tableBytes + 2 ** partPower * BYTES_PER_TIME) return broken('its table is cut off')
  const devices = readDevices(metadata['devices'])
  if ('kind' in devices) return devices
  const { nextPartPower, removedIds } = metadata
  return {
    kind: 'builder',
    partPower,
    replicas,
    minPartHours,
    overload,
    version,
    nextPartPower: typeof nextPartPower === 'number' ? nextPartPower : undefined,
    devices,
    removedIds: new Set(Array.isArray(removedIds) ? (removedIds as number[]) : []),
    table: tableFrom(body.subarray(0, tableBytes), idBytes, 'little'),
    movedAtMinutes: tableFrom(body.subarray(tableBytes), BYTES_PER_TIME, 'little') as Uint32Array,
  }
}
