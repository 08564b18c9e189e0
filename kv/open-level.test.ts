import { mkdir, readdir, rename, truncate } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { compactRange } from './compact.ts'
import { writeSynced } from './group-commit.ts'
import { kvContract } from './kv-contract.ts'
import { levelEngine } from './open-level.ts'

/** Only what opening and moving a store need. */
const disk = {
  mkdir: async (path: string) => {
    await mkdir(path, { recursive: true })
  },
  rename,
  syncDirectory: async () => {},
} as unknown as Disk

kvContract(t, {
  create: (t) => ({ engine: levelEngine(disk, realClock), path: join(t.testdir(), 'device', 'containers') }),
})

t.test('a damaged LevelDB says that it is corrupt', async (t) => {
  const path = join(t.testdir(), 'store')
  const engine = levelEngine(disk, realClock)
  const store = await engine.open(path)
  await writeSynced(store, [{ type: 'put', key: Buffer.from('a'), value: Buffer.from('1') }])
  await store.close()
  const manifest = (await readdir(path)).find((name) => name.startsWith('MANIFEST'))
  await truncate(join(path, manifest ?? ''), 0)
  await t.rejects(engine.open(path), { code: 'LEVEL_CORRUPTION' })
})

t.test('a range of deleted keys can be compacted', async (t) => {
  const store = await levelEngine(disk, realClock).open(join(t.testdir(), 'store'))
  await store.put(Buffer.from('a'), Buffer.from('1'))
  await store.del(Buffer.from('a'))
  await compactRange(store, Buffer.from('a'), Buffer.from('b'))
  t.equal(await store.get(Buffer.from('a')), undefined)
  await store.close()
})

/** The same disk, with a list of the directories that were synced, below `root`. */
function watchedDisk(root: string): { readonly disk: Disk; readonly synced: string[] } {
  const synced: string[] = []
  const syncDirectory = async (path: string): Promise<void> => {
    synced.push(relative(root, path))
  }
  return { disk: { ...disk, syncDirectory }, synced }
}

t.test('a new store is durable in its parent, and so is one that was moved, in both parents', async (t) => {
  const root = t.testdir()
  const { disk, synced } = watchedDisk(root)
  const engine = levelEngine(disk, realClock)
  await (await engine.open(join(root, 'device', 'containers'))).close()
  t.same(synced, [join('device', 'containers'), 'device'])
  synced.length = 0
  await engine.move(
    join(root, 'device', 'containers'),
    join(root, 'device', 'quarantined', 'containers', '1'),
  )
  t.same(synced, [join('device', 'quarantined', 'containers'), join('device', 'quarantined'), 'device'])
})

t.test('a store whose directory cannot be made durable is not opened', async (t) => {
  const path = join(t.testdir(), 'store')
  const broken = { ...disk, syncDirectory: async () => Promise.reject(new Error('EIO')) }
  await t.rejects(levelEngine(broken, realClock).open(path), { message: 'EIO' })
  await (await levelEngine(disk, realClock).open(path)).close()
})
