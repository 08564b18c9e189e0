import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { havePrograms } from '#test/programs.ts'
import { bunzip2 } from './bunzip2.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function decompress(bytes: Buffer, pieceBytes = 65_536): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of bunzip2(inPieces(bytes, pieceBytes), async () => {})) pieces.push(piece)
  return Buffer.concat(pieces)
}

function compress(bytes: Buffer, level = 9): Buffer {
  return execFileSync('bzip2', [`-${level}`, '-c'], { input: bytes, maxBuffer: 1e9 })
}

/** The empty file, compressed. */
const EMPTY = Buffer.from('425a683917724538509000000000', 'hex')
/** `hello` and a newline, compressed by `bzip2 -1`. */
const HELLO = Buffer.from(
  '425a6831314159265359c1c080e2000001410000100244a00030cd00c346' + '2997177245385090c1c080e2',
  'hex',
)

t.test('what the bzip2 program compressed comes back, whatever it is', async (t) => {
  if (!havePrograms(t, 'bzip2')) return
  const cases = [
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.alloc(2_500_000),
    randomBytes(1_200_000),
    Buffer.from('the quick brown fox jumps over the lazy dog '.repeat(30_000)),
    Buffer.concat([Buffer.alloc(4, 1), Buffer.alloc(5, 1), Buffer.alloc(255, 2), Buffer.alloc(260, 3)]),
  ]
  for (const bytes of cases)
    t.ok((await decompress(compress(bytes), 10_007)).equals(bytes), `${bytes.length}`)
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 700 })))
  await fc.assert(
    fc.asyncProperty(runs, fc.integer({ min: 1, max: 9 }), async (parts, level) => {
      const bytes = Buffer.concat(parts.map(([byte, count]) => Buffer.alloc(count, byte)))
      return (await decompress(compress(bytes, level), 100)).equals(bytes)
    }),
    { numRuns: 15 },
  )
})

t.test('several streams behind each other are one', async (t) => {
  if (!havePrograms(t, 'bzip2')) return
  const parts = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')]
  const whole = Buffer.concat(parts.map((part) => compress(part)))
  t.equal((await decompress(whole, 3)).toString(), 'onetwo')
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
  if (!havePrograms(t, 'bzip2')) return
  const bomb = compress(Buffer.alloc(45_000_000))
  t.ok(bomb.length < 100)
  let steps = 0
  const pieces = bunzip2(inPieces(bomb, 65_536), async () => {
    steps += 1
  })
  const first = await pieces.next()
  t.ok((first.value as Buffer).length <= 65_536)
  t.ok(steps < 100)
  await pieces.return(undefined)
})
