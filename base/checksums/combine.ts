/**
 * The CRC of a whole from the CRCs of its parts, without its bytes: appending n bytes multiplies a CRC by x^(8n) modulo the
 * polynomial. That is how the checksum of a multipart object of type `FULL_OBJECT` comes about.
 */
import {
  CRC_POLYNOMIALS,
  type CrcAlgorithm,
  type CrcPolynomial,
  readCrc,
  writtenCrc,
} from './crc-polynomials.ts'

export interface CheckedPart {
  /** Base64, as S3 writes it. */
  readonly checksum: string
  readonly sizeBytes: number
}

/** The checksum of the parts one after the other; that of no bytes for no parts. Base64. */
export function combinedChecksum(algorithm: CrcAlgorithm, parts: readonly CheckedPart[]): string {
  const polynomial = CRC_POLYNOMIALS[algorithm]
  const combine = combiner(polynomial)
  let crc = 0n
  for (const { checksum, sizeBytes } of parts) crc = combine(crc, readCrc(checksum), sizeBytes)
  return writtenCrc(crc, polynomial)
}

/** Most parts are of one size, whose factor is worked out once. */
function combiner(polynomial: CrcPolynomial): (left: bigint, right: bigint, rightBytes: number) => bigint {
  const factors = new Map<number, readonly bigint[]>()
  return (left, right, rightBytes) => {
    let factor = factors.get(rightBytes)
    if (factor === undefined) {
      factor = multiplesOf(powerOfX(8n * BigInt(rightBytes), polynomial), polynomial)
      factors.set(rightBytes, factor)
    }
    return product(left, factor) ^ right
  }
}

/** x to that power, modulo the polynomial. */
function powerOfX(exponent: bigint, polynomial: CrcPolynomial): bigint {
  const one = 1n << BigInt(polynomial.widthBits - 1)
  let result = one
  let square = one >> 1n
  for (let left = exponent; left > 0n; left >>= 1n) {
    const multiples = multiplesOf(square, polynomial)
    if ((left & 1n) === 1n) result = product(result, multiples)
    square = product(square, multiples)
  }
  return result
}

/** The polynomial times x to the power of 0, 1, 2… below the width, modulo the other; all reflected. */
function multiplesOf(factor: bigint, { widthBits, reflected }: CrcPolynomial): readonly bigint[] {
  const multiples = [factor]
  for (let multiple = factor; multiples.length < widthBits; multiples.push(multiple))
    multiple = (multiple & 1n) === 1n ? (multiple >> 1n) ^ reflected : multiple >> 1n
  return multiples
}

/** Of a polynomial over GF(2) and another, of which the multiples are given. */
function product(left: bigint, multiples: readonly bigint[]): bigint {
  // Reflected: the first digit is that of the power 0.
  const digits = left.toString(2).padStart(multiples.length, '0')
  let sum = 0n
  multiples.forEach((multiple, power) => {
    if (digits.charCodeAt(power) === ONE) sum ^= multiple
  })
  return sum
}

const ONE = 0x31
