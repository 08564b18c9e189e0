/** Disks without a header of their own that can be told all the same: ISO 9660 and UDF, partition tables, LUKS, ploop, OVA. */
import { type FormatDetector, found, startsWith } from './disk-format.ts'

const SECTOR_BYTES = 512
/** ECMA-119, 8.1: volume descriptors begin at sector 16 of 2048 bytes; ECMA-167: so do those of UDF. */
const VOLUME_DESCRIPTORS_AT = 16 * 2048
const PRIMARY_BLOCKS_AT = VOLUME_DESCRIPTORS_AT + 80
const BLOCK_BYTES_AT = VOLUME_DESCRIPTORS_AT + 128
const VOLUME_MARKS = ['CD001', 'NSR02', 'NSR03', 'BEA01']

export const iso: FormatDetector = ({ head, sizeBytes }) => {
  const mark = VOLUME_MARKS.find((one) => startsWith(head, one, VOLUME_DESCRIPTORS_AT + 1))
  if (mark === undefined) return undefined
  if (mark !== 'CD001' || head.length < BLOCK_BYTES_AT + 2) return found('iso', sizeBytes)
  return found('iso', head.readUInt32LE(PRIMARY_BLOCKS_AT) * head.readUInt16LE(BLOCK_BYTES_AT))
}

/** UEFI specification, 5.2: the master boot record, and the protective one of a GUID partition table. */
const PARTITIONS_AT = 446
const PARTITION_BYTES = 16
const PROTECTIVE_TYPE = 0xee

interface Partition {
  readonly bootFlag: number
  readonly type: number
  readonly firstSector: number
  readonly sectors: number
}

export const gpt: FormatDetector = ({ head, sizeBytes }) => {
  if (head.length < SECTOR_BYTES || head[510] !== 0x55 || head[511] !== 0xaa) return undefined
  const partitions = [0, 1, 2, 3].map((index) => partitionAt(head, PARTITIONS_AT + index * PARTITION_BYTES))
  // The boot sector of a file system ends alike, but has no plausible partitions.
  const used = partitions.filter(({ type }) => type !== 0)
  if (used.length === 0 || partitions.some(({ bootFlag }) => bootFlag !== 0 && bootFlag !== 0x80))
    return undefined
  const protective = used.filter(({ type }) => type === PROTECTIVE_TYPE)
  if (protective.length === 0) return found('gpt', sizeBytes)
  const isProper = protective.length === 1 && protective[0]?.firstSector === 1
  return found('gpt', sizeBytes, isProper ? [] : ['its protective partition is not where it has to be'])
}

function partitionAt(head: Buffer, at: number): Partition {
  return {
    bootFlag: head.readUInt8(at),
    type: head.readUInt8(at + 4),
    firstSector: head.readUInt32LE(at + 8),
    sectors: head.readUInt32LE(at + 12),
  }
}

const LUKS_MAGIC = Buffer.from([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe])
const LUKS_PAYLOAD_OFFSET_AT = 104

/** LUKS on-disk format specification 1.2.3. */
export const luks: FormatDetector = ({ head, sizeBytes }) => {
  if (!startsWith(head, LUKS_MAGIC)) return undefined
  if (head.length < LUKS_PAYLOAD_OFFSET_AT + 4) return found('luks', undefined, ['its header is cut short'])
  const version = head.readUInt16BE(6)
  if (version !== 1) return found('luks', undefined, [`its version ${version} is not supported`])
  const payloadAt = head.readUInt32BE(LUKS_PAYLOAD_OFFSET_AT) * SECTOR_BYTES
  return found('luks', Math.max(0, sizeBytes - payloadAt))
}

const PLOOP_SIGNATURES = ['WithoutFreeSpace', 'WithouFreSpacExt']
const PLOOP_SIZE_AT = 36

export const ploop: FormatDetector = ({ head }) => {
  if (!PLOOP_SIGNATURES.some((signature) => startsWith(head, signature))) return undefined
  const isWhole = head.length >= PLOOP_SIZE_AT + 8
  return found('ploop', isWhole ? Number(head.readBigUInt64LE(PLOOP_SIZE_AT)) * SECTOR_BYTES : undefined)
}

const TAR_MAGIC_AT = 257

/** An archive whose first member is an OVF descriptor (DMTF DSP0243, 5.3). */
export const ova: FormatDetector = ({ head }) => {
  if (!startsWith(head, 'ustar', TAR_MAGIC_AT)) return undefined
  const name = head.subarray(0, 100).toString('latin1').split('\0', 1)[0] ?? ''
  return name.toLowerCase().endsWith('.ovf') ? found('ova', undefined) : undefined
}
