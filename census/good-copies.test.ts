import fc from 'fast-check'
import t from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import { type Entry, emptyEntry } from '#object-server/replication/entry.ts'
import { countGoodCopies } from './good-copies.ts'

const HASH = '0'.repeat(32)
const ETAG = 'a'.repeat(32)
const NOW = at(100_000)

function at(seconds: number): Timestamp {
  return `${1_700_000_000 + seconds}.00000` as Timestamp
}

function put(seconds: number, etag = ETAG): Entry {
  return { ...emptyEntry(HASH), data: { timestamp: at(seconds), etag, sizeBytes: 1, precedence: undefined } }
}

function deleted(seconds: number): Entry {
  return { ...emptyEntry(HASH), tombstone: at(seconds) }
}

t.test('equal copies are good copies', async (t) => {
  const count = countGoodCopies([[put(1)], [put(1)], [put(1)]], 3, NOW)
  t.same(count, { objects: 1, thin: 0, missingCopies: 0, lastCopies: 0 })
})

t.test('a holder without the object, or with an older one, is a missing copy', async (t) => {
  t.same(countGoodCopies([[put(5)], [], [put(1)]], 3, NOW), {
    objects: 1,
    thin: 1,
    missingCopies: 2,
    lastCopies: 1,
  })
  t.match(countGoodCopies([[put(5)], [put(5)], []], 3, NOW), { thin: 1, missingCopies: 1, lastCopies: 0 })
})

t.test('a copy that lacks what a POST said is no good copy', async (t) => {
  const posted: Entry = { ...put(1), meta: { timestamp: at(2), contentType: undefined, precedence: '' } }
  t.match(countGoodCopies([[posted], [put(1)], [posted]], 3, NOW), { thin: 1, missingCopies: 1 })
})

t.test('deleted objects need no copies', async (t) => {
  t.match(countGoodCopies([[put(1)], [deleted(2)], []], 3, NOW), { objects: 0, thin: 0 })
  t.match(countGoodCopies([[deleted(1)], [put(2)], [put(2)]], 3, NOW), { objects: 1, thin: 1 })
})

t.test('what was only just put is not judged yet', async (t) => {
  t.match(countGoodCopies([[put(100)], [], []], 3, at(100)), { objects: 0, thin: 0 })
})

t.test('a copy beyond those needed stands in for one that is missing', async (t) => {
  t.match(countGoodCopies([[put(1)], [], [put(1)], [put(1)]], 3, NOW), { objects: 1, thin: 0 })
})

t.test('the order of the holders does not matter', async () => {
  const entry = fc.oneof(
    fc.constant(undefined),
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b')).map(([seconds, letter]) => {
      return put(seconds, letter.repeat(32))
    }),
    fc.integer({ min: 0, max: 3 }).map(deleted),
  )
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), (entries) => {
      const holders = entries.map((one) => (one === undefined ? [] : [one]))
      const count = countGoodCopies(holders, 3, NOW)
      const turned = countGoodCopies(holders.toReversed(), 3, NOW)
      return JSON.stringify(count) === JSON.stringify(turned) && count.missingCopies <= 3 * count.objects
    }),
  )
})
