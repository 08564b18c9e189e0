/** Whatever order servers come back in, and however often it is done, the newest write or deletion is what remains. */
import t from 'tap'
import { parseTimestamp, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { type Found, isPending, stepFor, withOffset } from './decision.ts'

function at(seconds: number): Timestamp {
  return parseTimestamp(String(seconds)) as Timestamp
}

const NOTHING: Found = { kind: 'nothing', timestamp: ZERO_TIMESTAMP }

function object(timestamp: Timestamp): Found {
  return { kind: 'object', timestamp }
}

function tombstone(timestamp: Timestamp): Found {
  return { kind: 'nothing', timestamp }
}

t.test(
  'an object that is only in the wrong place is moved, later than its write and earlier than the next',
  async (t) => {
    const step = stepFor({ deleted: false, timestamp: at(5) }, NOTHING, object(at(5)))
    t.same(step, { kind: 'move', putAt: withOffset(at(5), 2), buryAt: withOffset(at(5), 1) })
    t.ok(withOffset(at(5), 2) > withOffset(at(5), 1) && withOffset(at(5), 1) > at(5))
    t.ok(withOffset(at(5), 2) < at(5.00001))
  },
)

t.test('metadata that was posted later comes along', async (t) => {
  const step = stepFor({ deleted: false, timestamp: at(5) }, NOTHING, object(at(7)))
  t.match(step, { kind: 'move', putAt: withOffset(at(7), 2) })
})

t.test('a move that was interrupted is finished', async (t) => {
  const row = { deleted: false, timestamp: at(5) }
  t.match(stepFor(row, object(withOffset(at(5), 2)), object(at(5))), { kind: 'bury' })
  t.match(stepFor(row, object(withOffset(at(5), 2)), tombstone(withOffset(at(5), 1))), { kind: 'bury' })
})

t.test('what is newer in the right place stays', async (t) => {
  t.match(stepFor({ deleted: false, timestamp: at(5) }, object(at(6)), object(at(5))), { kind: 'bury' })
  t.match(stepFor({ deleted: false, timestamp: at(5) }, tombstone(at(6)), object(at(5))), { kind: 'bury' })
  t.match(stepFor({ deleted: true, timestamp: at(5) }, object(at(6)), NOTHING), { kind: 'bury' })
})

t.test('a deletion under the wrong policy deletes what is older in the right place', async (t) => {
  const step = stepFor({ deleted: true, timestamp: at(5) }, object(at(4)), tombstone(at(5)))
  t.same(step, { kind: 'delete', deleteAt: withOffset(at(5), 2), buryAt: withOffset(at(5), 1) })
})

t.test('a copy that cannot be found is waited for', async (t) => {
  t.same(stepFor({ deleted: false, timestamp: at(5) }, NOTHING, NOTHING), { kind: 'wait' })
  t.same(stepFor({ deleted: false, timestamp: at(5) }, object(at(4)), tombstone(at(3))), { kind: 'wait' })
})

t.test('a deletion with an offset, or of a life before, is done with', async (t) => {
  t.ok(isPending({ deleted: false, timestamp: at(1) }, at(9)))
  t.ok(isPending({ deleted: true, timestamp: at(9) }, at(9)))
  t.notOk(isPending({ deleted: true, timestamp: at(8) }, at(9)))
  t.notOk(isPending({ deleted: true, timestamp: withOffset(at(9), 1) }, at(9)))
})
