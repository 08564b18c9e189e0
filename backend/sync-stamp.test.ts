/** The stored form of a sync stamp, byte by byte: what an older program wrote is read. */
import t from 'tap'
import { decodeStamp, encodeStamp, NO_STAMP } from './sync-stamp.ts'

const STAMP = {
  touchedMs: 1_700_000_000_200,
  majorityMs: 1_700_000_000_123.5,
  allMs: 1_700_000_000_000,
  noticedMs: 0,
  stale: true,
}
const TIMES = '4278bcfe5687b800' + '4278bcfe56800000' + '0000000000000000'
const GOLDEN = `0201${TIMES}4278bcfe568c8000`
const GOLDEN_OF_VERSION_1 = `0101${TIMES}`

t.test('version, flags and four times', async (t) => {
  t.equal(encodeStamp(STAMP).toString('hex'), GOLDEN)
  t.same(decodeStamp(Buffer.from(GOLDEN, 'hex')), STAMP)
  t.same(decodeStamp(encodeStamp(NO_STAMP)), NO_STAMP)
})

t.test('what the first version wrote was last in touch when it was last equal', async (t) => {
  const stamp = decodeStamp(Buffer.from(GOLDEN_OF_VERSION_1, 'hex'))
  t.same(stamp, { ...STAMP, touchedMs: STAMP.majorityMs })
})

t.test('another version or length counts as never made equal', async (t) => {
  t.equal(decodeStamp(Buffer.from(`03${GOLDEN.slice(2)}`, 'hex')), undefined)
  t.equal(decodeStamp(Buffer.from(`01${GOLDEN.slice(2)}`, 'hex')), undefined)
  t.equal(decodeStamp(Buffer.from(GOLDEN.slice(2), 'hex')), undefined)
  t.equal(decodeStamp(Buffer.alloc(0)), undefined)
})
