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

type Code = readonly number[]

const local = {
  get: (index: number): Code => [0x20, index],
  set: (index: number): Code => [0x21, index],
}
const loop: Code = [0x03, 0x40]
const block: Code = [0x02, 0x40]
const end: Code = [0x0b]
const branch = (depth: number): Code => [0x0c, depth]
const branchIf = (depth: number): Code => [0x0d, depth]
const constant32 = (value: number): Code => [0x41, ...signed(value)]
const constant64 = (value: number): Code => [0x42, ...signed(value)]
/** Alignment as a power of two, then the offset. */
const load64 = (offset: number): Code => [0x29, 3, ...unsigned(offset)]
const load64Anywhere = (offset: number): Code => [0x29, 0, ...unsigned(offset)]
const load8: Code = [0x31, 0, 0]
const greater32: Code = [0x4b]
const atLeast32: Code = [0x4f]
const add32: Code = [0x6a]
const and64: Code = [0x83]
const xor64: Code = [0x85]
const shiftLeft64: Code = [0x86]
const shiftRight64: Code = [0x88]
const toI32: Code = [0xa7]

function codeOf(...instructions: readonly Code[]): Code {
  return instructions.flat()
}

/** The entry of a table for one byte of a 64-bit local. */
function lookUp(table: number, word: number, byte: number): Code {
  // The index times eight, in one shift where the byte does not lie lowest.
  const shift =
    byte === 0 ? codeOf(constant64(3), shiftLeft64) : codeOf(constant64(8 * byte - 3), shiftRight64)
  return codeOf(local.get(word), shift, constant64(0xff << 3), and64, toI32, load64(table * 256 * 8))
}

/** The look-ups of the eight bytes of a word, combined; `table` is that of its first byte. */
function lookUpWord(word: number, table: number): Code {
  const bytes = [0, 1, 2, 3, 4, 5, 6, 7]
  return bytes.flatMap((byte) => codeOf(lookUp(table - byte, word, byte), byte > 0 ? xor64 : []))
}

function moveOn(bytes: number): Code {
  return codeOf(local.get(AT), constant32(bytes), add32, local.set(AT))
}

/** While sixteen bytes are left. */
const bySixteen = codeOf(
  block,
  loop,
  codeOf(local.get(AT), constant32(16), add32, local.get(END), greater32, branchIf(1)),
  codeOf(local.get(AT), load64Anywhere(0), local.get(CRC), xor64, local.set(LOW)),
  codeOf(local.get(AT), load64Anywhere(8), local.set(HIGH)),
  codeOf(lookUpWord(LOW, 15), lookUpWord(HIGH, 7), xor64, local.set(CRC)),
  moveOn(16),
  branch(0),
  end,
  end,
)

/** The rest, byte by byte. */
const byOne = codeOf(
  block,
  loop,
  codeOf(local.get(AT), local.get(END), atLeast32, branchIf(1)),
  codeOf(local.get(AT), load8, local.get(CRC), xor64, local.set(LOW)),
  codeOf(lookUp(0, LOW, 0), local.get(CRC), constant64(8), shiftRight64, xor64, local.set(CRC)),
  moveOn(1),
  branch(0),
  end,
  end,
)

const MAGIC_AND_VERSION: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

function moduleBytes(): Uint8Array {
  const locals: Code = [1, 2, I64]
  const body = codeOf(locals, bySixteen, byOne, local.get(CRC), end)
  return Uint8Array.from(
    codeOf(
      MAGIC_AND_VERSION,
      section(1, [1, 0x60, 3, I64, I32, I32, 1, I64]),
      section(3, [1, 0]),
      section(5, [1, 0x00, PAGES]),
      section(7, codeOf([2], exported('update', [0x00, 0]), exported('memory', [0x02, 0]))),
      section(10, codeOf([1], unsigned(body.length), body)),
    ),
  )
}

function section(id: number, contents: Code): Code {
  return codeOf([id], unsigned(contents.length), contents)
}

function exported(name: string, what: Code): Code {
  return codeOf([name.length], [...Buffer.from(name)], what)
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

/** As much of it as we use: it comes with the engine, not with the types of Node. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

let compiled: object | undefined

export interface CrcInstance {
  readonly memory: Buffer
  /** The CRC, which is neither inverted before nor after, over the memory from `at` to `end`. */
  readonly update: (crc: bigint, at: number, end: number) => bigint
}

/** A new one whose tables are still empty. */
export function crcInstance(): CrcInstance {
  compiled ??= new WebAssembly.Module(moduleBytes())
  const exportsOf = new WebAssembly.Instance(compiled).exports as {
    readonly memory: { readonly buffer: ArrayBuffer }
    readonly update: CrcInstance['update']
  }
  return { memory: Buffer.from(exportsOf.memory.buffer), update: exportsOf.update }
}
