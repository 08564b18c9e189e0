/** Whatever bytes in whatever chunks: what was compressed comes out as it was, and anything else comes through untouched. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { BodyError } from '#http/message.ts'
import { BrokenGzip, isGzip, unpacked } from './gunzip.ts'

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

async function whole(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const BYTES = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
const SIZES = fc.array(fc.nat(50), { maxLength: 8 })

void t.test('unpacked, it is what it was', async () => {
  await fc.assert(
    fc.asyncProperty(BYTES, SIZES, async (bytes, sizes) => {
      return (await whole(unpacked(cut(gzipSync(bytes), sizes)))).equals(bytes)
    }),
  )
})

void t.test('what is not compressed is left alone', async () => {
  await fc.assert(
    fc.asyncProperty(BYTES, SIZES, async (bytes, sizes) => {
      return isGzip(bytes) || (await whole(unpacked(cut(bytes, sizes)))).equals(bytes)
    }),
  )
})

void t.test('a broken archive and a broken source are told apart', async (t) => {
  const packed = gzipSync(Buffer.alloc(10_000, 'x'))
  for (const broken of [packed.subarray(0, -4), Buffer.from(packed).fill(0xff, 20, 24)]) {
    const error: unknown = await whole(unpacked(cut(broken, []))).catch((reason: unknown) => reason)
    t.ok(error instanceof BrokenGzip)
  }
  const gone = new BodyError('SENDER_GONE')
  const breaking = async function* (): AsyncGenerator<Buffer> {
    yield packed.subarray(0, 15)
    throw gone
  }
  await t.rejects(whole(unpacked(breaking())), gone)
})
