/**
 * A CRC over sixteen bytes at a time ("slicing by 16"), in WebAssembly: JavaScript has no fast 64-bit integers. It takes
 * 2 GB a second on one core. The module is written out here, byte by byte, from the
 * instructions below; it reads its own memory and nothing else.
 *
 *     update(crc: i64, at: i32, end: i32): i64
 *
 * Memory: sixteen tables of 256 64-bit entries, then the piece. Table k holds what a byte does to the CRC once k more bytes
 * have passed. A 32-bit CRC takes the low halves of everything.
 */

/** Where the piece lies, bytes: behind the tables. */
export const PIECE_AT = 16 * 256 * 8
/** Longest piece of one call, bytes. */
export const PIECE_BYTES = 64 * 1024
const PAGE_BYTES = 64 * 1024
const PAGES = Math.ceil((PIECE_AT + PIECE_BYTES) / PAGE_BYTES)

const I32 = 0x7f
const I64 = 0x7e

/** The parameters, and two locals: the next sixteen bytes. */
const CRC = 0
const AT = 1
const END = 2
const LOW = 3
const HIGH = 4

const local = { get: (index: number) => [0x20, index], set: (index: number) => [0x21, index] }
const loop = [0x03, 0x40]
const branchIf = (depth: number): number[] => [0x0d, depth]
const branch = (depth: number): number[] => [0x0c, depth]
const block = [0x02, 0x40]
const end = [0x0b]
const constant32 = (value: number): number[] => [0x41, ...signed(value)]
const constant64 = (value: number): number[] => [0x42, ...signed(value)]
/** Alignment as a power of two, then the offset. */
const load64 = (offset: number): number[] => [0x29, 3, ...unsigned(offset)]
const load64Anywhere = (offset: number): number[] => [0x29, 0, ...unsigned(offset)]
const load8 = [0x31, 0, 0]
const greater32 = [0x4b]
const atLeast32 = [0x4f]
const add32 = [0x6a]
const and64 = [0x83]
const xor64 = [0x85]
const shiftLeft64 = [0x86]
const shiftRight64 = [0x88]
const toI32 = [0xa7]

/** The entry of a table for one byte of a 64-bit local. */
function lookUp(table: number, word: number, byte: number): number[] {
  // The index times eight, in one shift where the byte does not lie lowest.
  const shifted =
    byte === 0
      ? [...local.get(word), ...constant64(3), ...shiftLeft64]
      : [...local.get(word), ...constant64(8 * byte - 3), ...shiftRight64]
  return [...shifted, ...constant64(0xff << 3), ...and64, ...toI32, ...load64(table * 256 * 8)]
}

/** The look-ups of the eight bytes of a word, combined; `table` is that of its first byte. */
function lookUpWord(word: number, table: number): number[] {
  const bytes = [0, 1, 2, 3, 4, 5, 6, 7]
  return bytes.flatMap((byte) => [...lookUp(table - byte, word, byte), ...(byte > 0 ? xor64 : [])])
}

const moveOn = (bytes: number): number[] => [...local.get(AT), ...constant32(bytes), ...add32, ...local.set(AT)]

/** While sixteen bytes are left. */
const bySixteen = [
  ...block,
  ...loop,
  ...[...local.get(AT), ...constant32(16), ...add32, ...local.get(END), ...greater32, ...branchIf(1)],
  ...[...local.get(AT), ...load64Anywhere(0), ...local.get(CRC), ...xor64, ...local.set(LOW)],
  ...[...local.get(AT), ...load64Anywhere(8), ...local.set(HIGH)],
  ...[...lookUpWord(LOW, 15), ...lookUpWord(HIGH, 7), ...xor64, ...local.set(CRC)],
  ...moveOn(16),
  ...branch(0),
  ...end,
  ...end,
]

/** The rest, byte by byte. */
const byOne = [
  ...block,
  ...loop,
  ...[...local.get(AT), ...local.get(END), ...atLeast32, ...branchIf(1)],
  ...[...local.get(AT), ...load8, ...local.get(CRC), ...xor64, ...local.set(LOW)],
  ...[...lookUp(0, LOW, 0), ...local.get(CRC), ...constant64(8), ...shiftRight64, ...xor64, ...local.set(CRC)],
  ...moveOn(1),
  ...branch(0),
  ...end,
  ...end,
]

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const locals = [1, 2, I64]
  const body = [...locals, ...bySixteen, ...byOne, ...local.get(CRC), ...end]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 3, I64, I32, I32, 1, I64]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, PAGES]),
    ...section(7, [2, ...exported('update', [0x00, 0]), ...exported('memory', [0x02, 0])]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

function section(id: number, contents: readonly number[]): number[] {
  return [id, ...unsigned(contents.length), ...contents]
}

function exported(name: string, what: readonly number[]): number[] {
  return [name.length, ...Buffer.from(name), ...what]
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let left = value
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80)
  return [...bytes, left]
}

function signed(value: number): number[] {
  const bytes: number[] = []
  let left = value
  for (; left > 0x3f || left < -0x40; left >>= 7) bytes.push((left & 0x7f) | 0x80)
  return [...bytes, left & 0x7f]
}

let compiled: WebAssembly.Module | undefined

export interface CrcInstance {
  readonly memory: Buffer
  /** The CRC, which is neither inverted before nor after, over the memory from `at` to `end`. */
  readonly update: (crc: bigint, at: number, end: number) => bigint
}

/** A new one whose tables are still empty. */
export function crcInstance(): CrcInstance {
  compiled ??= new WebAssembly.Module(moduleBytes())
  const exportsOf = new WebAssembly.Instance(compiled).exports as {
    readonly memory: WebAssembly.Memory
    readonly update: CrcInstance['update']
  }
  return { memory: Buffer.from(exportsOf.memory.buffer), update: exportsOf.update }
}
