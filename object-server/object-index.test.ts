import t from 'tap'
import { writeSynced } from '#kv/group-commit.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { encodeUpdate, keyOfUpdate } from './container-update.ts'
import { putObject, second, update } from './engine-contract.ts'
import { ALL_DIGESTS, ALL_OBJECTS, markKey } from './index-keys.ts'
import { policyPaths } from './layout.ts'
import { ObjectIndex } from './object-index.ts'
import { EMPTY_STATE } from './object-state.ts'
import { decodeEntry, encodeEntry } from './stored-bytes.ts'
import { newMachine, startEngine } from './test-engine.ts'

const INDEX = policyPaths('/sda', 0).index

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

await t.test('digests of an earlier rule are made anew before anything is compared', async (t) => {
  const { engine, ...machine } = await startEngine(newMachine({ xattrBytesMax: 0 }))
  const large = { 'x-object-meta-large': 'x'.repeat(10_000) }
  for (const [name, headers] of [
    ['/a/c/small', {}],
    ['/a/c/large', large],
  ] as const)
    await putObject(engine, second(1), 'body', { name, headers })
  const right = engine.digestBelow('')
  await engine.close()
  const store = await machine.kv.open(INDEX)
  for await (const [key, value] of store.iterator({ ...ALL_DIGESTS }))
    await store.put(key, Buffer.alloc(value.length))
  for await (const [key, value] of store.iterator({ ...ALL_OBJECTS })) {
    const { data } = decodeEntry(value)
    const earlier = { ...EMPTY_STATE, data: data && { ...data, precedence: undefined } }
    await store.put(key, encodeEntry(earlier))
  }
  await store.del(markKey('digests'))
  await store.close()
  const again = await startEngine(machine)
  t.equal(again.report.kind, 'clean')
  t.same(again.engine.digestBelow(''), right)
  await again.engine.close()
})
