/** Goal: pieces flow into each other, and what lies ahead stays bounded. Method: bodies that say when they are opened and read. */
import t, { type Test } from 'tap'
import { BodyError, type BodyStream } from '#http/message.ts'
import { JoinedBody } from './joined-body.ts'
import type { Piece } from './pieces.ts'
import { SegmentError } from './segment-error.ts'
import type { SegmentReader } from './segment-reader.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK_BYTES = 256 * KIB

/** Opens pieces that are named by their number, and remembers what was done with them. */
class WatchedReader {
  readonly opened: number[] = []
  readonly read: number[] = []
  readonly cancelled: number[] = []
  /** Number of the piece that cannot be opened. */
  broken: number | undefined

  readonly open = async ({ name, sizeBytes }: Extract<Piece, { kind: 'object' }>) => {
    const number = Number(name.object)
    this.opened.push(number)
    if (number === this.broken) throw new SegmentError('CHANGED', 'it is another one')
    return { body: this.#body(number, sizeBytes), etag: 'e' }
  }

  #body(number: number, sizeBytes: number): BodyStream {
    const { read, cancelled } = this
    let [left, isCancelled] = [sizeBytes, false]
    const next = async (): Promise<IteratorResult<Buffer>> => {
      if (isCancelled) throw new BodyError('BODY_CANCELLED')
      if (left === 0) return { done: true, value: undefined }
      read.push(number)
      const bytes = Math.min(left, CHUNK_BYTES)
      left -= bytes
      return { done: false, value: Buffer.alloc(bytes, number) }
    }
    const cancel = async (): Promise<void> => {
      isCancelled = true
      cancelled.push(number)
    }
    return { cancel, [Symbol.asyncIterator]: () => ({ next }) }
  }
}

function joined(
  count: number,
  sizeBytes: number,
): { readonly reader: WatchedReader; readonly body: JoinedBody } {
  const reader = new WatchedReader()
  async function* pieces(): AsyncGenerator<Piece, void> {
    for (let number = 0; number < count; number += 1) {
      const name = { account: 'a', container: 'c', object: String(number) }
      yield { kind: 'object', name, etag: 'e', sizeBytes, range: { start: 0, end: sizeBytes } }
    }
  }
  return { reader, body: new JoinedBody(reader as unknown as SegmentReader, pieces()) }
}

/** Everything that was begun without waiting for anybody has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function readOne(body: JoinedBody): Promise<void> {
  await body.next()
  await settled()
}

t.test('all bytes come in their order', async (t: Test) => {
  const { body } = joined(20, 100 * KIB)
  const bytes: Buffer[] = []
  for await (const chunk of body) bytes.push(chunk)
  const expected = Array.from({ length: 20 }, (_, number) => Buffer.alloc(100 * KIB, number))
  t.ok(Buffer.concat(bytes).equals(Buffer.concat(expected)))
})

t.test(
  'the piece behind a long one is opened and begun before its turn, and not long before',
  async (t: Test) => {
    const { reader, body } = joined(3, 16 * MIB)
    await body.begin()
    for (let chunk = 0; chunk < 16; chunk += 1) await readOne(body)
    t.same(reader.opened, [0], 'with twelve mebibytes left')
    for (let chunk = 16; chunk < 60; chunk += 1) await readOne(body)
    t.same(reader.opened, [0, 1], 'with one left')
    t.ok(reader.read.includes(1), 'its first bytes are at hand')
    t.equal(reader.read.filter((number) => number === 1).length, 1, 'and no more of it')
  },
)

t.test('of short pieces as many are opened as fit into memory', async (t: Test) => {
  for (const [sizeBytes, ahead] of [
    [64 * KIB, 8],
    [512 * KIB, 4],
    [MIB, 2],
    [4 * MIB, 2],
  ] as const) {
    const { reader, body } = joined(20, sizeBytes)
    await body.begin()
    await readOne(body)
    await settled()
    const wanted = Array.from({ length: ahead + 1 }, (_, number) => number)
    t.same(reader.opened, wanted, `${sizeBytes / KIB} KiB`)
  }
})

t.test('whoever goes away leaves nothing open', async (t: Test) => {
  const { reader, body } = joined(20, 512 * KIB)
  await body.begin()
  await readOne(body)
  await body.cancel()
  t.same(new Set(reader.cancelled), new Set(reader.opened))
  await t.rejects(body.next(), { code: 'BODY_CANCELLED' })
})

t.test('a piece that is not what it was is told of in its turn', async (t: Test) => {
  const { reader, body } = joined(3, 64 * KIB)
  reader.broken = 1
  await body.begin()
  t.equal((await body.next()).done, false)
  await t.rejects(body.next(), { code: 'CHANGED' })
})
