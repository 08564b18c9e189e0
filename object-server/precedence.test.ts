/** The row of a container that knows both of two versions of one time is the row of the version that objects become. */
import fc from 'fast-check'
import t from 'tap'
import { mergeObjectRows, type ObjectRow, putRow } from '#db/object-row.ts'
import { second } from './engine-contract.ts'
import { rowOfObject, unaddressed } from './object-rows.ts'
import { type DataRecord, EMPTY_STATE, joinStates, type ObjectState } from './object-state.ts'
import { storedObject } from './stored-object.ts'

const NAME = '/a/c/o'
const OVERRIDE = 'x-object-sysmeta-container-update-override-'
const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const version = fc
  .record({
    contentType: fc.constantFrom('text/a', 'text/b', 'text/a;swift_bytes=9', 'text/a;swift_bytes=10'),
    deleteAt: optional(fc.constantFrom('9999999999', '1800000000')),
    colour: optional(fc.constantFrom('blue', 'red')),
    etag: optional(fc.constantFrom('one', 'two')),
    size: optional(fc.constantFrom('9', '10')),
  })
  .map(({ contentType, deleteAt, colour, etag, size }): DataRecord => {
    const told = {
      'x-delete-at': deleteAt,
      'x-object-meta-colour': colour,
      [`${OVERRIDE}etag`]: etag,
      [`${OVERRIDE}size`]: size,
    }
    const headers = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
    const bytes = { sizeBytes: 4, etag: 'd'.repeat(32), blockCrcs: [] }
    return { name: NAME, timestamp: second(1), ...bytes, contentType, headers }
  })

function stateOf(record: DataRecord): ObjectState {
  const { timestamp, sizeBytes, etag } = record
  return { ...EMPTY_STATE, data: { timestamp, sizeBytes, etag, fileBytes: sizeBytes, record } }
}

function rowOf(record: DataRecord): ObjectRow {
  const object = storedObject('0'.repeat(32), record, undefined)
  const { headers } = rowOfObject(object, unaddressed(NAME, 0), [object.headers])
  const told = { sizeBytes: Number(headers['x-size']), etag: headers['x-etag'] ?? '' }
  const contentType = headers['x-content-type'] ?? ''
  return putRow({ name: 'o', policyIndex: 0, timestamp: record.timestamp, ...told, contentType })
}

t.test('rows of two PUTs with one timestamp and the same bytes merge as the objects do', async (t) => {
  fc.assert(
    fc.property(version, version, (left, right) => {
      const joined = joinStates(stateOf(left), stateOf(right)).data?.record
      const merged = mergeObjectRows(rowOf(left), rowOf(right))
      t.same(merged, joined === undefined ? undefined : rowOf(joined))
      t.same(merged, mergeObjectRows(rowOf(right), rowOf(left)))
    }),
  )
})
