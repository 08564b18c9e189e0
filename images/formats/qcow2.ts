/**
 * QCOW and QCOW2 (QEMU, `docs/interop/qcow2.txt`), and QED. A file that names another one makes whoever converts it read
 * that other file: backing files, data files, and features that nobody here understands are dangers.
 */
import { type FormatDetector, type FoundFormat, found, sizeFrom, startsWith } from './disk-format.ts'

const MAGIC = 'QFI\xfb'
const BACKING_OFFSET_AT = 8
const SIZE_AT = 24
const INCOMPATIBLE_FEATURES_AT = 72
const HEADER_2_BYTES = 72
const HEADER_3_BYTES = 104
/** Dirty, corrupt, data file, compression type, extended L2: those that are defined. */
const KNOWN_FEATURES = 0b1_1111n
const DATA_FILE = 1n << 2n

export const qcow2: FormatDetector = ({ head }) => {
  if (!startsWith(head, MAGIC)) return undefined
  const version = head.length >= 8 ? head.readUInt32BE(4) : 0
  const least = version >= 3 ? HEADER_3_BYTES : HEADER_2_BYTES
  if (head.length < least) return found('qcow2', undefined, ['its header is cut short'])
  if (version < 2 || version > 3) return found('qcow2', undefined, [`its version ${version} is not known`])
  const dangers = [...backing(head), ...(version >= 3 ? features(head) : [])]
  return found('qcow2', sizeFrom(head.readBigUInt64BE(SIZE_AT)), dangers)
}

function backing(head: Buffer): readonly string[] {
  return head.readBigUInt64BE(BACKING_OFFSET_AT) === 0n ? [] : ['it has a backing file']
}

function features(head: Buffer): readonly string[] {
  const bits = head.readBigUInt64BE(INCOMPATIBLE_FEATURES_AT)
  return [
    ...((bits & DATA_FILE) === 0n ? [] : ['it has an external data file']),
    ...((bits & ~KNOWN_FEATURES) === 0n ? [] : ['it needs features that are not known']),
  ]
}

/** QED is not made any more, and nobody should use it. */
export const qed: FormatDetector = ({ head }): FoundFormat | undefined =>
  startsWith(head, 'QED\0') ? found('qed', undefined, ['the QED format is not allowed']) : undefined
