/** CRCs that neither Node nor the processor works out for us, a piece at a time. */
import { type CrcInstance, crcInstance, PIECE_AT, PIECE_BYTES } from './crc-module.ts'
import type { CrcPolynomial } from './crc-polynomials.ts'

const TABLES = 16
const ENTRIES = 256

export class SlicedCrc {
  readonly #allOnes: bigint
  readonly #instance: CrcInstance

  constructor({ widthBits, reflected }: CrcPolynomial) {
    this.#allOnes = (1n << BigInt(widthBits)) - 1n
    this.#instance = crcInstance()
    writeTables(this.#instance.memory, reflected)
  }

  /** The CRC of what `crc` stands for followed by the bytes; that of nothing is 0. */
  readonly update = (bytes: Buffer, crc: bigint): bigint => {
    const { memory, update } = this.#instance
    let state = crc ^ this.#allOnes
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const copied = bytes.copy(memory, PIECE_AT, at, at + PIECE_BYTES)
      state = BigInt.asUintN(64, update(state, PIECE_AT, PIECE_AT + copied))
    }
    return state ^ this.#allOnes
  }
}

function writeTables(memory: Buffer, reflected: bigint): void {
  let previous: bigint[] = []
  const first = Array.from({ length: ENTRIES }, (_, byte) => shifted(BigInt(byte), reflected))
  for (let table = 0; table < TABLES; table += 1) {
    previous =
      table === 0 ? first : previous.map((entry) => (entry >> 8n) ^ (first[Number(entry & 0xffn)] as bigint))
    previous.forEach((entry, byte) => memory.writeBigUInt64LE(entry, (table * ENTRIES + byte) * 8))
  }
}

/** What eight steps of the shift register make of a byte. */
function shifted(byte: bigint, reflected: bigint): bigint {
  let crc = byte
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ reflected : crc >> 1n
  return crc
}
