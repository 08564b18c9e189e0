/** What every index promises, as one suite that runs on the real one and on its twin in memory. */
import type { Test } from 'tap'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { Decision, Index, Rule } from './contract.ts'
import { type DatabaseState, newInfo, statsOf } from './info.ts'
import { deletedRow, type ObjectRow, putRow } from './object-row.ts'
import { currentReport } from './reporting.ts'

export interface IndexFactory {
  create(t: Test): Promise<Index<ObjectRow>>
}

const CONTAINER = { account: 'a', container: 'c' }

export function at(seconds: number): Timestamp {
  return parseTimestamp(String(seconds)) as Timestamp
}

export function row(name: string, seconds: number, sizeBytes = 1, policyIndex = 0): ObjectRow {
  return putRow({
    name,
    policyIndex,
    timestamp: at(seconds),
    sizeBytes,
    etag: `e${seconds}`,
    contentType: 'text/plain',
  })
}

/** Creates the database if need be and merges the rows. */
export const mergeInto: Rule<'merged'> = (state) => ({
  result: 'merged',
  info: state?.info ?? newInfo(CONTAINER, at(1), 0),
  rows: 'merge',
})

async function merge(index: Index<ObjectRow>, ...rows: ObjectRow[]): Promise<void> {
  await index.apply(CONTAINER, rows, mergeInto)
}

const FIRST_HASH = '0'.repeat(32)

async function makeContainer(
  index: Index<ObjectRow>,
  container: string,
  ...rows: readonly ObjectRow[]
): Promise<void> {
  await index.apply({ account: 'a', container }, rows, (state) => ({
    result: undefined,
    info: state?.info ?? newInfo({ account: 'a', container }, at(1), 0),
    rows: 'merge',
  }))
}

async function names(
  index: Index<ObjectRow>,
  query: Partial<Parameters<Index<ObjectRow>['list']>[2]> = {},
): Promise<string[]> {
  const entries = await index.list(CONTAINER, 0, {
    limit: 10_000,
    direction: 'forward',
    reservedNames: 'hidden',
    ...query,
  })
  return entries.map((entry) => (entry.kind === 'row' ? entry.row.name : `${entry.name} (subdir)`))
}

