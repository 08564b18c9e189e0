import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { aroundWrites } from './fail-stop.ts'
import { GroupCommit, writeSynced, writeUnsynced } from './group-commit.ts'
import { kvContract } from './kv-contract.ts'
import { MemoryKv } from './memory-kv.ts'

const key = (text: string): Buffer => Buffer.from(text)
const put = (name: string, value: string) => ({ type: 'put', key: key(name), value: key(value) }) as const

async function contentsOf(engine: MemoryKv, path: string): Promise<string> {
  const store = await engine.open(path)
  return (await store.iterator().all()).map(([name, value]) => `${String(name)}${String(value)}`).join(' ')
}

kvContract(t, { create: () => ({ engine: new MemoryKv(), path: '/device/containers' }) })

t.test('a crash loses what was written after the last sync, and nothing before it', async (t) => {
  const engine = new MemoryKv()
  const store = await engine.open('/d')
  await writeUnsynced(store, [put('a', '1')])
  await writeSynced(store, [put('b', '1')])
  await writeUnsynced(store, [put('b', '2'), { type: 'del', key: key('a') }])
  await engine.crash()
  await t.rejects(writeSynced(store, [put('c', '1')]), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  const after = await engine.open('/d')
  t.equal(String(await after.get(key('a'))), '1')
  t.equal(String(await after.get(key('b'))), '1')
})

t.test('a crash may keep unsynced writes, a cleared range among them', async (t) => {
  const engine = new MemoryKv()
  const store = await engine.open('/d')
  await writeSynced(store, [put('a', '1'), put('b', '1'), put('c', '1'), put('d', '1')])
  await store.clear({ gte: key('b'), lt: key('d') })
  await engine.crash('kept')
  const after = await engine.open('/d')
  t.same((await after.keys().all()).map(String), ['a', 'd'])
})

t.test('a crash keeps of each store the first of the writes that were not synced, whole ones', async (t) => {
  const kept = new Set<string>()
  for (let seed = 1; seed <= 300; seed += 1) {
    const engine = new MemoryKv()
    for (const path of ['/one', '/other']) {
      const store = await engine.open(path)
      await writeSynced(store, [put('a', '1')])
      await writeUnsynced(store, [put('b', '1'), { type: 'del', key: key('a') }])
      await store.clear()
      await writeUnsynced(store, [put('b', '2'), put('c', '2')])
    }
    void engine.crash(new SeededRandom(seed))
    kept.add((await Promise.all(['/one', '/other'].map((path) => contentsOf(engine, path)))).join(' | '))
  }
  const prefixes = ['a1', 'b1', '', 'b2 c2']
  t.same(
    [...kept].toSorted(),
    prefixes.flatMap((one) => prefixes.map((other) => `${one} | ${other}`)).toSorted(),
  )
})

t.test('the machine may die in the midst of a write', async (t) => {
  const ends = new Set<string>()
  for (let seed = 1; seed <= 10; seed += 1) {
    let writes = 0
    const engine: MemoryKv = new MemoryKv(() => {
      writes += 1
      if (writes === 2) void engine.crash(new SeededRandom(seed))
    })
    const store = await engine.open('/d')
    await writeSynced(store, [put('a', '1')])
    await t.rejects(writeSynced(store, [put('b', '1')]), { code: 'LEVEL_DATABASE_NOT_OPEN' })
    ends.add(await contentsOf(engine, '/d'))
  }
  t.same([...ends].toSorted(), ['a1', 'a1 b1'])
})

t.test('a write that failed may be there once the store is opened again', async (t) => {
  const engine = new MemoryKv()
  const store = await engine.open('/d')
  await writeUnsynced(store, [put('b', '1')])
  engine.breakWrites('/d', new Error('no sync'), () => true)
  await t.rejects(writeSynced(store, [put('a', '1')]), { message: 'no sync' })
  engine.breakWrites('/d', undefined)
  t.equal(await store.get(key('a')), undefined, 'not before')
  await engine.crash('kept')
  t.equal(await contentsOf(engine, '/d'), 'a1 b1')
})

t.test('a damaged store does not open, and can be moved away', async (t) => {
  const engine = new MemoryKv()
  await (await engine.open('/d')).close()
  engine.corrupt('/d')
  await t.rejects(engine.open('/d'), { code: 'LEVEL_CORRUPTION' })
  await engine.move('/d', '/quarantined/d')
  await (await engine.open('/d')).close()
  t.same(engine.paths(), ['/d', '/quarantined/d'])
})

t.test('a store whose tables are damaged opens, and cannot be read', async (t) => {
  const engine = new MemoryKv()
  const before = await engine.open('/d')
  await writeSynced(before, [put('a', '1')])
  await before.close()
  engine.corrupt('/d', 'reading')
  const store = await engine.open('/d')
  await t.rejects(store.get(key('a')), { code: 'LEVEL_CORRUPTION' })
  await t.rejects(store.getMany([key('a')]), { code: 'LEVEL_CORRUPTION' })
  await t.rejects(store.iterator().all(), { code: 'LEVEL_CORRUPTION' })
  await writeSynced(store, [put('b', '1')])
})

t.test('commits that arrive together share one batch; a failing one fails them all', async (t) => {
  const engine = new MemoryKv()
  const store = await engine.open('/d')
  let batches = 0
  const counted = aroundWrites(store, (write) => {
    batches += 1
    return write()
  })
  const commits = new GroupCommit(counted)
  await Promise.all(['a', 'b', 'c'].map((name) => commits.commit([put(name, '1')])))
  t.equal(batches, 1)
  engine.breakWrites('/d', new Error('disk says no'))
  const results = await Promise.allSettled(['x', 'y'].map((name) => commits.commit([put(name, '1')])))
  t.same(
    results.map((result) => result.status),
    ['rejected', 'rejected'],
  )
  engine.breakWrites('/d', undefined)
  await t.rejects(commits.commit([put('z', '1')]), { code: 'LEVEL_WRITES_REFUSED' })
  await commits.commit([])
  t.equal(await store.get(key('x')), undefined)
  t.equal(commits.waiting, 0)
})
