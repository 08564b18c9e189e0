/**
 * Where the files of a tar archive are in it, found by reading headers only (POSIX.1-2017, `pax`: ustar). Nothing in a header is
 * believed but what its checksum covers, and what lies within the archive.
 */
import type { ByteRange } from '#http/ranges.ts'

const BLOCK_BYTES = 512
const CHECKSUM_AT = 148
const CHECKSUM_BYTES = 8
/** Headers read of one archive: OVAs have a handful. */
const MEMBERS_MAX = 1000

export interface TarMember {
  readonly name: string
  readonly range: ByteRange
}

/** Regular files, in order, up to the end or to the first header that is none. `read` gives the bytes of a range. */
export async function tarMembers(
  sizeBytes: number,
  read: (range: ByteRange) => Promise<Buffer>,
): Promise<readonly TarMember[]> {
  const members: TarMember[] = []
  let at = 0
  for (let seen = 0; seen < MEMBERS_MAX && at + BLOCK_BYTES <= sizeBytes; seen += 1) {
    const header = await read({ start: at, end: at + BLOCK_BYTES })
    const lengthBytes = isHeader(header) ? lengthIn(header) : undefined
    const start = at + BLOCK_BYTES
    if (lengthBytes === undefined || start + lengthBytes > sizeBytes) break
    if (isRegular(header)) members.push({ name: nameIn(header), range: { start, end: start + lengthBytes } })
    at = start + Math.ceil(lengthBytes / BLOCK_BYTES) * BLOCK_BYTES
  }
  return members
}

function isHeader(header: Buffer): boolean {
  if (header.length < BLOCK_BYTES) return false
  const written = octal(header.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES))
  let sum = CHECKSUM_BYTES * 0x20
  for (const [at, byte] of header.entries()) {
    if (at < CHECKSUM_AT || at >= CHECKSUM_AT + CHECKSUM_BYTES) sum += byte
  }
  return written === sum
}

/** Files of 8 GiB and more have their length in binary (GNU). */
function lengthIn(header: Buffer): number | undefined {
  const field = header.subarray(124, 136)
  if ((field[0] ?? 0) < 0x80) return octal(field)
  const length = field.readBigUInt64BE(4)
  return length <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(length) : undefined
}

function octal(field: Buffer): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(field.toString('latin1'))?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

function isRegular(header: Buffer): boolean {
  return header[156] === 0 || header[156] === 0x30
}

function nameIn(header: Buffer): string {
  const text = (from: number, end: number): string =>
    header.subarray(from, end).toString('utf8').split('\0', 1)[0] ?? ''
  const prefix = header.subarray(257, 262).toString('latin1') === 'ustar' ? text(345, 500) : ''
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
}
