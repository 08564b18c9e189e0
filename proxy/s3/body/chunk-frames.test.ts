import fc from 'fast-check'
import t from 'tap'
import { chunkedBody } from '#auth/testing/aws-chunked.ts'
import { ChunkFrames, type Frame } from './chunk-frames.ts'

function framesOf(pieces: readonly Buffer[]): { readonly frames: readonly Frame[]; readonly whole: boolean } {
  const parser = new ChunkFrames()
  const frames = pieces.flatMap((piece) => [...parser.feed(piece)])
  return { frames, whole: parser.isWhole }
}

function payloadOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.flatMap((frame) => (frame.kind === 'data' ? [frame.bytes] : [])))
}

function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array))

void t.test('the payload comes out, however the body is cut into pieces', async () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 200 }), fc.array(fc.nat()), (payload, chunkBytes, cuts) => {
      const body = chunkedBody({ payload, chunkBytes, trailer: ['x-amz-checksum-crc32:AAAAAA=='] })
      const { frames, whole } = framesOf(cutAt(body, cuts))
      const trailers = frames.filter(({ kind }) => kind === 'trailer')
      return whole && payloadOf(frames).equals(payload) && trailers.length === 1
    }),
  )
})

void t.test('a body that is cut off is never whole', async () => {
  fc.assert(
    fc.property(bytes, fc.nat(), (payload, cut) => {
      const body = chunkedBody({ payload, chunkBytes: 100 })
      return !framesOf([body.subarray(0, cut % body.length)]).whole
    }),
  )
})

void t.test('whatever the bytes are, it ends, and says no more after it was malformed', async () => {
  const odd = fc.array(
    fc.oneof(
      bytes,
      fc
        .constantFrom('0\r\n', '5\r\nhello\r\n', '\r\n', '\n', ';chunk-signature=', 'fffffffffffff\r\n', ':')
        .map((text) => Buffer.from(text)),
    ),
  )
  fc.assert(
    fc.property(odd, (pieces) => {
      const { frames, whole } = framesOf(pieces)
      const at = frames.findIndex(({ kind }) => kind === 'malformed')
      return at < 0 || (at === frames.length - 1 && !whole)
    }),
  )
})

void t.test('what is no frame is malformed', async (t) => {
  const wrong = [
    '5\nhello\r\n0\r\n\r\n',
    'x\r\n',
    '-5\r\n',
    '0x5\r\nhello\r\n',
    '5 \r\nhello\r\n',
    '5;name=value\r\nhello\r\n',
    '5;chunk-signature=abc\r\nhello\r\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '10000000000000000\r\n',
    '0\r\n\r\n5\r\nhello\r\n',
    `${'a'.repeat(2000)}`,
    `0\r\n${'a:b\r\n'.repeat(17)}\r\n`,
  ]
  for (const body of wrong) {
    const { frames } = framesOf([Buffer.from(body)])
    t.same(frames.at(-1), { kind: 'malformed' }, JSON.stringify(body.slice(0, 40)))
  }
})

void t.test('a line that never ends takes no more memory than the longest may', async (t) => {
  const parser = new ChunkFrames()
  const piece = Buffer.alloc(100, 'a')
  const kinds = Array.from({ length: 1000 }, () => [...parser.feed(piece)]).flat()
  t.same(kinds, [{ kind: 'malformed' }])
})
