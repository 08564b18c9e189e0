/** The small parts of the engine, each by itself. */
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { BlockChecksums } from '#base/block-checksums.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { ByteLru } from './byte-lru.ts'
import { DirectorySyncs } from './directory-syncs.ts'
import { ExpirerQueue } from './expirer-queue.ts'
import { KeyedLock } from './keyed-lock.ts'
import { fileName, filesOf, leafPath, parseFileName, policyPaths } from './layout.ts'
import { ObjectCache } from './object-cache.ts'
import { type DataVersion, EMPTY_STATE, type ObjectState } from './object-state.ts'
import { quarantineFile } from './quarantine.ts'
import { EMPTY_DIGEST, RangeDigests } from './range-digests.ts'

const SECOND = '1700000001.00000' as Timestamp
const HASH = '0123456789abcdef0123456789abcdef'

function version(etag = 'e'): DataVersion {
  return { timestamp: SECOND, sizeBytes: 1, etag, fileBytes: 1, record: undefined }
}

function stateWith(data: DataVersion): ObjectState {
  return { ...EMPTY_STATE, data }
}

await t.test('block checksums do not depend on how the body comes in', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat({ max: 30 })), (body, cuts) => {
      const checksums = new BlockChecksums(16)
      let at = 0
      for (const cut of cuts) {
        checksums.update(Buffer.from(body.subarray(at, at + cut)))
        at = Math.min(body.length, at + cut)
      }
      checksums.update(Buffer.from(body.subarray(at)))
      const wanted: number[] = []
      for (let start = 0; start < body.length; start += 16)
        wanted.push(crc32(body.subarray(start, start + 16)))
      t.same(checksums.finish(), wanted)
    }),
  )
})

await t.test('file names say hash, time and kind, and nothing else passes for one', async (t) => {
  const files = [
    { hash: HASH, timestamp: SECOND, kind: 'data' as const },
    { hash: HASH, timestamp: `${SECOND}_00000000000000ff` as Timestamp, kind: 'meta' as const },
    { hash: HASH, timestamp: SECOND, kind: 'ts' as const },
  ]
  for (const file of files) t.same(parseFileName(fileName(file)), file)
  for (const name of ['', 'x', `${HASH}_1.data`, `${HASH}_${SECOND}.tmp`, `x${HASH}_${SECOND}.data`]) {
    t.equal(parseFileName(name), undefined, name)
  }
  t.equal(leafPath('/d/objects', '01'), '/d/objects/01')
  t.equal(policyPaths('/d', 0).objects, '/d/objects')
  t.equal(policyPaths('/d', 2).index, '/d/index-2')
  t.same(filesOf(HASH, { ...stateWith(version()), tombstone: undefined }), [files[0]])
})

await t.test('a cache keeps to its limit and drops what was used longest ago', async (t) => {
  const dropped: string[] = []
  const lru = new ByteLru<string>(10, (value) => dropped.push(value))
  lru.set('a', 'A', 4)
  lru.set('b', 'B', 4)
  t.equal(lru.get('a'), 'A')
  lru.set('c', 'C', 4)
  t.same(dropped, ['B'])
  lru.set('a', 'AA', 6)
  t.same([lru.sizeBytes, lru.count, dropped], [10, 2, ['B', 'A']])
  lru.set('d', 'D', 11)
  t.equal(lru.get('d'), undefined, 'larger than everything')
  lru.clear()
  t.same([lru.sizeBytes, lru.count], [0, 0])
})

await t.test('a state loaded while the object was written is not remembered', async (t) => {
  const cache = new ObjectCache()
  const { promise, resolve } = Promise.withResolvers<ObjectState>()
  const [old, fresh] = [stateWith(version('old')), stateWith(version('new'))]
  const reading = cache.load(HASH, () => promise)
  cache.replaced(HASH, fresh)
  resolve(old)
  t.equal(await reading, old)
  t.equal(cache.state(HASH), fresh)
})

await t.test('readers of one object share one load; a failed one is not remembered', async (t) => {
  const cache = new ObjectCache()
  let loads = 0
  const failing = async (): Promise<ObjectState> => {
    loads += 1
    throw new Error('no')
  }
  const both = await Promise.allSettled([cache.load(HASH, failing), cache.load(HASH, failing)])
  t.same(
    both.map((one) => one.status),
    ['rejected', 'rejected'],
  )
  t.equal(loads, 1)
  const state = stateWith(version())
  t.equal(await cache.load(HASH, async () => state), state)
})