/** Adds the suite's tests to `t`. */
export function indexContract(t: Test, factory: IndexFactory): void {
  t.test('a database that nobody made has no state, no rows and no changes', async (t) => {
    const index = await factory.create(t)
    t.equal(await index.state(CONTAINER), undefined)
    t.same(await names(index), [])
    t.same(await index.changesSince(CONTAINER, 0, 10), [])
    await index.close()
  })

  t.test('a rule that decides nothing changes nothing', async (t) => {
    const index = await factory.create(t)
    t.equal(await index.apply(CONTAINER, [row('x', 2)], () => ({ result: 'no', rows: 'merge' })), 'no')
    t.equal(await index.state(CONTAINER), undefined)
    await index.close()
  })

  t.test('counters and digests follow puts, overwrites and deletes', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 2, 10), row('b', 2, 20), row('c', 2, 5, 1))
    const before = await stateOf(index)
    t.match(statsOf(before.info, 0), { rows: 2, bytes: 30, tombstones: 0 })
    t.match(statsOf(before.info, 1), { rows: 1, bytes: 5 })
    await merge(index, row('a', 3, 11), deletedRow('b', 0, at(3)))
    const after = await stateOf(index)
    t.match(statsOf(after.info, 0), { rows: 1, bytes: 11, tombstones: 1 })
    t.notSame(statsOf(after.info, 0).liveDigest, statsOf(before.info, 0).liveDigest)
    const whole = await index.digestRange(CONTAINER, 0, {})
    t.same(whole.live, statsOf(after.info, 0).liveDigest)
    t.same(whole.tombstones, statsOf(after.info, 0).tombstoneDigest)
    t.same(await names(index), ['a'])
    await index.close()
  })

  t.test('an older row changes nothing, not even the change log', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 5))
    const before = await stateOf(index)
    await merge(index, row('a', 4), row('a', 5))
    t.equal((await stateOf(index)).info.sequence, before.info.sequence)
    await index.close()
  })

  t.test('the change log has each row once, with its latest change', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 2), row('b', 2))
    await merge(index, row('a', 3), deletedRow('c', 0, at(3)))
    const changes = await index.changesSince(CONTAINER, 0, 10)
    t.same(
      changes.map((change) => change.row.name),
      ['b', 'a', 'c'],
    )
    t.same(await index.changesSince(CONTAINER, changes[1]?.sequence ?? 0, 10), changes.slice(2))
    t.same(await index.changesSince(CONTAINER, 0, 1), changes.slice(0, 1))
    await index.close()
  })

  t.test('rules see each other, in the order they came', async (t) => {
    const index = await factory.create(t)
    await merge(index)
    const next: Rule<number> = (state): Decision<number> => {
      const policyIndex = (state?.info.policyIndex ?? 0) + 1
      return { result: policyIndex, info: { ...(state as DatabaseState).info, policyIndex } }
    }
    const results = await Promise.all(Array.from({ length: 20 }, () => index.apply(CONTAINER, [], next)))
    t.same(
      results,
      Array.from({ length: 20 }, (_, at) => at + 1),
    )
    await index.close()
  })

  t.test('rows that arrive together for one name are merged one after the other', async (t) => {
    const index = await factory.create(t)
    await Promise.all([3, 9, 4, 9, 2].map((seconds) => merge(index, row('a', seconds, seconds))))
    t.match(statsOf((await stateOf(index)).info, 0), { rows: 1, bytes: 9 })
    await index.close()
  })

  t.test('rows are read with their tombstones, in order, within a range', async (t) => {
    const index = await factory.create(t)
    await merge(
      index,
      row('b', 2),
      deletedRow('a', 0, at(2)),
      row('c', 2),
      row('\0hidden', 2),
      row('d', 2, 1, 1),
    )
    const all = await index.rows(CONTAINER, 0, { limit: 10 })
    t.same(
      all.map((one) => [one.name, one.deleted]),
      [
        ['\0hidden', false],
        ['a', true],
        ['b', false],
        ['c', false],
      ],
    )
    t.same(await index.rows(CONTAINER, 0, { limit: 1, marker: 'a', endMarker: 'c' }), [all[2]])
    t.same(await index.named(CONTAINER, 0, ['b', 'nothing', 'a', 'd']), [
      all[2],
      undefined,
      all[1],
      undefined,
    ])
    t.same(await index.named({ account: 'a', container: 'none' }, 0, ['b']), [undefined])
    const part = await index.digestRange(CONTAINER, 0, { marker: 'a', endMarker: 'd' })
    t.notSame(part.live, (await index.digestRange(CONTAINER, 0, {})).live)
    await index.close()
  })

  t.test('listing hides reserved names unless asked', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('\0r', 2), row('a', 2))
    t.same(await names(index), ['a'])
    t.same(await names(index, { reservedNames: 'shown' }), ['\0r', 'a'])
    t.same(await names(index, { direction: 'reverse', reservedNames: 'shown' }), ['a', '\0r'])
    await index.close()
  })

  t.test('sync points are kept by peer', async (t) => {
    const index = await factory.create(t)
    await merge(index)
    t.equal(await index.syncPoint(CONTAINER, 'p'), 0)
    await index.setSyncPoint(CONTAINER, 'p', 7)
    t.equal(await index.syncPoint(CONTAINER, 'p'), 7)
    t.equal(await index.syncPoint(CONTAINER, 'q'), 0)
    await index.close()
  })

  t.test('a container is unreported until what it reported is what it has', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 2))
    t.same(
      (await index.unreported(10)).map((one) => one.name),
      [CONTAINER],
    )
    await index.apply(CONTAINER, [], (state) => {
      const { info } = state as DatabaseState
      return { result: undefined, info: { ...info, reported: currentReport(info) } }
    })
    t.same(await index.unreported(10), [])
    await merge(index, row('b', 2))
    const [one] = await index.unreported(10)
    t.same(one?.name, CONTAINER)
    t.same(await index.unreported(10, one?.hash), [])
    await index.close()
  })

  t.test(
    'databases come in the order of their hashes, page by page, and their rows do not matter',
    async (t) => {
      const index = await factory.create(t)
      for (let at = 0; at < 7; at += 1) await makeContainer(index, `c${at}`, row('x', 2), row('y', 2))
      const all = await index.databases({ first: FIRST_HASH, end: undefined }, 100)
      t.equal(all.length, 7)
      t.same(
        all.map(({ hash }) => hash),
        all.map(({ hash }) => hash).toSorted(),
      )
      const third = all[2]?.hash ?? ''
      t.same(await index.databases({ first: third, end: all[5]?.hash }, 100), all.slice(2, 5))
      t.same(await index.databases({ first: third, end: undefined }, 2), all.slice(2, 4))
      await index.close()
    },
  )

  t.test('a removed database is gone with its rows, and one made anew goes on counting', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 2), row('b', 2), deletedRow('c', 0, at(3)))
    t.equal(await index.remove(CONTAINER, () => false), 'kept')
    const before = await stateOf(index)
    const removal = index.remove(CONTAINER, (state) => state.info.sequence === before.info.sequence)
    const again = merge(index, row('z', 4))
    t.equal(await removal, 'removed')
    await again
    t.same(await names(index), ['z'])
    t.same(
      (await index.changesSince(CONTAINER, 0, 10)).map((change) => change.row.name),
      ['z'],
    )
    const after = await stateOf(index)
    t.match(statsOf(after.info, 0), { rows: 1, tombstones: 0 })
    t.ok(after.info.sequence > before.info.sequence)
    t.equal(await index.remove({ account: 'a', container: 'other' }, () => true), 'kept')
    await index.close()
  })

  t.test('rows are dropped only while they are stored exactly so', async (t) => {
    const index = await factory.create(t)
    const tombstone = deletedRow('a', 0, at(3))
    await merge(index, row('a', 2), tombstone, row('b', 2), row('c', 2))
    await index.apply(CONTAINER, [tombstone, row('b', 1), row('c', 2)], () => ({ result: 0, rows: 'drop' }))
    t.same(await names(index), ['b'])
    t.match(statsOf((await stateOf(index)).info, 0), { rows: 1, tombstones: 0 })
    const whole = await index.digestRange(CONTAINER, 0, {})
    t.same(whole.live, statsOf((await stateOf(index)).info, 0).liveDigest)
    t.same(statsOf((await stateOf(index)).info, 0).tombstoneDays, new Map())
    t.same(
      (await index.changesSince(CONTAINER, 0, 10)).map((change) => change.row.name),
      ['b'],
    )
    await index.close()
  })

  t.test('tombstones are read in order, with the numbers of their changes', async (t) => {
    const index = await factory.create(t)
    await merge(index, deletedRow('b', 0, at(2)), row('live', 2), deletedRow('a', 0, at(2)))
    const all = await index.tombstones(CONTAINER, 0, '', 10)
    t.same(
      all.map(({ row, sequence }) => [row.name, sequence]),
      [
        ['a', 3],
        ['b', 1],
      ],
    )
    t.same(await index.tombstones(CONTAINER, 0, 'a', 10), all.slice(1))
    await index.close()
  })

  t.test('a remembered digest of a partition is what reading again gives', async (t) => {
    const index = await factory.create(t)
    // Every deletion of this test is later than both days, so only memory can make a difference.
    const digest = (horizon: number): Promise<Buffer> =>
      index.partitionDigest({ partPower: 0, partition: 0 }, horizon)
    const nothing = await digest(0)
    await makeContainer(index, 'gone', row('x', 2))
    await makeContainer(index, 'stays', row('x', 2))
    const first = await digest(0)
    t.notSame(first, nothing)
    await makeContainer(index, 'stays', row('y', 3), deletedRow('x', 0, at(4)))
    await index.remove({ account: 'a', container: 'gone' }, () => true)
    const remembered = await digest(0)
    t.notSame(remembered, first)
    t.same(remembered, await digest(-1))
    await index.close()
  })

  t.test('a container with rows of another storage policy is listed as misplaced', async (t) => {
    const index = await factory.create(t)
    await merge(index, row('a', 2))
    t.same(await index.misplaced(10), [])
    const wrong = row('b', 2, 1, 1)
    await merge(index, wrong)
    t.same(
      (await index.misplaced(10)).map((one) => one.name),
      [CONTAINER],
    )
    await index.apply(CONTAINER, [wrong], () => ({ result: 0, rows: 'drop' }))
    t.same(await index.misplaced(10), [])
    await index.close()
  })

  t.test('a store has one identity', async (t) => {
    const index = await factory.create(t)
    t.equal(await index.storeId(), await index.storeId())
    await index.close()
  })

  t.test('metadata stays until a rule changes it', async (t) => {
    const index = await factory.create(t)
    const metadata = new Map([['x-container-meta-a', { value: '1', timestamp: at(2) }]])
    await index.apply(CONTAINER, [], (state) => ({ ...mergeInto(state), metadata }))
    await merge(index, row('a', 2))
    t.same((await stateOf(index)).metadata, metadata)
    await index.close()
  })
}

async function stateOf(index: Index<ObjectRow>): Promise<DatabaseState> {
  return (await index.state(CONTAINER)) as DatabaseState
}
