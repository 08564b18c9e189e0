/** The CRC-32 of bzip2: the usual polynomial, with the bits of each byte taken from the highest on. */

const POLYNOMIAL = 0x04c11db7
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ POLYNOMIAL : value << 1
  return value >>> 0
})

/** The checksum of bytes, or of bytes that follow those of an earlier checksum. */
export function bzip2Checksum(bytes: Uint8Array, before = 0): number {
  let value = ~before
  for (const byte of bytes) value = (value << 8) ^ (TABLE[((value >>> 24) ^ byte) & 0xff] as number)
  return ~value >>> 0
}
