/** What one replica asks of another is what it will keep, and afterwards both know the same. */
import fc from 'fast-check'
import t from 'tap'
import { FACT_PREFIX } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type MetaRecord, postedMeta } from '../meta-record.ts'
import { comparedText, isSameData, joinStates, type ObjectState } from '../object-state.ts'
import {
  covers,
  decodeEntry,
  type Entry,
  emptyEntry,
  encodeEntry,
  entryOf,
  lackOf,
  latestOf,
  textOf,
} from './entry.ts'

const FACTS = [`${FACT_PREFIX}acl`, `${FACT_PREFIX}tags`]
const HASH = '0'.repeat(32)
const timestamp = fc.integer({ min: 1, max: 6 }).map((second) => `170000000${second}.00000` as Timestamp)
const etag = fc.constantFrom('a'.repeat(32), 'b'.repeat(32))
const data = fc.record({
  timestamp,
  etag,
  sizeBytes: fc.constant(1),
  fileBytes: fc.constant(1),
  record: fc.constant(undefined),
  precedence: fc.constantFrom('a', 'b'),
})
const values = fc
  .constantFrom('x', 'y')
  .map((value) => Object.fromEntries(FACTS.map((name) => [name, value])))
const facts = fc
  .record({ timestamp, values, fields: fc.constantFrom('metadata' as const, ...FACTS.map((name) => [name])) })
  .map(({ timestamp: at, values: headers, fields }) => postedMeta('/a/c/o', at, headers, undefined, fields))
const carried = fc
  .record({ timestamp, values })
  .map(({ timestamp: at, values: headers }) => postedMeta('/a/c/o', at, headers, undefined, undefined))
const wholePost = fc
  .record({
    timestamp,
    typeAt: fc.option(timestamp, { nil: undefined }),
    type: fc.constantFrom('t', 'u'),
    colour: fc.constantFrom('blue', 'red'),
  })
  .map(({ timestamp: at, typeAt, type, colour }): MetaRecord => {
    const contentType = typeAt === undefined || typeAt > at ? undefined : { value: type, timestamp: typeAt }
    return { name: '/a/c/o', timestamp: at, headers: { 'x-object-meta-colour': colour }, contentType }
  })
const meta = fc.oneof(wholePost, facts, carried)
/** Only what a replica can be in: everything went through the rule of joining. */
const state = fc
  .record({
    data: fc.option(data, { nil: undefined }),
    meta: fc.option(meta, { nil: undefined }),
    tombstone: fc.option(timestamp, { nil: undefined }),
    lost: fc.option(timestamp, { nil: undefined }),
  })
  .map((one): ObjectState => joinStates(one, one))

t.test('what is lacking is exactly what joining would change', async () => {
  fc.assert(
    fc.property(state, state, (mine, theirs) => {
      const joined = joinStates(mine, theirs)
      const lack = lackOf(entryOf(HASH, mine), entryOf(HASH, theirs))
      const isNews = comparedText(joined) !== comparedText(mine)
      const isOtherData =
        joined.data !== undefined && (mine.data === undefined || !isSameData(joined.data, mine.data))
      return lack === (isNews ? (isOtherData ? 'data' : 'small') : 'nothing')
    }),
  )
})

t.test('after each fetched from the other both are equal, and nothing is lacking', async () => {
  fc.assert(
    fc.property(state, state, (left, right) => {
      const [one, other] = [joinStates(left, right), joinStates(right, left)]
      const [first, second] = [entryOf(HASH, one), entryOf(HASH, other)]
      return (
        textOf(first) === textOf(second) &&
        covers(first, second) &&
        covers(second, first) &&
        covers(first, entryOf(HASH, left)) &&
        covers(first, entryOf(HASH, right))
      )
    }),
  )
})

t.test('an entry is the same after the way over the network', async () => {
  fc.assert(
    fc.property(state, (one) => {
      const entry = entryOf(HASH, one)
      const decoded = decodeEntry(JSON.parse(JSON.stringify(encodeEntry(entry))))
      return JSON.stringify(decoded) === JSON.stringify(entry)
    }),
  )
})

t.test('what an earlier version tells lacks nothing that is here at the same times', async (t) => {
  const data = { timestamp: '1700000001.00000', etag: 'a'.repeat(32), sizeBytes: 1, precedence: 'a' }
  const meta = { timestamp: '1700000002.00000', contentType: undefined, precedence: 'a' }
  const mine = { ...emptyEntry(HASH), data, meta } as Entry
  const told = decodeEntry([HASH, [data.timestamp, data.etag, 1], [meta.timestamp, null], null, null])
  t.equal(told === undefined ? 'refused' : lackOf(mine, told), 'nothing')
})

t.test('what is no entry is refused', async (t) => {
  for (const value of [
    undefined,
    null,
    1,
    {},
    [],
    ['x'],
    [HASH, [1, 2, 3]],
    [HASH, ['1700000000.00000', 'x', 1]],
  ]) {
    t.equal(decodeEntry(value), undefined, JSON.stringify(value) ?? 'undefined')
  }
  t.equal(decodeEntry([HASH, null, [5, null], null, null]), undefined)
})

t.test('the latest time of an entry', async (t) => {
  const at = (second: number): Timestamp => `170000000${second}.00000` as Timestamp
  t.equal(
    latestOf({ hash: HASH, data: undefined, meta: undefined, tombstone: undefined, lost: at(9) }),
    undefined,
  )
  const metadata = { timestamp: at(3), contentType: undefined, precedence: '' }
  t.equal(latestOf({ hash: HASH, data: undefined, meta: metadata, tombstone: at(2), lost: undefined }), at(3))
})
