/**
 * The checksums that S3 keeps with objects ("Checking object integrity in Amazon S3"), worked out while a body passes by.
 * They are written as S3 writes them: base64 of the bytes, the most significant first.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CRC_POLYNOMIALS, type CrcAlgorithm, writtenCrc } from './crc-polynomials.ts'
import { SlicedCrc } from './sliced-crc.ts'

/** As S3 names them in `x-amz-sdk-checksum-algorithm` and in XML. */
export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
] as const

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

const SIZE_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
}

/** A checksum in the making. */
export interface Checksum {
  update(piece: Buffer): void
  /** Base64. To be asked once, after the last piece. */
  digest(): string
}

/** The checksum of the pieces that it will be given. */
export function startChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'CRC32':
      return new PlainCrc()
    case 'CRC32C':
    case 'CRC64NVME':
      return new WideCrc(algorithm)
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return new Digest(algorithm)
  }
}

/** The checksum of bytes that are at hand, base64. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Buffer): string {
  const checksum = startChecksum(algorithm)
  checksum.update(bytes)
  return checksum.digest()
}

/** Whether the text can be such a checksum: base64 of as many bytes as it has, written in the one canonical way. */
export function isChecksumText(algorithm: ChecksumAlgorithm, text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === SIZE_BYTES[algorithm] && bytes.toString('base64') === text
}

/** The algorithm of this name, in either case. */
export function checksumAlgorithmNamed(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase()
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper)
}

/** Whether checksums of parts can be combined to that of the whole (`combine.ts`). */
export function isCrc(algorithm: ChecksumAlgorithm): algorithm is CrcAlgorithm {
  return algorithm in CRC_POLYNOMIALS
}

class PlainCrc implements Checksum {
  #crc = 0

  update(piece: Buffer): void {
    this.#crc = crc32(piece, this.#crc)
  }

  digest(): string {
    return writtenCrc(BigInt(this.#crc), CRC_POLYNOMIALS.CRC32)
  }
}

const sliced = new Map<CrcAlgorithm, SlicedCrc>()

/** Its tables are made when the first one asks for them. */
function slicedCrc(algorithm: CrcAlgorithm): SlicedCrc {
  const known = sliced.get(algorithm)
  if (known !== undefined) return known
  const made = new SlicedCrc(CRC_POLYNOMIALS[algorithm])
  sliced.set(algorithm, made)
  return made
}

class WideCrc implements Checksum {
  readonly #algorithm: CrcAlgorithm
  readonly #sliced: SlicedCrc
  #crc = 0n

  constructor(algorithm: CrcAlgorithm) {
    this.#algorithm = algorithm
    this.#sliced = slicedCrc(algorithm)
  }

  update(piece: Buffer): void {
    this.#crc = this.#sliced.update(piece, this.#crc)
  }

  digest(): string {
    return writtenCrc(this.#crc, CRC_POLYNOMIALS[this.#algorithm])
  }
}

class Digest implements Checksum {
  readonly #hash: ReturnType<typeof createHash>

  constructor(algorithm: Exclude<ChecksumAlgorithm, CrcAlgorithm>) {
    this.#hash = createHash(algorithm.toLowerCase())
  }

  update(piece: Buffer): void {
    this.#hash.update(piece)
  }

  digest(): string {
    return this.#hash.digest('base64')
  }
}
