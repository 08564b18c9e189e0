import fc from 'fast-check'
import t from 'tap'
import type { Timestamp } from '#base/timestamp.ts'
import type { StoredEntry } from './listing.ts'
import { listed, listedObject, renderObjects } from './listing-format.ts'
import { objectRows, putRow } from './object-row.ts'
import { renderStoredObjects } from './stored-listing.ts'
import { decodeStored, encodeStored } from './stored-row.ts'

const POLICY_INDEX = 3
const timestamp = fc
  .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 99_999 }), fc.boolean())
  .map(
    ([seconds, ticks, offset]) =>
      `${String(seconds).padStart(10, '0')}.${String(ticks).padStart(5, '0')}${offset ? '_00000000000000ab' : ''}` as Timestamp,
  )
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((one) => one.isWellFormed())
const contentType = fc.constantFrom(
  'text/plain',
  'text/html; charset=utf-8',
  'application/x-large;swift_bytes=77',
  'image/"odd\\type"',
  'text/plain;martlet_delete_at=1700000000',
)
const row = fc
  .record({
    name: text,
    policyIndex: fc.constant(POLICY_INDEX),
    timestamp,
    sizeBytes: fc.nat(),
    etag: fc.constantFrom('d41d8cd98f00b204e9800998ecf8427e', 'a"quoted\\one', ''),
    contentType,
    metaTimestamp: fc.option(timestamp, { nil: undefined }),
  })
  .map((put): StoredEntry => {
    return { name: put.name, value: encodeStored(objectRows, { row: putRow(put), sequence: 12 }).toString() }
  })
const subdir = text.map((one): StoredEntry => ({ subdir: one }))

t.test('rows as they are stored render as the same rows decoded', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(row, row, subdir), { maxLength: 12 }), (entries) => {
      const decoded = entries.map((entry) =>
        'subdir' in entry
          ? ({ kind: 'subdir', name: entry.subdir } as const)
          : ({ kind: 'row', row: decodeStored(objectRows, POLICY_INDEX, entry.value).row } as const),
      )
      const expected = renderObjects(listed(decoded, listedObject), 'application/json', 'c')
      return renderStoredObjects(entries, POLICY_INDEX).equals(expected)
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

t.test('a row of a version that is not known is refused', async (t) => {
  const value = ['2', '1', '1700000000.00000', '1', 'e', '0', 'text/plain', 'n'].join('\x1f')
  t.throws(() => renderStoredObjects([{ name: 'n', value }], 0), /version 2/)
})

t.test('a page may be larger than what is rendered at a time', async (t) => {
  const entries = Array.from(
    { length: 3000 },
    (_, nth): StoredEntry => ({ subdir: `${'é'.repeat(100)}${nth}/` }),
  )
  entries.push({ subdir: 'x'.repeat(100_000) })
  const expected = Buffer.from(JSON.stringify(entries))
  t.ok(renderStoredObjects(entries, 0).equals(expected))
})
