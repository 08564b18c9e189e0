/** What both versions of the ring file share: the parts of a file before they are checked against each other. */
import { deviceFromJson, type RingDevice } from './device.ts'
import type { AssignmentRow } from './ring.ts'

/** What is wrong with a ring or builder file, as one clause: "it ends in the middle of its metadata". */
export interface BrokenFile {
  readonly kind: 'broken'
  readonly reason: string
}

/** A ring file's parts as they stand in the file. */
export interface RawRing {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly devices: unknown
  /** The device ids of all rows, one row after the other, in this machine's byte order. */
  readonly table: AssignmentRow
}

export function broken(reason: string): BrokenFile {
  return { kind: 'broken', reason }
}

/** A JSON object, or `undefined` when the bytes are anything else. */
export function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** Any JSON value, or `undefined` when the bytes are none. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Copies device ids of two or four bytes each out of a file. This machine is little-endian, as all that Node supports. */
export function tableFrom(bytes: Buffer, idBytes: 2 | 4, byteOrder: 'little' | 'big'): AssignmentRow {
  const copy = Buffer.from(new ArrayBuffer(bytes.length))
  bytes.copy(copy)
  if (byteOrder === 'big' && idBytes === 2) copy.swap16()
  if (byteOrder === 'big' && idBytes === 4) copy.swap32()
  return idBytes === 2 ? new Uint16Array(copy.buffer) : new Uint32Array(copy.buffer)
}

/** The list of devices of a file, `null` where one was removed. */
export function readDevices(value: unknown): (RingDevice | undefined)[] | BrokenFile {
  if (!Array.isArray(value)) return broken('it has no list of devices')
  const devices: (RingDevice | undefined)[] = []
  for (const [id, entry] of (value as unknown[]).entries()) {
    const device = entry === null ? undefined : deviceFromJson(entry, id)
    if (typeof device === 'string') return broken(device)
    devices.push(device)
  }
  return devices
}
