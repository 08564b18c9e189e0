/** The stored form of a sync stamp, byte by byte: what an older program wrote is read. */
import t from 'tap'
import { decodeStamp, encodeStamp, NO_STAMP } from './sync-stamp.ts'

const STAMP = { majorityMs: 1_700_000_000_123.5, allMs: 1_700_000_000_000, noticedMs: 0, stale: true }
const GOLDEN = '0101' + '4278bcfe5687b800' + '4278bcfe56800000' + '0000000000000000'

t.test('version, flags and three times', async (t) => {
  t.equal(encodeStamp(STAMP).toString('hex'), GOLDEN)
  t.same(decodeStamp(Buffer.from(GOLDEN, 'hex')), STAMP)
  t.same(decodeStamp(encodeStamp(NO_STAMP)), NO_STAMP)
})

t.test('another version or length counts as never made equal', async (t) => {
  t.equal(decodeStamp(Buffer.from(`02${GOLDEN.slice(2)}`, 'hex')), undefined)
  t.equal(decodeStamp(Buffer.from(GOLDEN.slice(2), 'hex')), undefined)
  t.equal(decodeStamp(Buffer.alloc(0)), undefined)
})
