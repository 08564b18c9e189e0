/** Merging gives the same on every replica: the same rows in any order, grouped in any way, any number of times. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { timestampFromTicks } from '#base/timestamp.ts'
import { type ContainerRow, containerRows, mergeContainerRows } from './container-row.ts'
import { decodeTimestamps, encodeTimestamps } from './encoded-timestamps.ts'
import { at, mergeInto } from './index-contract.ts'
import { MemoryIndex } from './memory-index.ts'
import { clearedMetadata, decodeMetadata, encodeMetadata, type Metadata, mergeMetadata } from './metadata.ts'
import {
  deletedRow,
  fromSwiftItem,
  mergeObjectRows,
  type ObjectRow,
  objectRows,
  putRow,
  toSwiftItem,
} from './object-row.ts'
import { decodeStored, encodeStored, nameOfStored } from './stored-row.ts'

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1
}

/** Few times, so that many are equal. */
const tick = fc.integer({ min: 100, max: 103 })
const time = tick.map((ticks) => timestampFromTicks(ticks))
const timeWithOffset = fc
  .tuple(tick, fc.integer({ min: 0, max: 1 }))
  .map(([ticks, offset]) => timestampFromTicks(ticks, offset))

/** As object servers send it: content type and metadata are not older than the data. */
function isInOrder({ dataTimestamp, contentTypeTimestamp, metaTimestamp }: ObjectRow): boolean {
  return metaTimestamp >= contentTypeTimestamp && contentTypeTimestamp >= dataTimestamp.slice(0, 16)
}

const objectRow: fc.Arbitrary<ObjectRow> = fc.oneof(
  timeWithOffset.map((timestamp) => deletedRow('o', 0, timestamp)),
  fc
    .record({
      timestamp: timeWithOffset,
      sizeBytes: fc.integer({ min: 0, max: 2 }),
      etag: fc.constantFrom('e', 'f'),
      contentType: fc.constantFrom(
        'a/b',
        'c/d; x=y',
        'a/b;swift_bytes=1',
        'a/b;swift_bytes=2',
        'a/b;swift_bytes=',
        'a/b;martlet_delete_at=5',
        'a/b;martlet_delete_at=6',
      ),
      contentTypeTimestamp: fc.option(time, { nil: undefined }),
      metaTimestamp: fc.option(time, { nil: undefined }),
    })
    .map((put) => putRow({ name: 'o', policyIndex: 0, ...put }))
    .filter(isInOrder),
)

const containerRow: fc.Arbitrary<ContainerRow> = fc.record({
  name: fc.constant('c'),
  putTimestamp: time,
  deleteTimestamp: time,
  reportedAt: time,
  objects: fc.integer({ min: 0, max: 2 }),
  bytes: fc.integer({ min: 0, max: 2 }),
  policyIndex: fc.integer({ min: 0, max: 1 }),
})

const metadata: fc.Arbitrary<Metadata> = fc
  .array(
    fc.tuple(
      fc.constantFrom('x-container-meta-a', 'x-container-meta-b'),
      fc.constantFrom('', 'v', 'w'),
      time,
    ),
  )
  .map((entries) => new Map(entries.map(([name, value, timestamp]) => [name, { value, timestamp }])))

function isMerge<Value>(
  t: Test,
  values: fc.Arbitrary<Value>,
  merge: (left: Value, right: Value) => Value,
): void {
  fc.assert(
    fc.property(values, values, values, (one, two, three) => {
      t.same(merge(one, two), merge(two, one))
      t.same(merge(merge(one, two), three), merge(one, merge(two, three)))
      t.same(merge(merge(one, two), two), merge(one, two))
    }),
    { numRuns: 500 },
  )
}

t.test('object rows', async (t) => isMerge(t, objectRow, mergeObjectRows))
t.test('content type and expiry of two PUTs of the same time are those of the data that wins', async (t) => {
  const timestamp = timestampFromTicks(100)
  const put = (etag: string, contentType: string): ObjectRow =>
    putRow({ name: 'o', policyIndex: 0, timestamp, sizeBytes: 1, etag, contentType })
  const winner = put('f', 'a/b')
  const loser = put('e', 'text/z;martlet_delete_at=5')
  t.same(mergeObjectRows(winner, loser), winner)
  t.same(mergeObjectRows(loser, winner), winner)
})
t.test('a POST of the time of a PUT changes nothing of what the PUT said', async (t) => {
  const timestamp = timestampFromTicks(100)
  const newer = timestampFromTicks(103)
  const row = { name: 'o', policyIndex: 0, sizeBytes: 1, etag: 'e' }
  const put = putRow({ ...row, timestamp: newer, contentType: 'a/b' })
  const posted = putRow({
    ...row,
    timestamp,
    contentType: 'text/z;martlet_delete_at=5',
    contentTypeTimestamp: newer,
    metaTimestamp: newer,
  })
  t.same(mergeObjectRows(put, posted), put)
  t.same(mergeObjectRows(posted, put), put)
})
t.test('container rows, whatever the time is', async (t) => {
  for (const now of [99, 101, 103]) {
    isMerge(t, containerRow, (left, right) => mergeContainerRows(left, right, timestampFromTicks(now)))
  }
})
t.test('metadata', async (t) => {
  isMerge(t, metadata, (left, right) => new Map([...mergeMetadata(left, right)].toSorted(byName)))
})

