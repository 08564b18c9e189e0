/** A removed database never shows again, wherever the machine loses power. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { at, mergeInto, row } from './index-contract.ts'
import { type DatabaseState, newInfo } from './info.ts'
import { LevelIndex } from './level-index.ts'
import { deletedRow, type ObjectRow, objectRows } from './object-row.ts'

const CONTAINER = { account: 'a', container: 'c' }
const ROWS = 5000

async function open(kv: MemoryKv): Promise<LevelIndex<ObjectRow>> {
  const store = await kv.open('/d')
  return new LevelIndex({
    store,
    kind: objectRows,
    salt: { prefix: '', suffix: 's' },
    random: new SeededRandom(1),
    onFailure: (error) => silentLogger.error({ err: error }, 'index failed'),
  })
}

async function filled(kv: MemoryKv): Promise<LevelIndex<ObjectRow>> {
  const index = await open(kv)
  const rows = Array.from({ length: ROWS }, (_, number) => row(`o${number}`, 2))
  await index.apply(CONTAINER, [...rows, deletedRow('gone', 0, at(2))], mergeInto)
  return index
}

async function names(index: LevelIndex<ObjectRow>): Promise<readonly string[]> {
  return (await index.rows(CONTAINER, 0, { limit: 10 })).map((one) => one.name)
}

t.test(
  'a removal that was acknowledged holds after a crash, and is finished by the next process',
  async (t) => {
    for (const turns of [0, 1, 2, 5]) {
      const kv = new MemoryKv()
      const index = await filled(kv)
      t.equal(await index.remove(CONTAINER, () => true), 'removed')
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      await kv.crash()
      const after = await open(kv)
      t.equal(await after.state(CONTAINER), undefined)
      t.same(await after.databases({ first: '0'.repeat(32), end: undefined }, 10), [])
      await after.apply(CONTAINER, [row('new', 3)], mergeInto)
      t.same(await names(after), ['new'])
      t.same(
        (await after.changesSince(CONTAINER, 0, 10)).map((change) => change.row.name),
        ['new'],
      )
      const { info } = (await after.state(CONTAINER)) as DatabaseState
      t.ok(info.sequence > ROWS, 'and no number of a change is given twice')
      await after.close()
    }
  },
)

t.test('other databases go on while a large one is removed', async (t) => {
  const index = await filled(new MemoryKv())
  await index.remove(CONTAINER, () => true)
  const other = { account: 'a', container: 'other' }
  await index.apply(other, [row('x', 3)], (state) => ({
    result: undefined,
    info: state?.info ?? newInfo(other, at(1), 0),
    rows: 'merge',
  }))
  t.same((await index.rows(other, 0, { limit: 10 })).length, 1)
  await index.close()
  t.same(await names(index), [])
})

t.test('a quarantined row is listed no more, and a copy of it is kept', async (t) => {
  const kv = new MemoryKv()
  const index = await open(kv)
  await index.apply(CONTAINER, [row('x', 2), row('y', 2)], mergeInto)
  await index.apply(CONTAINER, [row('x', 2)], () => ({ result: undefined, rows: 'quarantine' }))
  t.same(await names(index), ['y'])
  await kv.crash()
  const store = await kv.open('/d')
  const kept = await store.iterator({ gte: Buffer.from([0, 9]), lt: Buffer.from([0, 10]) }).all()
  t.equal(kept.length, 1)
  t.match(String(kept[0]?.[1]), /x$/)
})
