/**
 * Whatever a stream looks like, cut into pieces and put together by its map it is the same stream; no piece is longer than
 * the rule, and no long run of zeros at the edge of a piece is stored.
 */
import fc from 'fast-check'
import t from 'tap'
import { decodeMap, encodeMap, type Piece, stretchesOf } from './piece-map.ts'
import { PieceCutter } from './piece-source.ts'

const RULES = { pieceBytes: 1000, zeroRunBytes: 100, piecesMax: 20 }

interface Cut {
  readonly pieces: readonly Piece[]
  readonly stored: ReadonlyMap<number, Buffer>
  readonly end: number
}

async function cutAll(chunks: readonly Buffer[], rules = RULES): Promise<Cut> {
  const source = async function* (): AsyncGenerator<Buffer> {
    yield* chunks.map((chunk) => Buffer.from(chunk))
  }
  const cutter = new PieceCutter(source(), rules)
  const stored = new Map<number, Buffer>()
  for (let cut = await cutter.next(); cut !== undefined; cut = await cutter.next()) {
    const parts: Buffer[] = []
    for await (const part of cut.bytes) parts.push(Buffer.from(part))
    stored.set(cut.offset, Buffer.concat(parts))
  }
  return {
    stored,
    end: cutter.offset,
    pieces: [...stored].map(([offset, bytes]) => [offset, bytes.length] as const),
  }
}

function joined(
  { pieces, stored, end }: Cut,
  range: { readonly start: number; readonly end: number },
): Buffer {
  const parts = [...stretchesOf({ pieces, sizeBytes: end }, range)].map((stretch) =>
    stretch.kind === 'zeros'
      ? Buffer.alloc(stretch.lengthBytes)
      : (stored.get(stretch.offset) as Buffer).subarray(stretch.range.start, stretch.range.end),
  )
  return Buffer.concat(parts)
}

/** Chunks of data, of zeros, and of both. */
const chunk = fc.oneof(
  fc.uint8Array({ minLength: 0, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 400 }).map((length) => Buffer.alloc(length)),
  fc.integer({ min: 1, max: 3000 }).map((length) => Buffer.alloc(length, 7)),
)

void t.test('a stream that was cut comes together again', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(chunk, { maxLength: 30 }),
      fc.nat(5000),
      fc.nat(5000),
      async (chunks, first, length) => {
        const whole = Buffer.concat(chunks)
        const cut = await cutAll(chunks)
        const range = { start: Math.min(first, whole.length), end: Math.min(first + length, whole.length) }
        return (
          cut.end === whole.length &&
          joined(cut, { start: 0, end: whole.length }).equals(whole) &&
          joined(cut, range).equals(whole.subarray(range.start, range.end)) &&
          cut.pieces.every(([, bytes]) => bytes > 0 && bytes <= RULES.pieceBytes)
        )
      },
    ),
  )
  t.pass('for every stream')
})

void t.test('zeros are left out, until there are too many pieces', async (t) => {
  const hole = Buffer.alloc(500)
  const data = Buffer.alloc(10, 1)
  const sparse = await cutAll([hole, data, hole, data, hole])
  t.same(sparse.pieces, [
    [500, 10],
    [1010, 10],
  ])
  const limited = await cutAll([data, hole, data, hole, data], { ...RULES, piecesMax: 1 })
  t.same(limited.pieces, [
    [0, 520],
    [520, 510],
  ])
})

void t.test('a map is read as it was written, and nothing else is a map', async (t) => {
  const map = {
    sizeBytes: 20,
    pieces: [
      [0, 5],
      [10, 5, 'session'],
    ] as const,
    image: undefined,
  }
  t.same(decodeMap(encodeMap(map)), map)
  t.equal(decodeMap(Buffer.from('{"version":9}')), undefined)
  t.equal(decodeMap(Buffer.from('no')), undefined)
})