t.test(
  'replicas that got the same updates, in any order and more than once, have equal digests',
  async (t) => {
    const name = { account: 'a', container: 'c' }
    const named = fc.tuple(objectRow, fc.constantFrom('x', 'y', 'z')).map(([row, name]) => ({ ...row, name }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(named, { maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 6 }),
        async (rows, again) => {
          const [one, other] = [new MemoryIndex(objectRows), new MemoryIndex(objectRows)]
          await one.apply(name, [], mergeInto)
          for (const row of rows) await one.apply(name, [row], mergeInto)
          const repeated = again.flatMap((index) => rows[index] ?? [])
          await other.apply(name, [...rows.toReversed(), ...repeated], mergeInto)
          t.same((await one.state(name))?.info.stats, (await other.state(name))?.info.stats)
        },
      ),
      { numRuns: 200 },
    )
  },
)

t.test('a row survives storing and sending', async (t) => {
  fc.assert(
    fc.property(objectRow, objectRow, (one, two) => {
      const row = mergeObjectRows(one, two)
      t.same(objectRows.decode('o', 0, objectRows.encode(row)), row)
      t.same(fromSwiftItem(toSwiftItem(row)), row)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(containerRow, (row) => t.same(containerRows.decode('c', 0, containerRows.encode(row)), row)),
  )
  fc.assert(fc.property(metadata, (values) => t.same(decodeMetadata(encodeMetadata(values)), values)))
})

t.test('rows of a version that is not known are refused', async (t) => {
  t.throws(() => decodeStored(objectRows, 0, '9\x1f1'), /version 9/)
  t.throws(() => decodeMetadata(Buffer.from('{"version":9}')), /version 9/)
})

t.test('a stored row is read back, whatever characters its name has', async (t) => {
  const row = putRow({
    name: 'a\x1fb\x1f\0é',
    policyIndex: 0,
    timestamp: at(2),
    sizeBytes: 1,
    etag: 'e',
    contentType: '',
  })
  const text = encodeStored(objectRows, { row, sequence: 7 }).toString()
  t.same(decodeStored(objectRows, 0, text), { row, sequence: 7 })
  t.equal(nameOfStored(objectRows, text), row.name)
})

t.test('times are encoded as Swift encodes them', async (t) => {
  const times = (
    data: string,
    contentType = data,
    meta = contentType,
  ): Parameters<typeof encodeTimestamps>[0] =>
    ({ data, contentType, meta }) as Parameters<typeof encodeTimestamps>[0]
  // Answers of `swift.common.utils.encode_timestamps`.
  t.equal(encodeTimestamps(times('1402436408.91203')), '1402436408.91203')
  t.equal(
    encodeTimestamps(times('1402436408.91203', '1402436408.91203', '1402436409.91203')),
    '1402436408.91203+0+186a0',
  )
  t.equal(encodeTimestamps(times('1402436408.91203', '1402436407.91203')), '1402436408.91203-186a0+0')
  t.equal(
    encodeTimestamps(times('1402436408.91203_00000000000000f0', '1402436408.91204')),
    '1402436408.91203_f0+1+0',
  )
  t.equal(decodeTimestamps('x'), undefined)
  t.equal(decodeTimestamps('1402436408.91203-fffffffffffffff'), undefined)
  fc.assert(
    fc.property(timeWithOffset, time, time, (data, contentType, meta) => {
      t.same(decodeTimestamps(encodeTimestamps({ data, contentType, meta })), { data, contentType, meta })
    }),
  )
})

t.test('clearing metadata removes what was set before, and nothing set later', async (t) => {
  const before: Metadata = new Map([
    ['x-container-meta-a', { value: '1', timestamp: at(1) }],
    ['x-container-meta-b', { value: '2', timestamp: at(9) }],
  ])
  t.same(
    clearedMetadata(before, at(5)),
    new Map([
      ['x-container-meta-a', { value: '', timestamp: at(5) }],
      ['x-container-meta-b', { value: '2', timestamp: at(9) }],
    ]),
  )
})
