import { mkdir, readdir, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { compactRange } from './compact.ts'
import { writeSynced } from './group-commit.ts'
import { kvContract } from './kv-contract.ts'
import { levelEngine } from './open-level.ts'

/** Only what moving a store needs. */
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
