/** What every key-value engine promises, as one suite that runs on LevelDB and on its twin in memory. */
import type { Test } from 'tap'
import type { KvEngine, KvStore } from '#base/environment.ts'
import { GroupCommit, writeSynced } from './group-commit.ts'

export interface KvFactory {
  /** A fresh engine and a path where nothing is yet. */
  create(t: Test): { readonly engine: KvEngine; readonly path: string }
}

const key = (text: string): Buffer => Buffer.from(text)

async function keysOf(store: KvStore, range: Parameters<KvStore['keys']>[0] = {}): Promise<string[]> {
  return (await store.keys(range).all()).map(String)
}

/** Adds the suite's tests to `t`. */
export function kvContract(t: Test, factory: KvFactory): void {
  t.test('what was written is read, and a missing key is undefined', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    await writeSynced(store, [{ type: 'put', key: key('a'), value: Buffer.from([0, 255]) }])
    t.same(await store.get(key('a')), Buffer.from([0, 255]))
    t.equal(await store.get(key('b')), undefined)
    t.same(await store.getMany([key('b'), key('a')]), [undefined, Buffer.from([0, 255])])
    await store.close()
  })

  t.test('keys are in the order of their bytes, in both directions and within bounds', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    const keys = ['', 'z', 'a', 'é', '\u{1f600}', '\uffff', 'ab', 'a\0'].filter((text) => text !== '')
    await writeSynced(
      store,
      keys.map((text) => ({ type: 'put', key: key(text), value: key(text) })),
    )
    const sorted = keys.toSorted((left, right) => Buffer.compare(key(left), key(right)))
    t.same(await keysOf(store), sorted)
    t.same(await keysOf(store, { reverse: true }), sorted.toReversed())
    t.same(await keysOf(store, { gt: key('a'), lt: key('z') }), ['a\0', 'ab'])
    t.same(await keysOf(store, { gte: key('a'), lte: key('ab'), limit: 2 }), ['a', 'a\0'])
    await store.close()
  })

  t.test('an iterator seeks', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    await writeSynced(
      store,
      ['a', 'b', 'c'].map((text) => ({ type: 'put', key: key(text), value: key(text) })),
    )
    const iterator = store.iterator({ gte: key('a') })
    iterator.seek(key('bb'))
    t.equal(String((await iterator.next())?.[0]), 'c')
    await iterator.close()
    await store.close()
  })

  t.test('whoever reads sees the store as it was at the beginning', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    const write = (name: string, value: string): Promise<void> =>
      writeSynced(store, [{ type: 'put', key: key(name), value: key(value) }])
    await write('a', '1')
    await write('b', '1')
    const iterator = store.iterator<Buffer, string>({ valueEncoding: 'utf8' })
    const snapshot = store.snapshot()
    await write('a', '2')
    await write('aa', '2')
    await store.del(key('b'))
    t.same(
      (await iterator.all()).map(([name, value]) => `${name} ${value}`),
      ['a 1', 'b 1'],
    )
    t.equal(String(await store.get(key('a'), { snapshot })), '1')
    t.same(await keysOf(store, { snapshot, reverse: true }), ['b', 'a'])
    await snapshot.close()
    t.same(await keysOf(store), ['a', 'aa'])
    await store.close()
    await t.rejects(store.get(key('a')), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  })

  t.test('a batch with a delete and a put of one key ends as its last operation says', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    await writeSynced(store, [
      { type: 'put', key: key('a'), value: key('1') },
      { type: 'del', key: key('a') },
      { type: 'put', key: key('a'), value: key('2') },
    ])
    t.equal(String(await store.get(key('a'))), '2')
    await store.close()
  })

  t.test('a store that is open cannot be opened again', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    await t.rejects(engine.open(path), { code: 'LEVEL_LOCKED' })
    await store.close()
    await (await engine.open(path)).close()
  })

  t.test('what was written is there after closing and opening again', async (t) => {
    const { engine, path } = factory.create(t)
    const before = await engine.open(path)
    await before.put(key('a'), key('1'))
    await before.close()
    const after = await engine.open(path)
    t.equal(String(await after.get(key('a'))), '1')
    await after.close()
  })

  t.test('a store can be moved away, and its path starts empty', async (t) => {
    const { engine, path } = factory.create(t)
    const before = await engine.open(path)
    await before.put(key('a'), key('1'))
    await before.close()
    await engine.move(path, `${path}-quarantined/1`)
    const fresh = await engine.open(path)
    t.equal(await fresh.get(key('a')), undefined)
    await fresh.close()
    const moved = await engine.open(`${path}-quarantined/1`)
    t.equal(String(await moved.get(key('a'))), '1')
    await moved.close()
    await t.rejects(engine.move(`${path}-nothing`, `${path}-elsewhere`), { code: 'ENOENT' })
  })

  t.test(
    'after a write that failed every later one is refused until the store is opened again',
    async (t) => {
      const { engine, path } = factory.create(t)
      const store = await engine.open(path)
      const put = (name: string) => writeSynced(store, [{ type: 'put', key: key(name), value: key(name) }])
      await put('a')
      const bad = writeSynced(store, [{ type: 'put', key: undefined as unknown as Buffer, value: key('b') }])
      const behind = put('c')
      await t.rejects(bad, { code: 'LEVEL_INVALID_KEY' })
      await t.rejects(behind, { code: 'LEVEL_WRITES_REFUSED', cause: { code: 'LEVEL_INVALID_KEY' } })
      await t.rejects(new GroupCommit(store).commit([{ type: 'del', key: key('a') }]), {
        code: 'LEVEL_WRITES_REFUSED',
      })
      await t.rejects(store.put(key('d'), key('d')), { code: 'LEVEL_WRITES_REFUSED' })
      await t.rejects(store.del(key('a')), { code: 'LEVEL_WRITES_REFUSED' })
      await t.rejects(store.clear(), { code: 'LEVEL_WRITES_REFUSED' })
      t.same(await keysOf(store), ['a'], 'it can still be read')
      await store.close()
      const after = await engine.open(path)
      await writeSynced(after, [{ type: 'put', key: key('e'), value: key('e') }])
      t.same(await keysOf(after), ['a', 'e'])
      await after.close()
    },
  )

  t.test('commits that arrive together keep their order', async (t) => {
    const { engine, path } = factory.create(t)
    const store = await engine.open(path)
    const commits = new GroupCommit(store)
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        commits.commit([{ type: 'put', key: key('a'), value: key(String(at)) }]),
      ),
    )
    t.equal(String(await store.get(key('a'))), '99')
    await store.close()
  })
}
