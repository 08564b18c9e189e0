/** What goes over the network comes out as it went in, and what is malformed is refused. */
import fc from 'fast-check'
import t from 'tap'
import type { ReplicaRole, ReplicaVoice } from '#backend/sync-ledger.ts'
import {
  decodeDigests,
  decodeEntriesAnswer,
  decodeEntriesRequest,
  decodeFetch,
  decodeObjectsRequest,
  decodeReclaim,
  decodeUnitAnswer,
  encodeDigests,
  encodeJson,
  encodeUnitAnswers,
} from './messages.ts'

t.test('digests and answers to them', async () => {
  const unit = fc.record({
    number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    digest: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 32 }), fc.array(unit), (bits, units) => {
      const decoded = decodeDigests(encodeDigests(bits, units))
      return (
        decoded?.bits === bits &&
        decoded.units.length === units.length &&
        decoded.units.every(({ number, digest }, at) => {
          return number === units[at]?.number && digest.equals(units[at]?.digest ?? Buffer.alloc(0))
        })
      )
    }),
  )
  const answer = fc.record({
    equal: fc.boolean(),
    voice: fc.constantFrom<ReplicaVoice>('synced', 'joining', 'stale'),
    role: fc.constantFrom<ReplicaRole>('primary', 'handoff', 'leaving'),
  })
  fc.assert(
    fc.property(answer, (one) => {
      const [byte = 0] = encodeUnitAnswers([one])
      return JSON.stringify(decodeUnitAnswer(byte)) === JSON.stringify(one)
    }),
  )
})

t.test('any bytes are refused or understood, never an exception', async () => {
  const decoders = [
    decodeDigests,
    decodeEntriesRequest,
    decodeObjectsRequest,
    decodeFetch,
    decodeReclaim,
    decodeEntriesAnswer,
  ]
  const text = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
  )
  fc.assert(
    fc.property(text, (bytes) => {
      for (const decode of decoders) decode(bytes)
      return true
    }),
  )
})

t.test('requests that say too much or nonsense', async (t) => {
  const partition = { partPower: 4, partition: 3 }
  t.ok(decodeEntriesRequest(encodeJson({ partition })))
  t.equal(decodeEntriesRequest(encodeJson({ partition: { partPower: 4, partition: 16 } })), undefined)
  t.equal(decodeEntriesRequest(encodeJson({ partition, hashes: ['x'] })), undefined)
  t.equal(decodeEntriesRequest(encodeJson({ partition, ranges: [65_536] })), undefined)
  t.equal(decodeObjectsRequest(encodeJson({ wanted: [], offset: -1 })), undefined)
  t.equal(decodeFetch(encodeJson({ partition, from: { host: 'h' }, entries: [] })), undefined)
  t.equal(decodeReclaim(encodeJson({ partition, tombstones: 'all' })), undefined)
})
