/** What a later version of Martlet would store, as far as this one can tell. */
import { crc32 } from 'node:zlib'

const VERSION = Buffer.from([3])

/** The same record as one of version 3: magic, version, CRC-32 of the version and the rest. */
export function asNewerRecord(record: Buffer): Buffer {
  const payload = record.subarray(7)
  return Buffer.concat([record.subarray(0, 2), VERSION, crcOf(payload), payload])
}

/** An entry of the index of version 3. */
export function asNewerEntry(payload: Buffer): Buffer {
  return Buffer.concat([VERSION, crcOf(payload), payload])
}

function crcOf(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(payload, crc32(VERSION)))
  return bytes
}
