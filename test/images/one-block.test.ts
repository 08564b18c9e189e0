/** What becomes of one block when several images want it, or none any more. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { BLOCK_RECORDS, blockId, blockPath } from '#images/blocks/block-record.ts'
import { BLOCK_CONTAINER, SharedBlocks } from '#images/blocks/shared-blocks.ts'
import { BlockSweeper } from '#images/blocks/sweep-blocks.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'

const CONTEXT = { txId: 'tx', signal: undefined, log: silentLogger }
const BYTES = Buffer.from('bytes that several images have')
const ID = blockId(BYTES)

function start() {
  const clock = new VirtualClock()
  const store = new MemoryStore({ clock })
  const all = new MemoryRecords()
  const records = all.of(BLOCK_RECORDS)
  let copies = 0
  const newCopy = (): string => `copy-${copies++}`
  const blocks = new SharedBlocks({ store, records, newCopy })
  const sweeper = new BlockSweeper({ store, records: all, blocks, clock })
  const stored = async (): Promise<readonly string[]> => {
    const listing = { limit: 1000, reverse: false }
    const read = await store.containers.read(CONTEXT, BLOCK_CONTAINER, { listing })
    const entries = read.kind === 'found' ? (read.page?.entries() ?? []) : []
    return entries.flatMap((entry) => (entry.kind === 'object' ? [entry.name] : []))
  }
  return { clock, store, blocks, records, sweeper, stored }
}

t.test('the first stores the bytes, others have them, the last takes them away', async (t) => {
  const { blocks, stored, records } = start()
  const path = blockPath(ID, 'copy-0')
  t.same(await blocks.hold(CONTEXT, ID, BYTES, 'one'), { kind: 'held', path, bytes: 'stored' })
  t.same(await blocks.hold(CONTEXT, ID, BYTES, 'two'), { kind: 'held', path, bytes: 'saved' })
  t.same(await blocks.hold(CONTEXT, ID, BYTES, 'two'), { kind: 'held', path, bytes: 'saved' }, 'once more')
  t.ok(await blocks.letGo(CONTEXT, ID, 'one'))
  t.same(await stored(), [path])
  t.ok(await blocks.letGo(CONTEXT, ID, 'one'), 'it has let go already')
  t.same(await stored(), [path])
  t.ok(await blocks.letGo(CONTEXT, ID, 'two'))
  t.same(await stored(), [])
  t.same(await records.read(CONTEXT, ID, 'newest'), { kind: 'absent' })
  t.match(await blocks.hold(CONTEXT, ID, BYTES, 'three'), { path: blockPath(ID, 'copy-1'), bytes: 'stored' })
})

t.test('what is being made, leaves, or has a thousand holders, is stored apart', async (t) => {
  const thousand = Array.from({ length: 1000 }, (_, at) => `holder ${at}`)
  for (const [state, holders] of [
    ['making', ['another']],
    ['leaving', []],
    ['present', thousand],
  ] as const) {
    const { blocks, records } = start()
    await records.create(CONTEXT, ID, { state, copy: 'copy', holders })
    t.same(await blocks.hold(CONTEXT, ID, BYTES, 'one'), { kind: 'apart' }, state)
  }
})

t.test('where nobody can tell whether a block is held, its bytes are stored apart', async (t) => {
  const { store, records, stored } = start()
  const lost = { kind: 'unavailable', reason: 'busy' } as const
  for (const broken of [
    { read: async () => lost },
    { create: async () => lost },
    { replace: async () => lost },
  ]) {
    const blocks = new SharedBlocks({ store, records: { ...records, ...broken }, newCopy: () => 'copy' })
    t.same(await blocks.hold(CONTEXT, ID, BYTES, 'one'), { kind: 'apart' })
    await new SharedBlocks({ store, records, newCopy: () => 'copy' }).letGo(CONTEXT, ID, 'one')
    t.same(await stored(), [])
  }
})

t.test('a block is finished by its own holder, who did not know that it was begun', async (t) => {
  const { blocks, records, stored } = start()
  await records.create(CONTEXT, ID, { state: 'making', copy: 'copy', holders: ['one'] })
  t.match(await blocks.hold(CONTEXT, ID, BYTES, 'one'), { kind: 'held', path: blockPath(ID, 'copy') })
  t.same(await stored(), [blockPath(ID, 'copy')])
})

t.test('once a day all blocks are looked at, and what nobody has goes', async (t) => {
  const { blocks, sweeper, stored, records, clock } = start()
  await blocks.hold(CONTEXT, ID, BYTES, 'dead')
  const other = Buffer.from('other bytes')
  await blocks.hold(CONTEXT, blockId(other), other, 'alive')
  await blocks.hold(CONTEXT, blockId(other), other, 'dead')
  await records.create(CONTEXT, 'left-7', { state: 'leaving', copy: 'gone', holders: [] })
  const isNamed = async (key: string): Promise<boolean> => key === 'alive'
  t.ok(await sweeper.isDue(CONTEXT))
  t.equal(await sweeper.sweep(CONTEXT, isNamed), 3)
  t.same(await stored(), [blockPath(blockId(other), 'copy-1')])
  t.match(await records.read(CONTEXT, blockId(other), 'newest'), { value: { holders: ['alive'] } })
  t.notOk(await sweeper.isDue(CONTEXT), 'not again')
  await clock.advance(24 * 3_600_000)
  t.ok(await sweeper.isDue(CONTEXT))
  t.equal(await sweeper.sweep(CONTEXT, isNamed), 0)
})

t.test('bytes that no record of a block names go, those that one names stay', async (t) => {
  const { blocks, sweeper, stored, records } = start()
  await blocks.hold(CONTEXT, ID, BYTES, 'alive')
  const there = await records.read(CONTEXT, ID, 'newest')
  if (there.kind !== 'found') throw new Error(there.kind)
  await records.replace(CONTEXT, there, { ...there.value, copy: 'a later one' })
  t.equal(await sweeper.sweep(CONTEXT, async () => true), 1)
  t.same(await stored(), [])
})
