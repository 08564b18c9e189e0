/**
 * The three CRCs of S3 objects. All of them are reflected, begin with all ones and end inverted; they differ in width and
 * polynomial only.
 */

export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME'

export interface CrcPolynomial {
  readonly widthBits: 32 | 64
  /** Reflected: the lowest bit stands for the highest power. */
  readonly reflected: bigint
}

export const CRC_POLYNOMIALS: Readonly<Record<CrcAlgorithm, CrcPolynomial>> = {
  // ISO 3309, as zlib has it.
  CRC32: { widthBits: 32, reflected: 0xedb88320n },
  // Castagnoli: RFC 3720, section 12.1.
  CRC32C: { widthBits: 32, reflected: 0x82f63b78n },
  // NVM Express NVM Command Set 1.0d, section 5.2.1.3.4.
  CRC64NVME: { widthBits: 64, reflected: 0x9a6c9329ac4bc9b5n },
}

/** A CRC as S3 writes it: base64 of its bytes, the most significant first. */
export function writtenCrc(crc: bigint, { widthBits }: CrcPolynomial): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(crc)
  return bytes.toString('base64', 8 - widthBits / 8)
}

/** The CRC that such a text stands for. */
export function readCrc(written: string): bigint {
  const bytes = Buffer.from(written, 'base64')
  return bytes.length === 8 ? bytes.readBigUInt64BE() : BigInt(bytes.readUInt32BE())
}
