/** Microsoft's disks: VHD (a copy of its footer in front of dynamic ones, only the footer of fixed ones), VHDX; and VDI of VirtualBox. */
import {
  type FormatDetector,
  FURTHER_BYTES,
  found,
  type ImagePieces,
  sizeFrom,
  startsWith,
} from './disk-format.ts'

/** "Virtual Hard Disk Image Format Specification", Microsoft 2006. */
const VHD_COOKIE = 'conectix'
const VHD_CURRENT_SIZE_AT = 48
const VHD_FOOTER_BYTES = 512

export const vhd: FormatDetector = ({ head, tail }) => {
  const footer = startsWith(head, VHD_COOKIE) ? head : startsWith(tail, VHD_COOKIE) ? tail : undefined
  if (footer === undefined) return undefined
  if (footer.length < VHD_FOOTER_BYTES) return found('vhd', undefined, ['its footer is cut short'])
  return found('vhd', sizeFrom(footer.readBigUInt64BE(VHD_CURRENT_SIZE_AT)))
}

/** [MS-VHDX]: the two copies of the region table. */
const REGION_TABLE_AT = 192 * 1024
const REGION_TABLE_BYTES = 64 * 1024
const REGION_ENTRY_BYTES = 32
const METADATA_ENTRY_BYTES = 32
const TABLE_HEADER_BYTES = { region: 16, metadata: 32 } as const
const ENTRIES_MAX = 2047
const METADATA_REGION = guid('8b7ca206-4790-4b9a-b8fe-575f050f886e')
const VIRTUAL_DISK_SIZE = guid('2fa54224-cd1b-4876-b211-5dbed83bf4b8')

export const vhdx: FormatDetector = (pieces) => {
  if (!startsWith(pieces.head, 'vhdxfile')) return undefined
  return found('vhdx', virtualSizeOf(pieces))
}

/** Where the metadata region begins, of a VHDX whose head is known; `undefined` when it is none, or says nothing. */
export function vhdxMetadataAt(head: Buffer): number | undefined {
  if (!startsWith(head, 'vhdxfile') || !startsWith(head, 'regi', REGION_TABLE_AT)) return undefined
  const end = REGION_TABLE_AT + REGION_TABLE_BYTES
  const entry = entryOf(head.subarray(REGION_TABLE_AT, end), 8, TABLE_HEADER_BYTES.region, METADATA_REGION)
  return entry === undefined ? undefined : sizeFrom(entry.readBigUInt64LE(16))
}

function virtualSizeOf({ further }: ImagePieces): number | undefined {
  if (further === undefined || !startsWith(further, 'metadata')) return undefined
  const entry = entryOf(further, 10, TABLE_HEADER_BYTES.metadata, VIRTUAL_DISK_SIZE)
  if (entry === undefined) return undefined
  const at = entry.readUInt32LE(16)
  return at + 8 <= Math.min(further.length, FURTHER_BYTES) ? sizeFrom(further.readBigUInt64LE(at)) : undefined
}

/** The entry of a table that begins with an identifier; tables of regions count in 32 bits, of metadata in 16. */
function entryOf(table: Buffer, countAt: 8 | 10, headerBytes: number, id: Buffer): Buffer | undefined {
  if (table.length < headerBytes) return undefined
  const count = countAt === 8 ? table.readUInt32LE(countAt) : table.readUInt16LE(countAt)
  const entryBytes = countAt === 8 ? REGION_ENTRY_BYTES : METADATA_ENTRY_BYTES
  for (let index = 0; index < Math.min(count, ENTRIES_MAX); index += 1) {
    const entry = table.subarray(headerBytes + index * entryBytes, headerBytes + (index + 1) * entryBytes)
    if (entry.length === entryBytes && startsWith(entry, id)) return entry
  }
  return undefined
}

/** As Microsoft stores it: the first three groups little-endian. */
function guid(written: string): Buffer {
  const groups = written.split('-').map((group) => Buffer.from(group, 'hex'))
  return Buffer.concat(groups.map((group, at) => (at < 3 ? group.reverse() : group)))
}

const VDI_SIGNATURE = Buffer.from([0x7f, 0x10, 0xda, 0xbe])
const VDI_SIGNATURE_AT = 0x40
const VDI_SIZE_AT = 0x170

export const vdi: FormatDetector = ({ head }) => {
  if (!startsWith(head, VDI_SIGNATURE, VDI_SIGNATURE_AT)) return undefined
  const isWhole = head.length >= VDI_SIZE_AT + 8
  return found('vdi', isWhole ? sizeFrom(head.readBigUInt64LE(VDI_SIZE_AT)) : undefined)
}
