import fc from 'fast-check'
import t from 'tap'
import { bunzip2 } from './bunzip2.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function decompress(bytes: Buffer, pieceBytes = 65_536): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of bunzip2(inPieces(bytes, pieceBytes), async () => {})) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The empty file, compressed. */
const EMPTY = Buffer.from('425a683917724538509000000000', 'hex')
/** `hello` and a newline, compressed by `bzip2 -1`. */
const HELLO = Buffer.from(
  '425a6831314159265359c1c080e2000001410000100244a00030cd00c346' + '2997177245385090c1c080e2',
  'hex',
)

function compressed(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}

/** What bzip2 1.0.8 made of some bytes; `test/clients/limits.test.ts` has the program compress many more. */
const GOLDEN: readonly (readonly [what: string, compressed: Buffer, bytes: Buffer])[] = [
  [
    'several blocks of one byte',
    compressed('QlpoOTFBWSZTWcu1tbsAEyXAAcAAAIAACCAAMMwFKaakRRsFEUeLuSKcKEhl2trdgA=='),
    Buffer.alloc(2_500_000),
  ],
  [
    'a text, in two blocks',
    compressed(
      'QlpoMTFBWSZTWaRelsQApDWRgEAAP///8DABWABTRoA0AAFNGgDQAAFKoSaNNqMmNG1JzgqGAVDoCoYBUOQKhsCoZQVDYFQ/' +
        'AVD+BUOUFQ6wVDIFQ6wKhuCoZgqHgFQ9QKhvBUNAVDtBUMgVDMFQwCoeAVDXgCoZAqGwKh6BUNIKh0BUPMFQ3BUNAKhriCoY' +
        'BUMwSS9gqHsFQ/zFBWSZTWVHQoysAONmRgEAAP///8DABOZSimjQBoAAE1VR6gAAGQClUgAAGh6jjUlMClOopTApTeKUzFKZ' +
        'VJTMUpzFKdxSm8SLsJFoqIuwSLOoi01EXqoiyCRZiRYqJPFSUyFKaBSmBSnoUlioi5CRe6iLKoiwJF1qIvgkWdRFgJF9EqYF' +
        'KdBSmnKqSn4Up+Ei/i7kinChIDLbHUQ=',
    ),
    Buffer.from('the quick brown fox jumps over the lazy dog '.repeat(3000)),
  ],
  [
    'runs of all lengths that are told apart',
    compressed('QlpoMTFBWSZTWW9MQHkAAADAALoAAAggADDNAM1PScSLW6Fw+LuSKcKEg3piA8g='),
    Buffer.concat([Buffer.alloc(4, 1), Buffer.alloc(5, 1), Buffer.alloc(255, 2), Buffer.alloc(260, 3)]),
  ],
  [
    'every byte once',
    compressed(
      'QlpoMTFBWSZTWba17pUAAAB/////////////////////////////////////////////sADFUgAAAAAAAAAAAAAAAAAAAAAB' +
        'MAmAAAAAAAAAAAAAAEwABMAEmAAmAAJgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkwAEwABMAAAAAAAAAAAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAPwCAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo' +
        '7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5' +
        '/gIGCg4SFhoeIiYqLjI2Oj5CRkpWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGxcb' +
        'HyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9F3JFOFCQtrXulQ=',
    ),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  ],
]
/** 45 MB of zeros. */
const BOMB = compressed('QlpoOTFBWSZTWckBtsgBWKtAIMAAEAAACCAAMMwFKaZSSFJsVJIUni7kinChIZIDbZA=')

t.test('what bzip2 compressed comes back', async (t) => {
  for (const [what, stream, bytes] of GOLDEN) t.ok((await decompress(stream, 1000)).equals(bytes), what)
})

t.test('several streams behind each other are one', async (t) => {
  t.equal((await decompress(Buffer.concat([HELLO, EMPTY, HELLO]), 3)).toString(), 'hello\nhello\n')
})

t.test('small streams are read byte by byte', async (t) => {
  t.equal((await decompress(EMPTY, 1)).length, 0)
  t.equal((await decompress(HELLO, 1)).toString(), 'hello\n')
})

t.test('a changed or shortened stream is refused, never taken for whole', async (t) => {
  const accepted: string[] = []
  const tryOne = async (what: string, stream: Buffer): Promise<void> => {
    const outcome = await decompress(stream).catch((error: unknown) => error)
    // Some bits say nothing, such as those that fill up the last byte.
    const isHarmless = Buffer.isBuffer(outcome) && outcome.toString() === 'hello\n'
    if (!isHarmless && (outcome as Error).name !== 'Bzip2Error') accepted.push(what)
  }
  for (let at = 0; at < HELLO.length; at += 1) {
    await t.rejects(decompress(HELLO.subarray(0, at)), { name: 'Bzip2Error' }, `the first ${at} bytes`)
  }
  for (let bit = 0; bit < HELLO.length * 8; bit += 1) {
    const changed = Buffer.from(HELLO)
    changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (0x80 >>> (bit & 7))
    await tryOne(`bit ${bit}`, changed)
  }
  t.same(accepted, [])
})

t.test('no bytes whatever make it fail in another way', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const stream = Buffer.concat([Buffer.from('BZh1'), HELLO.subarray(4, 10), bytes])
      const outcome = await decompress(stream).catch((error: unknown) => error)
      return Buffer.isBuffer(outcome) || (outcome as Error).name === 'Bzip2Error'
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a few bytes that stand for many are given in pieces, as they are asked for', async (t) => {
  let steps = 0
  const pieces = bunzip2(inPieces(BOMB, 65_536), async () => {
    steps += 1
  })
  const first = await pieces.next()
  t.ok((first.value as Buffer).length <= 65_536)
  t.ok(steps < 100)
  await pieces.return(undefined)
})
