/** `testdata/timestamps.json` holds the answers of OpenStack Swift (`http/testdata/golden.py` takes them). */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  httpDate,
  isoForm,
  justAfter,
  lastModifiedSeconds,
  nextTick,
  normalForm,
  offsetOf,
  parseTimestamp,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
  ZERO_TIMESTAMP,
} from './timestamp.ts'

type Golden = readonly (readonly [string, readonly [string, string, string, number] | null])[]
const golden = JSON.parse(
  readFileSync(new URL('./testdata/timestamps.json', import.meta.url), 'utf8'),
) as Golden

void t.test('timestamps are read and printed as in Swift', async (t) => {
  for (const [written, expected] of golden) {
    const stamp = parseTimestamp(written)
    const ours =
      stamp === undefined ? null : [stamp, normalForm(stamp), isoForm(stamp), lastModifiedSeconds(stamp)]
    t.same(ours, expected, JSON.stringify(written))
  }
})

void t.test('what is no time, or does not fit, is refused', async (t) => {
  for (const written of ['-0', '1e400', '9999999999.999999', '1_g', '1 2', '1.2.3', '٣', 'Infinity']) {
    t.equal(parseTimestamp(written), undefined, written)
  }
})

const ticks = fc.integer({ min: 0, max: 999_999_999_999_999 })
const offset = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))

void t.test('a timestamp is read back as it was printed', async (t) => {
  fc.assert(
    fc.property(ticks, offset, (time, later) => {
      const stamp = timestampFromTicks(time, later)
      t.equal(parseTimestamp(stamp), stamp)
      t.equal(ticksOf(stamp), time)
      t.equal(offsetOf(stamp), later)
    }),
  )
})

void t.test('the order of the texts is the order of the times', async (t) => {
  fc.assert(
    fc.property(ticks, offset, ticks, offset, (time, later, otherTime, otherLater) => {
      const stamp = timestampFromTicks(time, later)
      const other = timestampFromTicks(otherTime, otherLater)
      const byTime = Math.sign(time - otherTime || later - otherLater)
      t.equal(stamp < other ? -1 : stamp > other ? 1 : 0, byTime)
    }),
  )
})

void t.test('the next tick is later, whatever the offset was', async (t) => {
  const stamp = timestampFromTicks(170_000_000_012_345, 7)
  t.equal(nextTick(stamp), '1700000000.12346')
  t.ok(nextTick(stamp) > stamp)
  t.ok(nextTick(ZERO_TIMESTAMP) > ZERO_TIMESTAMP)
})

void t.test('nothing is between a timestamp and the one just after it', async (t) => {
  const stamp = timestampFromTicks(170_000_000_012_345)
  t.equal(justAfter(stamp), '1700000000.12345_0000000000000001')
  t.equal(justAfter(justAfter(stamp)), '1700000000.12345_0000000000000002')
})

void t.test('ticks that sixteen characters cannot hold are our own mistake', async (t) => {
  for (const bad of [-1, 0.5, Number.NaN, 1e15, Number.POSITIVE_INFINITY]) {
    t.throws(() => timestampFromTicks(bad), RangeError)
  }
})

void t.test('an object is never newer than its Last-Modified', async (t) => {
  t.equal(lastModifiedSeconds('1700000000.00000' as Timestamp), 1_700_000_000)
  t.equal(lastModifiedSeconds('1700000000.00001' as Timestamp), 1_700_000_001)
  t.equal(httpDate(784_111_777), 'Sun, 06 Nov 1994 08:49:37 GMT')
})
