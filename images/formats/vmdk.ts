/**
 * VMDK with an embedded descriptor (VMware, "Virtual Disk Format 1.1"): `monolithicSparse` and `streamOptimized`. The
 * descriptor is text, and its extents may name files; only an extent without a path is none.
 */
import { type FormatDetector, found, sizeFrom, startsWith } from './disk-format.ts'

const SECTOR_BYTES = 512
const LAST_ASCII = 0x7e
const HEADER_BYTES = 512
const CAPACITY_AT = 12
const DESCRIPTOR_OFFSET_AT = 28
const DESCRIPTOR_SIZE_AT = 36
/** Descriptors lie right behind the header. */
const DESCRIPTOR_SECTOR = 1n
/** Sectors; real ones have 20. */
const DESCRIPTOR_SECTORS_MAX = 40n

/** The kinds of disk that lie in one file. */
const SINGLE_FILE_TYPES: ReadonlySet<string> = new Set(['monolithicSparse', 'streamOptimized'])

export const vmdk: FormatDetector = ({ head }) => {
  if (!startsWith(head, 'KDMV')) return undefined
  if (head.length < HEADER_BYTES) return found('vmdk', undefined, ['its header is cut short'])
  const capacity = head.readBigUInt64LE(CAPACITY_AT) * BigInt(SECTOR_BYTES)
  const version = head.readUInt32LE(4)
  const dangers = version >= 1 && version <= 3 ? [] : [`its version ${version} is not known`]
  return found('vmdk', sizeFrom(capacity), [...dangers, ...descriptorDangers(head)])
}

function descriptorDangers(head: Buffer): readonly string[] {
  const offset = head.readBigUInt64LE(DESCRIPTOR_OFFSET_AT)
  const sectors = head.readBigUInt64LE(DESCRIPTOR_SIZE_AT)
  if (offset !== DESCRIPTOR_SECTOR) return ['its descriptor is not where it has to be']
  if (sectors === 0n || sectors > DESCRIPTOR_SECTORS_MAX) return ['its descriptor has no plausible length']
  const end = SECTOR_BYTES + Number(sectors) * SECTOR_BYTES
  if (head.length < end) return ['its descriptor is cut short']
  const bytes = head.subarray(SECTOR_BYTES, end)
  const text = bytes.subarray(0, endOf(bytes)).toString('latin1')
  if (bytes.subarray(0, text.length).some((byte) => byte > LAST_ASCII)) return ['its descriptor is not ASCII']
  return lineDangers(text.split(/\r?\n/).map((line) => line.trim()))
}

/** Descriptors are padded with NUL. */
function endOf(bytes: Buffer): number {
  const nul = bytes.indexOf(0)
  return nul < 0 ? bytes.length : nul
}

const EXTENT = /^(?:RW|RDONLY|NOACCESS)\s/
const ASSIGNMENT = /^[A-Za-z][\w.]*\s*=/

function lineDangers(lines: readonly string[]): readonly string[] {
  const meaningful = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const extents = meaningful.filter((line) => EXTENT.test(line))
  const unknown = meaningful.some((line) => !EXTENT.test(line) && !ASSIGNMENT.test(line))
  const type = /^createType\s*=\s*"?([^"]*)"?$/m.exec(meaningful.join('\n'))?.[1]
  return [
    ...(unknown ? ['its descriptor has lines that are not understood'] : []),
    ...(extents.length === 0 ? ['its descriptor names no extent'] : []),
    ...(extents.some((line) => line.includes('/')) ? ['it has an extent in another file'] : []),
    ...(type === undefined || SINGLE_FILE_TYPES.has(type)
      ? []
      : [`it is of the kind ${type}, in several files`]),
  ]
}