await t.test('bodies and files are those of the present version only', async (t) => {
  const cache = new ObjectCache()
  const [old, fresh] = [version('old'), version('new')]
  cache.replaced(HASH, stateWith(old))
  cache.keepBody(HASH, old, Buffer.from('old'))
  t.equal(cache.body(HASH, old)?.toString(), 'old')
  cache.replaced(HASH, { ...stateWith(old), lost: SECOND })
  t.ok(cache.body(HASH, old), 'a POST keeps them')
  cache.replaced(HASH, stateWith(fresh))
  t.equal(cache.body(HASH, fresh), undefined)
  cache.keepBody(HASH, old, Buffer.from('old'))
  t.equal(cache.body(HASH, fresh), undefined)
})

await t.test('work under one key happens in order, also after a failure', async (t) => {
  const lock = new KeyedLock()
  const order: number[] = []
  const work = async (n: number): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    order.push(n)
    if (n === 2) throw new Error('second')
  }
  const all = await Promise.allSettled([1, 2, 3].map((n) => lock.run('key', () => work(n))))
  t.same(order, [1, 2, 3])
  t.same(
    all.map((one) => one.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

await t.test('a sync serves everybody who asked before it began', async (t) => {
  const memory = new MemoryDisk()
  const before = memory.changes
  const shared = new DirectorySyncs(memory.remount())
  await Promise.all(Array.from({ length: 10 }, () => shared.sync('/')))
  t.equal(memory.changes - before, 2, 'one under way when the others came, one for all of them')
  await shared.sync('/')
  t.equal(memory.changes - before, 3)
  await shared.close()
})

await t.test('a directory that cannot be kept open is synced all the same', async (t) => {
  const memory = new MemoryDisk()
  const shared = new DirectorySyncs(memory.remount())
  memory.addFault({ operation: 'openRead', effect: 'EMFILE', times: 1 })
  const before = memory.changes
  await shared.sync('/')
  t.equal(memory.changes - before, 1)
  await shared.close()
})

await t.test('quarantine keeps every copy of a name, and outlives a crash', async (t) => {
  const memory = new MemoryDisk()
  const disk = memory.remount()
  await disk.mkdir('/sda/quarantined', { recursive: true })
  await disk.syncDirectory('/')
  await disk.syncDirectory('/sda')
  const syncs = new DirectorySyncs(disk)
  for (let n = 0; n < 103; n += 1) {
    const file = await disk.createExclusive('/sda/f')
    await file.sync()
    await file.close()
    await quarantineFile(disk, syncs, '/sda', 'f', '/sda/quarantined/objects')
  }
  memory.crash(new SeededRandom(1))
  const kept = await memory.remount().readdir('/sda/quarantined/objects')
  t.equal(kept.length, 103)
  t.ok(kept.includes('f.102'))
})

await t.test('range digests are sums: order does not matter, taking away leaves nothing', async (t) => {
  const digests = new RangeDigests()
  const state = stateWith(version())
  const other = 'ffff456789abcdef0123456789abcdef'
  digests.change(HASH, EMPTY_STATE, state)
  const one = digests.below('0123')
  digests.change(other, EMPTY_STATE, state)
  t.same(digests.below('01'), one)
  t.equal(digests.below('').count, 2)
  t.same(
    digests.all().map(({ prefix }) => prefix),
    ['0123', 'ffff'],
  )
  const stored = digests.change(other, state, EMPTY_STATE)
  t.same(digests.below(''), one)
  t.same(digests.below('ffff'), EMPTY_DIGEST)
  const reloaded = new RangeDigests()
  reloaded.load('ffff', stored)
  t.same(reloaded.below('ffff'), EMPTY_DIGEST)
})

// Answers of `swift.common.utils.get_expirer_container(t, 86400, a, c, o)` with prefix "changeme" and suffix "too".
const EXPIRER_CONTAINERS: readonly (readonly [number, string, string])[] = [
  [1_700_000_100, '/a/c/o', '1699919930'],
  [1_700_000_100, '/AUTH_test/photos/2023/a b.jpg', '1699919945'],
  [50, '/a/c/o', '0000000000'],
  [9_999_999_999, '/a/c/o', '9999935930'],
]

await t.test('containers of the expirer are those that Swift computes', async (t) => {
  const queue = new ExpirerQueue({ prefix: 'changeme', suffix: 'too' })
  for (const [deleteAt, name, container] of EXPIRER_CONTAINERS)
    t.equal(queue.container(deleteAt, name), container)
})
