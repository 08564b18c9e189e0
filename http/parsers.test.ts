/** What no example shows: that the parsers of client input hold for any input, quickly. */
import fc from 'fast-check'
import t from 'tap'
import { negotiate, negotiateListing } from './accept.ts'
import { evaluateConditions, parseHttpDate, parseTags } from './conditionals.ts'
import { parseQuery } from './query.ts'
import { contentRange, parseContentRange, parseRange, resolveRanges } from './ranges.ts'
import { API_PATH, splitPath } from './routes.ts'

void t.test('a resolved range lies within the whole and is not empty', async (t) => {
  const spec = fc.oneof(
    fc.tuple(fc.nat(200), fc.nat(200)).map(([first, last]) => `${first}-${last}`),
    fc.nat(200).map((first) => `${first}-`),
    fc.nat(200).map((last) => `-${last}`),
  )
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 60 }), fc.nat(150), (specs, lengthBytes) => {
      const resolved = resolveRanges(parseRange(`bytes=${specs.join(',')}`), lengthBytes)
      const ranges =
        resolved.kind === 'single' ? [resolved.range] : resolved.kind === 'multiple' ? resolved.ranges : []
      return ranges.every(({ start, end }) => start >= 0 && start < end && end <= lengthBytes)
    }),
  )
  t.pass()
})

void t.test('Content-Range is read back as it was written', async (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 1000 }), fc.nat(), (start, sizeBytes, after) => {
      const range = { start, end: start + sizeBytes }
      const lengthBytes = range.end + after
      t.same(parseContentRange(contentRange(range, lengthBytes)), { range, lengthBytes })
    }),
  )
  t.equal(parseContentRange('bytes */10'), undefined)
  t.equal(parseContentRange('bytes 5-3/10'), undefined)
  t.equal(parseContentRange(undefined), undefined)
})

void t.test('a name survives encoding and splitting', async (t) => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('/'))
  fc.assert(
    fc.property(name, name, fc.string({ unit: 'grapheme', minLength: 1 }), (account, container, object) => {
      const path = `/v1/${[account, container, object].map(encodeURIComponent).join('/')}`
      t.same(splitPath(path, API_PATH), { kind: 'path', segments: ['v1', account, container, object] })
    }),
  )
})

void t.test('a path that is not UTF-8 is told apart from one that is too short', async (t) => {
  t.same(splitPath('/v1/AUTH_%ff', API_PATH), { kind: 'bad_utf8' })
  t.same(splitPath('/v1/AUTH_\xff', API_PATH), { kind: 'bad_utf8' })
  t.same(splitPath('/', API_PATH), { kind: 'bad_path' })
})

void t.test('a query survives encoding and parsing', async (t) => {
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.dictionary(text, text), (parameters) => {
      const encoded = new URLSearchParams(parameters).toString()
      t.same(new Map(parseQuery(encoded).values), new Map(Object.entries(parameters)))
    }),
  )
})

void t.test('a query value that is not UTF-8 is named', async (t) => {
  const { values, invalid } = parseQuery('marker=%ff&prefix=a&%ff=b')
  t.same([...values], [['prefix', 'a']])
  t.same([...invalid], ['marker'])
})

void t.test('format overrules Accept', async (t) => {
  t.same(negotiateListing('text/html', 'JSON'), { kind: 'chosen', contentType: 'application/json' })
  t.same(negotiateListing(undefined, 'sausage'), { kind: 'chosen', contentType: 'text/plain' })
  t.same(negotiateListing('application/xml', undefined), { kind: 'chosen', contentType: 'application/xml' })
  t.same(negotiateListing('application/xml', ''), { kind: 'chosen', contentType: 'application/xml' })
})

void t.test('dates in every form of RFC 9110 mean the same second', async (t) => {
  for (const written of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    '06 Nov 1994 08:49:37 GMT',
  ]) {
    t.equal(parseHttpDate(written), 784_111_777, written)
  }
  for (const written of [
    '',
    'x',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    '784111777',
  ]) {
    t.equal(parseHttpDate(written), undefined, written)
  }
})

void t.test('If-None-Match with * matches whatever is stored', async (t) => {
  const headers = { 'if-none-match': '*' }
  t.ok(parseTags('*')?.isAny)
  t.equal(evaluateConditions(headers, { exists: true, etag: 'x', lastModifiedSeconds: 1 }), 'not_modified')
  t.equal(
    evaluateConditions(headers, { exists: false, etag: undefined, lastModifiedSeconds: undefined }),
    'proceed',
  )
})

void t.test('hostile headers of 100 kB cost little time', async (t) => {
  const size = 100_000
  const hostile = [
    `${'a'.repeat(size)}/`,
    `a/a${' '.repeat(size)}x`,
    `a/a;${'a'.repeat(size)}="${'\\'.repeat(size)}`,
    `a/a${';a=a'.repeat(size / 4)}`,
    'a/a,'.repeat(size / 4),
    `a/a;q="${'x'.repeat(size)}`,
  ]
  const started = performance.now()
  for (const header of hostile) {
    negotiate(header, ['text/plain'])
    parseRange(`bytes=${header}`)
    parseRange(`bytes=${'0-1,'.repeat(size / 4)}`)
    parseTags(header)
    parseHttpDate(header)
    parseHttpDate(`Sun, 06 Nov 1994 08:49:37${' '.repeat(size)}\n`)
  }
  t.ok(performance.now() - started < 5000)
})
