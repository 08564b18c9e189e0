import t from 'tap'
import { writeSynced } from '#kv/group-commit.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { encodeUpdate, keyOfUpdate } from './container-update.ts'
import { second, update } from './engine-contract.ts'
import { ObjectIndex } from './object-index.ts'

await t.test('rows that cannot be understood hide no other ones, and stay', async (t) => {
  const kv = new MemoryKv()
  const rows = ['a', 'b', 'c', 'd'].map((name) => update(name, second(1)))
  const store = await kv.open('/index')
  const ordered = rows.toSorted((left, right) => Buffer.compare(keyOfUpdate(left), keyOfUpdate(right)))
  const values = [Buffer.from([0xc1]), Buffer.from([0x91, 9]), ...ordered.slice(2).map(encodeUpdate)]
  await writeSynced(
    store,
    ordered.map((row, at) => ({ type: 'put', key: keyOfUpdate(row), value: values[at] as Buffer })),
  )
  await store.close()
  const index = await ObjectIndex.open(kv, '/index')
  const [, , third, fourth] = ordered
  t.same(await index.updates(1), [third])
  t.same(await index.updates(2), [third, fourth])
  t.same(await index.updates(2, third), [fourth])
  t.equal(await index.countUpdates(), 4)
  await index.close()
})
