/** Operators, lists and times as they are written in filters. */
import fc from 'fast-check'
import t from 'tap'
import { Refusal } from '../refusal.ts'
import { parseIsoTime, splitList, splitOperator } from './filter-value.ts'

void t.test('an operator is what stands before the first colon, unless the whole is a time', async (t) => {
  t.same(splitOperator('plain'), { operator: 'eq', operand: 'plain' })
  t.same(splitOperator('in:a,b'), { operator: 'in', operand: 'a,b' })
  t.same(splitOperator('2026-01-01T10:00:00Z'), { operator: 'eq', operand: '2026-01-01T10:00:00Z' })
  t.same(splitOperator('gte:2026-01-01T10:00:00Z'), { operator: 'gte', operand: '2026-01-01T10:00:00Z' })
})

void t.test('values of a list may be quoted', async (t) => {
  t.same(splitList('a,b'), ['a', 'b'])
  t.same(splitList('"a,b",c'), ['a,b', 'c'])
  t.same(splitList('"say \\"hi\\"",x'), ['say "hi"', 'x'])
  for (const bad of ['"a', 'a"b"', '"a"b']) t.ok(splitList(bad) instanceof Refusal, bad)
})

void t.test('every list of plain or quoted values is read as it was meant', async (t) => {
  const value = fc.string({ unit: fc.constantFrom('a', 'b', ',', ' ', ':'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
      const list = splitList(values.map((one) => `"${one}"`).join(','))
      return !(list instanceof Refusal) && list.join('|') === values.join('|')
    }),
  )
  t.pass('for every list')
})

void t.test('times are ISO 8601', async (t) => {
  const noon = Date.UTC(2026, 0, 2, 12, 0, 0)
  t.equal(parseIsoTime('2026-01-02T12:00:00Z'), noon)
  t.equal(parseIsoTime('2026-01-02T14:00:00+02:00'), noon)
  t.equal(parseIsoTime('2026-01-02T12:00:00'), noon)
  t.equal(parseIsoTime('2026-01-02'), Date.UTC(2026, 0, 2))
  for (const bad of ['', 'yesterday', '2026-13-01', '12:00']) t.equal(parseIsoTime(bad), undefined, bad)
})
