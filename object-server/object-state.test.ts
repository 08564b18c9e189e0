import fc from 'fast-check'
import t from 'tap'
import { FACT_PREFIX } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type MetaRecord, postedMeta } from './meta-record.ts'
import {
  comparedText,
  type DataVersion,
  EMPTY_STATE,
  isEmpty,
  joinStates,
  type ObjectState,
} from './object-state.ts'

const timestamps = fc.integer({ min: 1, max: 6 }).map((seconds) => `170000000${seconds}.00000` as Timestamp)
const etags = fc.constantFrom('0a', '0b', '0c')

/** The size follows from the ETag, as it does in life; metadata does not. */
const data: fc.Arbitrary<DataVersion> = fc
  .record({ timestamp: timestamps, etag: etags, contentType: etags, colour: etags })
  .map(({ timestamp, etag, contentType, colour }) => {
    const described = { timestamp, etag, sizeBytes: etag.charCodeAt(1) }
    const headers = { 'x-object-meta-colour': colour }
    const record = { ...described, name: '/a/c/o', contentType, headers, blockCrcs: [] }
    return { ...described, fileBytes: described.sizeBytes, record }
  })

const TAGS = `${FACT_PREFIX}tags`
const ACL = `${FACT_PREFIX}acl`
const headers = fc.record({ 'x-object-meta-a': etags, [TAGS]: etags }, { requiredKeys: ['x-object-meta-a'] })

/** A POST that changes some fields only. */
const someFields: fc.Arbitrary<MetaRecord> = fc
  .record({
    timestamp: timestamps,
    headers: fc.record({ 'x-object-meta-a': etags, [TAGS]: etags, [ACL]: etags }),
    fields: fc.constantFrom('metadata' as const, [TAGS], [ACL], [ACL, TAGS]),
  })
  .map(({ timestamp, headers, fields }) => postedMeta('/a/c/o', timestamp, headers, undefined, fields))

const wholePost: fc.Arbitrary<MetaRecord> = fc
  .record({
    name: fc.constant('/a/c/o'),
    timestamp: timestamps,
    headers,
    contentType: fc.option(fc.record({ value: etags, timestamp: timestamps }), { nil: undefined }),
  })
  .filter(({ timestamp, contentType }) => contentType === undefined || contentType.timestamp <= timestamp)

const meta = fc.oneof(wholePost, someFields)

/** States as single files tell them. */
const told: fc.Arbitrary<ObjectState> = fc.oneof(
  data.map((data) => ({ ...EMPTY_STATE, data })),
  meta.map((meta) => ({ ...EMPTY_STATE, meta })),
  timestamps.map((tombstone) => ({ ...EMPTY_STATE, tombstone })),
  timestamps.map((lost) => ({ ...EMPTY_STATE, lost })),
)

const join = (states: readonly ObjectState[]): ObjectState => states.reduce(joinStates, EMPTY_STATE)

await t.test('the same files in any order, any number of times, give the same state', async (t) => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 16 }), (states, picks) => {
      const repeated = picks.map((pick) => states[pick % Math.max(1, states.length)] ?? EMPTY_STATE)
      const shuffled = [...repeated, ...states.toReversed()]
      t.same(join(shuffled), join(states))
    }),
  )
})

await t.test('joining in groups is joining one by one', async (t) => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 8 }), fc.nat({ max: 8 }), (states, cut) => {
      const grouped = joinStates(join(states.slice(0, cut)), join(states.slice(cut)))
      t.same(grouped, join(states))
    }),
  )
})

await t.test('states whose compared texts are equal are equal', async (t) => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 4 }), fc.array(told, { maxLength: 4 }), (left, right) => {
      const [one, other] = [join(left), join(right)].map((state) => ({ ...state, lost: undefined }))
      if (one === undefined || other === undefined || comparedText(one) !== comparedText(other)) return
      t.same(one, other)
    }),
  )
})

await t.test('a state is either data, or a tombstone, or neither', async (t) => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 8 }), (states) => {
      const { data, tombstone, meta, lost } = join(states)
      t.ok(data === undefined || tombstone === undefined)
      const winner = data?.timestamp ?? tombstone
      t.ok(meta === undefined || winner === undefined || meta.timestamp > winner)
      t.ok(lost === undefined || winner === undefined || lost > winner)
    }),
  )
})

await t.test('nothing is known of an empty state, and what is lost is not compared', async (t) => {
  t.ok(isEmpty(EMPTY_STATE))
  const lost = { ...EMPTY_STATE, lost: '1700000001.00000' as Timestamp }
  t.notOk(isEmpty(lost))
  t.equal(comparedText(lost), comparedText(EMPTY_STATE))
})
