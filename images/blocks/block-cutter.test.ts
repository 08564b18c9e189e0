/** Blocks are cut by what is in them, and by nothing else. */
import fc from 'fast-check'
import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { type Block, BlockCutter, type BlockLengths } from './block-cutter.ts'

const UNIT = 16
const LENGTHS: BlockLengths = {
  unitBytes: UNIT,
  unitsOfBlock: 4,
  leastBytes: 2 * UNIT,
  mostBytes: 16 * UNIT,
  zeroRunBytes: 3 * UNIT,
}

async function* inChunks(bytes: Buffer, chunk: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunk) yield Buffer.from(bytes.subarray(at, at + chunk))
}

async function blocksOf(bytes: Buffer, chunk = 37): Promise<readonly Block[]> {
  const cutter = new BlockCutter(inChunks(bytes, chunk), LENGTHS)
  const blocks: Block[] = []
  for (let block = await cutter.next(); block !== undefined; block = await cutter.next()) blocks.push(block)
  return blocks
}

function joined(blocks: readonly Block[], lengthBytes: number): Buffer {
  const whole = Buffer.alloc(lengthBytes)
  for (const { offset, bytes } of blocks) bytes.copy(whole, offset)
  return whole
}

/** Units of bytes, some of them zeros. */
const content = fc
  .array(fc.oneof(fc.constant(Buffer.alloc(UNIT)), fc.uint8Array({ minLength: 1, maxLength: UNIT })), {
    maxLength: 60,
  })
  .map((units) => Buffer.concat(units))

t.test('blocks and zeros together are the stream, however it comes', async (t) => {
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 200 }), async (bytes, chunk) => {
      const blocks = await blocksOf(bytes, chunk)
      const again = await blocksOf(bytes, 1000)
      return joined(blocks, bytes.length).equals(bytes) && JSON.stringify(blocks) === JSON.stringify(again)
    }),
  )
  t.pass('for every stream')
})

t.test('blocks are neither too long nor, before the end or zeros, too short', async (t) => {
  const bytes = Buffer.from(new SeededRandom(3).bytes(200 * UNIT))
  const blocks = await blocksOf(bytes)
  t.ok(blocks.length > 10)
  for (const { bytes } of blocks.slice(0, -1)) {
    t.ok(bytes.length >= LENGTHS.leastBytes && bytes.length <= LENGTHS.mostBytes, `${bytes.length}`)
  }
})

t.test('long runs of zeros are left out, short ones are not', async (t) => {
  const some = Buffer.alloc(UNIT, 1)
  const blocks = await blocksOf(Buffer.concat([some, Buffer.alloc(5 * UNIT), some, Buffer.alloc(UNIT), some]))
  t.same(
    blocks.map(({ offset, bytes }) => [offset, bytes.length]),
    [
      [0, UNIT],
      [6 * UNIT, 3 * UNIT],
    ],
  )
})

t.test('units that are inserted change the blocks around them and no others', async (t) => {
  const random = new SeededRandom(5)
  const bytes = Buffer.from(random.bytes(300 * UNIT))
  const at = 100 * UNIT
  const grown = Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(random.bytes(2 * UNIT)),
    bytes.subarray(at),
  ])
  const before = new Set((await blocksOf(bytes)).map((block) => block.bytes.toString('hex')))
  const after = await blocksOf(grown)
  const fresh = after.filter((block) => !before.has(block.bytes.toString('hex')))
  t.ok(after.length > 20)
  t.ok(fresh.length <= 4, `${fresh.length} of ${after.length} blocks are new`)
})

t.test('what follows the last block that is wanted is given as it comes', async (t) => {
  const bytes = Buffer.from(new SeededRandom(7).bytes(50 * UNIT))
  const cutter = new BlockCutter(inChunks(bytes, 37), LENGTHS)
  const first = await cutter.next()
  const rest: Buffer[] = []
  for await (const chunk of cutter.rest()) rest.push(chunk)
  t.equal(cutter.offset, first?.bytes.length)
  t.ok(Buffer.concat([first?.bytes ?? Buffer.alloc(0), ...rest]).equals(bytes))
})
