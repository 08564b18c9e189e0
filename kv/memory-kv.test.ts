import t from 'tap'
import { aroundWrites } from './fail-stop.ts'
import { GroupCommit, writeSynced, writeUnsynced } from './group-commit.ts'
import { kvContract } from './kv-contract.ts'
import { MemoryKv } from './memory-kv.ts'

const key = (text: string): Buffer => Buffer.from(text)
const put = (name: string, value: string) => ({ type: 'put', key: key(name), value: key(value) }) as const

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

t.test('a damaged store does not open, and can be moved away', async (t) => {
  const engine = new MemoryKv()
  await (await engine.open('/d')).close()
  engine.corrupt('/d')
  await t.rejects(engine.open('/d'), { code: 'LEVEL_CORRUPTION' })
  await engine.move('/d', '/quarantined/d')
  await (await engine.open('/d')).close()
  t.same(engine.paths(), ['/d', '/quarantined/d'])
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
