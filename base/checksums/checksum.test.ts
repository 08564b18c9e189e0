import fc from 'fast-check'
import t from 'tap'
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumAlgorithmNamed,
  checksumOf,
  isChecksumText,
  isCrc,
  startChecksum,
} from './checksum.ts'
import { combinedChecksum } from './combine.ts'

const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

void t.test('the check values of the catalogues come out', async (t) => {
  const check = Buffer.from('123456789')
  const expected: Readonly<Record<ChecksumAlgorithm, string>> = {
    CRC32: 'cbf43926',
    CRC32C: 'e3069283',
    CRC64NVME: 'ae8b14860a799888',
    SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
    SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
    SHA512:
      'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
    MD5: '25f9e794323b453885f5181f1b624d0b',
  }
  for (const algorithm of CHECKSUM_ALGORITHMS)
    t.equal(hexOf(checksumOf(algorithm, check)), expected[algorithm], algorithm)
})

void t.test('CRC-32C of the vectors of RFC 3720, appendix B.4', async (t) => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
  t.equal(hexOf(checksumOf('CRC32C', Buffer.alloc(32))), '8a9136aa')
  t.equal(hexOf(checksumOf('CRC32C', Buffer.alloc(32, 0xff))), '62a8ab43')
  t.equal(hexOf(checksumOf('CRC32C', ascending)), '46dd794e')
  t.equal(hexOf(checksumOf('CRC32C', Buffer.from(ascending).reverse())), '113fdb5c')
})

void t.test('nothing has a checksum, too', async (t) => {
  t.equal(checksumOf('CRC32', Buffer.alloc(0)), 'AAAAAA==')
  t.equal(checksumOf('CRC64NVME', Buffer.alloc(0)), 'AAAAAAAAAAA=')
  t.equal(startChecksum('SHA1').digest(), '2jmj7l5rSw0yVb/vlWAYkK/YBwk=')
})

/** One bit after the other, as the definition has it. */
function slowCrc(bytes: Buffer, widthBits: number, reflected: bigint): string {
  const allOnes = (1n << BigInt(widthBits)) - 1n
  let crc = allOnes
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ reflected : crc >> 1n
  }
  return (crc ^ allOnes).toString(16).padStart(widthBits / 4, '0')
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))

void t.test('CRCs of any bytes are those of the shift register', async () => {
  fc.assert(
    fc.property(bytes, (body) => {
      return (
        hexOf(checksumOf('CRC32C', body)) === slowCrc(body, 32, 0x82f63b78n) &&
        hexOf(checksumOf('CRC64NVME', body)) === slowCrc(body, 64, 0x9a6c9329ac4bc9b5n)
      )
    }),
  )
})

void t.test('it makes no difference in which pieces a body comes', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHECKSUM_ALGORITHMS), fc.array(bytes), (algorithm, pieces) => {
      const checksum = startChecksum(algorithm)
      for (const piece of pieces) checksum.update(piece)
      return checksum.digest() === checksumOf(algorithm, Buffer.concat(pieces))
    }),
  )
})

void t.test('a piece longer than the memory of the module is taken in parts', async (t) => {
  const long = Buffer.alloc(200_001, 'a body that is long enough ')
  for (const algorithm of ['CRC32C', 'CRC64NVME'] as const) {
    const checksum = startChecksum(algorithm)
    for (let at = 0; at < long.length; at += 999) checksum.update(long.subarray(at, at + 999))
    t.equal(checksum.digest(), checksumOf(algorithm, long), algorithm)
  }
})

void t.test('two bodies at a time do not disturb each other', async (t) => {
  const [one, other] = [startChecksum('CRC64NVME'), startChecksum('CRC64NVME')]
  for (const letter of 'abcdef') {
    one.update(Buffer.from(letter))
    other.update(Buffer.from(letter.toUpperCase()))
  }
  t.equal(one.digest(), checksumOf('CRC64NVME', Buffer.from('abcdef')))
  t.equal(other.digest(), checksumOf('CRC64NVME', Buffer.from('ABCDEF')))
})

void t.test('the CRCs of the parts give that of the whole', async () => {
  const algorithms = CHECKSUM_ALGORITHMS.filter(isCrc)
  fc.assert(
    fc.property(fc.constantFrom(...algorithms), fc.array(bytes, { maxLength: 6 }), (algorithm, parts) => {
      const checked = parts.map((part) => ({
        checksum: checksumOf(algorithm, part),
        sizeBytes: part.length,
      }))
      return combinedChecksum(algorithm, checked) === checksumOf(algorithm, Buffer.concat(parts))
    }),
  )
})

void t.test('ten thousand parts of 5 GiB are combined in no time', async (t) => {
  const part = { checksum: checksumOf('CRC64NVME', Buffer.from('part')), sizeBytes: 5 * 1024 ** 3 }
  const parts = Array.from({ length: 10_000 }, () => part)
  t.ok(isChecksumText('CRC64NVME', combinedChecksum('CRC64NVME', parts)))
})

void t.test('only the one way of writing a checksum is taken', async (t) => {
  t.ok(isChecksumText('CRC32', 'y/Q5Jg=='))
  for (const wrong of [
    '',
    'y/Q5Jg',
    'y/Q5Jg===',
    'y_Q5Jg==',
    'y/Q5Jh==',
    ' y/Q5Jg==',
    'AAAAAAAAAAA=',
    '????',
  ])
    t.notOk(isChecksumText('CRC32', wrong), JSON.stringify(wrong))
})

void t.test('algorithms are known by their names in either case', async (t) => {
  t.equal(checksumAlgorithmNamed('crc64nvme'), 'CRC64NVME')
  t.equal(checksumAlgorithmNamed('SHA256'), 'SHA256')
  t.equal(checksumAlgorithmNamed('XXHASH3'), undefined)
  t.equal(checksumAlgorithmNamed('__proto__'), undefined)
})
