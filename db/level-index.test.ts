import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { realDisk } from '#disk/real-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { levelEngine } from '#kv/open-level.ts'
import { at, indexContract, mergeInto, row } from './index-contract.ts'
import { type DatabaseState, statsOf } from './info.ts'
import { LevelIndex } from './level-index.ts'
import type { ListingQuery } from './listing.ts'
import { MemoryIndex } from './memory-index.ts'
import { deletedRow, type ObjectRow, objectRows } from './object-row.ts'

const SALT = { prefix: 'p', suffix: 's' }
const CONTAINER = { account: 'a', container: 'c' }

function indexOn(store: KvStore): LevelIndex<ObjectRow> {
  return new LevelIndex({
    store,
    kind: objectRows,
    salt: SALT,
    random: new SeededRandom(1),
    onFailure: () => {},
  })
}

indexContract(t, { create: async () => indexOn(await new MemoryKv().open('/d')) })

t.test('on LevelDB', async (t) => {
  indexContract(t, {
    create: async (t) => {
      const store = await levelEngine(realDisk, realClock).open(join(t.testdir(), 'containers'))
      t.teardown(() => store.close())
      return indexOn(store)
    },
  })
})

t.test(
  'a page of changes is as long as it was when it was read, whatever is deleted meanwhile',
  async (t) => {
    const store = await new MemoryKv().open('/d')
    const writer = indexOn(store)
    await writer.apply(CONTAINER, [row('a', 2), row('b', 2), row('c', 2)], mergeInto)
    const between = new Proxy(store, {
      get(target, key): unknown {
        const member: unknown = Reflect.get(target, key)
        if (typeof member !== 'function') return member
        if (key !== 'getMany') return member.bind(target)
        return async (...asked: unknown[]) => {
          await writer.apply(CONTAINER, [deletedRow('b', 0, at(3))], mergeInto)
          return member.apply(target, asked)
        }
      },
    })
    const changes = await indexOn(between).changesSince(CONTAINER, 0, 3)
    t.same(
      changes.map((one) => one.row.name),
      ['a', 'b', 'c'],
    )
  },
)

t.test('a change that was answered survives a crash, and half a change never shows', async (t) => {
  const kv = new MemoryKv()
  const index = indexOn(await kv.open('/d'))
  await index.apply(CONTAINER, [row('a', 2, 10)], mergeInto)
  await kv.crash()
  const after = indexOn(await kv.open('/d'))
  const state = (await after.state(CONTAINER)) as DatabaseState
  t.match(statsOf(state.info, 0), { rows: 1, bytes: 10 })
  t.same((await after.digestRange(CONTAINER, 0, {})).live, statsOf(state.info, 0).liveDigest)
})

t.test('a failing store fails the request, reports itself, and nothing half done is seen', async (t) => {
  const kv = new MemoryKv()
  const store = await kv.open('/d')
  const failures: unknown[] = []
  const index = new LevelIndex({
    store,
    kind: objectRows,
    salt: SALT,
    random: new SeededRandom(1),
    onFailure: (error) => failures.push(error),
  })
  await index.apply(CONTAINER, [row('a', 2)], mergeInto)
  kv.breakWrites('/d', new Error('EIO'))
  await t.rejects(index.apply(CONTAINER, [row('b', 2)], mergeInto))
  t.equal(failures.length, 1)
  kv.breakWrites('/d', undefined)
  await t.rejects(index.apply(CONTAINER, [row('c', 2)], mergeInto), { code: 'LEVEL_WRITES_REFUSED' })
  await t.rejects(index.setSyncPoint(CONTAINER, 'peer', 1), { code: 'LEVEL_WRITES_REFUSED' })
  t.equal(failures.length, 3)
  t.equal(statsOf(((await index.state(CONTAINER)) as DatabaseState).info, 0).rows, 1)
})

t.test('a rule that throws fails its own request only', async (t) => {
  const index = indexOn(await new MemoryKv().open('/d'))
  const bad = index.apply(CONTAINER, [], () => {
    throw new Error('bug')
  })
  const good = index.apply(CONTAINER, [row('a', 2)], mergeInto)
  await t.rejects(bad, { message: 'bug' })
  t.equal(await good, 'merged')
})

/** Names full of what makes listings hard: delimiters at both ends, nothing between them, NUL, and UTF-16 order traps. */
const nameParts = fc.constantFrom('a', 'b', '/', '//', '-', '\0', '\uffff', '\u{1f600}', 'é', '0', '.')
const nameArbitrary = fc.array(nameParts, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
const markerArbitrary = fc.option(nameArbitrary, { nil: undefined })

const queryArbitrary: fc.Arbitrary<ListingQuery> = fc.record({
  limit: fc.integer({ min: 0, max: 12 }),
  marker: markerArbitrary,
  endMarker: markerArbitrary,
  prefix: fc.option(fc.oneof(nameArbitrary, nameParts, fc.constant('')), { nil: undefined }),
  delimiter: fc.option(fc.constantFrom('/', '//', '-', 'a/', '\u{1f600}'), { nil: undefined }),
  path: fc.option(fc.oneof(fc.constant(''), fc.constant('/'), nameParts, nameArbitrary), {
    nil: undefined,
    freq: 4,
  }),
  direction: fc.constantFrom('forward', 'reverse'),
  reservedNames: fc.constantFrom('hidden', 'shown'),
})

const rowArbitrary = fc
  .tuple(nameArbitrary, fc.integer({ min: 2, max: 6 }), fc.boolean())
  .map(([name, time, gone]) => {
    return gone ? deletedRow(name, 0, at(time)) : row(name, time)
  })

t.test('the real index lists, counts and digests like the simple one', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(rowArbitrary, { maxLength: 30 }), { maxLength: 4 }),
      fc.array(queryArbitrary, { minLength: 1, maxLength: 6 }),
      async (batches, queries) => {
        const real = indexOn(await new MemoryKv().open('/d'))
        const model = new MemoryIndex(objectRows)
        for (const batch of batches) {
          await Promise.all([
            real.apply(CONTAINER, batch, mergeInto),
            model.apply(CONTAINER, batch, mergeInto),
          ])
        }
        t.same(await real.state(CONTAINER), await model.state(CONTAINER))
        for (const query of queries) {
          const [actual, expected] = await Promise.all([
            real.list(CONTAINER, 0, query),
            model.list(CONTAINER, 0, query),
          ])
          t.same(actual, expected)
          const { limit, ...range } = query
          t.same(await real.digestRange(CONTAINER, 0, range), await model.digestRange(CONTAINER, 0, range))
          t.same(
            await real.rows(CONTAINER, 0, { ...range, limit }),
            await model.rows(CONTAINER, 0, { ...range, limit }),
          )
        }
        t.same(await real.changesSince(CONTAINER, 0, 100), await model.changesSince(CONTAINER, 0, 100))
      },
    ),
    { numRuns: 150 },
  )
})
