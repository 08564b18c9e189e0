import t from 'tap'
import { type Difference, differencesOf } from './comparison.ts'
import type { KnownDifference } from './differences/known-difference.ts'
import { explanationOf, unusedEntries } from './known-differences.ts'
import { SCRIPT } from './script.ts'
import type { WireAnswer } from './wire.ts'

const step = { name: 'object: GET', method: 'GET', path: '~/c/o' }

function answer(
  headers: Readonly<Record<string, string>>,
  body = '',
  status = 200,
): WireAnswer & { secrets: readonly string[] } {
  return {
    status,
    reason: 'OK',
    headers: Object.entries(headers),
    body: Buffer.from(body),
    secrets: ['127.0.0.1:1'],
  }
}

function fieldsOf(
  left: ReturnType<typeof answer>,
  right: ReturnType<typeof answer>,
  path = step.path,
): readonly string[] {
  return differencesOf({ ...step, path }, left, right).map(({ field }) => field)
}

t.test('steps have names of their own', async (t) => {
  const names = SCRIPT.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.ok(names.length > 250)
})

t.test('references in headers name steps that come before', async (t) => {
  const seen = new Set<string>()
  for (const { name, headers } of SCRIPT) {
    for (const value of Object.values(headers ?? {})) {
      const wanted = /\{header \S+ of ([^}]+)\}/.exec(value)?.[1]
      if (wanted !== undefined) t.ok(seen.has(wanted), `${name} refers to ${wanted}`)
    }
    seen.add(name)
  }
})

t.test('times, ids, tokens and addresses do not differ, but their absence does', async (t) => {
  const one = answer({ 'X-Timestamp': '1700000000.12345', 'X-Trans-Id': `tx${'0'.repeat(21)}-0123456789` })
  const other = answer({ 'x-timestamp': '1800000000.54321', 'x-trans-id': `tx${'f'.repeat(21)}-abcdef0123` })
  t.same(fieldsOf(one, other), [])
  const unlucky = {
    'x-timestamp': '1700000000.12345',
    'x-trans-id': `tx${'2098'.padEnd(21, '0')}-0123456789`,
  }
  t.same(fieldsOf(one, answer(unlucky)), [], 'an id that happens to have the digits of a year in it')
  t.same(fieldsOf(one, answer({ 'x-timestamp': '1800000000' })), ['header x-timestamp', 'header x-trans-id'])
})

t.test('dates that the script itself sent must come back', async (t) => {
  const kept = answer({ Expires: 'Wed, 01 Jan 2098 00:00:00 GMT' })
  t.same(fieldsOf(kept, answer({ Expires: 'Thu, 01 Jan 2026 00:00:00 GMT' })), ['header expires'])
  t.same(fieldsOf(answer({ Date: 'x' }), answer({})), [])
})

t.test('JSON is compared by its value and everything else by its bytes', async (t) => {
  const json = { 'Content-Type': 'application/json; charset=utf-8' }
  t.same(fieldsOf(answer(json, '[{"a": 1, "b": 2}]'), answer(json, '[{"b":2,"a":1}]')), [])
  t.same(fieldsOf(answer(json, '[1, 2]'), answer(json, '[2, 1]')), ['body'])
  t.same(fieldsOf(answer(json, '["\\u00e9"]'), answer(json, '["é"]')), [])
  const long = { ...json, 'Content-Length': '6' }
  t.same(fieldsOf(answer(long, '[1, 2]'), answer({ ...json, 'Content-Length': '5' }, '[1,2]')), [])
  t.same(fieldsOf(answer(long, '[1, 2]'), answer(json, '[1, 2]')), ['header content-length'])
  t.same(fieldsOf(answer({}, 'a b'), answer({}, 'a  b')), ['body'])
})

t.test('the order in a header that names a set says nothing', async (t) => {
  t.same(fieldsOf(answer({ Allow: 'GET, PUT' }), answer({ Allow: 'PUT, GET' })), [])
  t.same(fieldsOf(answer({ Allow: 'GET, PUT' }), answer({ Allow: 'PUT' })), ['header allow'])
})

t.test('a boundary is free, its use is not', async (t) => {
  const multi = (boundary: string, body: string): ReturnType<typeof answer> =>
    answer({ 'Content-Type': `multipart/byteranges;boundary=${boundary}` }, body)
  t.same(fieldsOf(multi('0abc1', '--0abc1\nx\n--0abc1--'), multi('1def2', '--1def2\nx\n--1def2--')), [])
  t.same(fieldsOf(multi('0abc1', '--0abc1\nx\n--0abc1--'), multi('1def2', '--1def2\nx\n--1def2')), ['body'])
})

t.test('statistics of an account may lag behind', async (t) => {
  const account = (count: string): ReturnType<typeof answer> =>
    answer({ 'X-Account-Object-Count': count, 'X-Account-Container-Count': '1' })
  t.same(fieldsOf(account('1'), account('2'), '~'), [])
  t.same(fieldsOf(account('1'), answer({ 'X-Account-Object-Count': '1' }), '~'), [
    'header x-account-container-count',
  ])
  const json = { 'Content-Type': 'application/json' }
  const listed = (count: number): ReturnType<typeof answer> => answer(json, `[{"name":"c","count":${count}}]`)
  t.same(fieldsOf(listed(1), listed(2), '~?format=json'), [])
  t.same(fieldsOf(listed(1), listed(2)), ['body'])
})

t.test(
  'a known difference explains what its patterns fit, and is reported when it fits nothing',
  async (t) => {
    const known = [{ step: /^object: /, field: 'body', what: 'w', reason: 'r' }]
    const difference: Difference = {
      step: 'object: GET',
      field: 'body',
      theirs: 'a',
      ours: 'b',
      statuses: [200, 200],
    }
    t.equal(explanationOf(difference, known), known[0])
    t.equal(explanationOf({ ...difference, field: 'status' }, known), undefined)
    t.equal(
      explanationOf({ ...difference, statuses: [200, 404] }, known),
      undefined,
      'another answer altogether',
    )
    const refused = [{ ...known[0], statuses: [200, 404] } as KnownDifference]
    t.equal(explanationOf({ ...difference, statuses: [200, 404] }, refused), refused[0])
    t.equal(explanationOf({ ...difference, statuses: [200, 500] }, refused), undefined)
    t.same(unusedEntries([difference], known), [])
    t.same(unusedEntries([], known), known)
  },
)
