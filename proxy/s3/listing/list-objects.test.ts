import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '#base/names.ts'
import { elementIn, elementsIn, type S3Door, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'
import { listedTime, writtenName } from './listing-text.ts'

const NAME = 'listed'

async function bucketWith(keys: readonly string[]): Promise<S3Door['s3']> {
  const { s3 } = s3Door()
  await s3('PUT', `/${NAME}`)
  for (const key of keys) await s3('PUT', `/${NAME}/${encodeURIComponent(key)}`, { body: key })
  return s3
}

function prefixesIn(page: Received): readonly string[] {
  return [...page.body.matchAll(/<CommonPrefixes><Prefix>([^<]*)<\/Prefix>/g)].map(([, text]) => text ?? '')
}

t.test('V1 goes on after a marker, and names the next one only with a delimiter', async (t) => {
  const s3 = await bucketWith(['a', 'b/1', 'b/2', 'c', 'd'])
  const first = await s3('GET', `/${NAME}?max-keys=2`)
  t.strictSame(elementsIn(first, 'Key'), ['a', 'b/1'])
  t.equal(elementIn(first, 'IsTruncated'), 'true')
  t.equal(elementIn(first, 'NextMarker'), undefined)
  t.equal(elementIn(first, 'ID'), 'test:tester', 'owners are always told')
  const folded = await s3('GET', `/${NAME}?max-keys=2&delimiter=/`)
  t.strictSame([elementsIn(folded, 'Key'), prefixesIn(folded)], [['a'], ['b/']])
  t.equal(elementIn(folded, 'NextMarker'), 'b/')
  const rest = await s3('GET', `/${NAME}?delimiter=/&marker=b/`)
  t.strictSame([elementsIn(rest, 'Key'), prefixesIn(rest)], [['c', 'd'], []])
  t.equal(elementIn(rest, 'IsTruncated'), 'false')
})

t.test('V2 counts, and goes on by tokens that nobody reads', async (t) => {
  const s3 = await bucketWith(['a', 'b/1', 'b/2', 'c', 'd'])
  const first = await s3('GET', `/${NAME}?list-type=2&max-keys=2&delimiter=/&start-after=0`)
  t.equal(elementIn(first, 'KeyCount'), '2')
  t.equal(elementIn(first, 'StartAfter'), '0')
  t.equal(elementIn(first, 'ID'), undefined, 'owners are told only when asked for')
  const token = elementIn(first, 'NextContinuationToken') ?? ''
  const rest = await s3(
    'GET',
    `/${NAME}?list-type=2&delimiter=/&fetch-owner=true&continuation-token=${token}`,
  )
  t.strictSame([elementsIn(rest, 'Key'), prefixesIn(rest)], [['c', 'd'], []])
  t.equal(elementIn(rest, 'ContinuationToken'), token)
  t.equal(elementIn(rest, 'ID'), 'test:tester')
  const wrong = await s3('GET', `/${NAME}?list-type=2&continuation-token=1%20`)
  t.equal(elementIn(wrong, 'Code'), 'InvalidArgument')
})

t.test('no keys at all may be asked for, and never more than a thousand', async (t) => {
  const s3 = await bucketWith(['a', 'b'])
  const none = await s3('GET', `/${NAME}?max-keys=0`)
  t.equal(elementIn(none, 'IsTruncated'), 'false')
  t.strictSame(elementsIn(none, 'Key'), [])
  t.equal(elementIn(await s3('GET', `/${NAME}?max-keys=5000`), 'MaxKeys'), '1000')
  for (const wrong of ['-1', 'x', '9999999999', '1.5']) {
    const answer = await s3('GET', `/${NAME}?max-keys=${wrong}`)
    t.equal(elementIn(answer, 'Code'), 'InvalidArgument', wrong)
    t.equal(elementIn(answer, 'ArgumentName'), 'max-keys')
  }
})

t.test('names that XML cannot hold are percent-encoded when that is asked for', async (t) => {
  const s3 = await bucketWith(['a b+c/ü\u0001*~', 'x'])
  const encoded = await s3('GET', `/${NAME}?encoding-type=url&prefix=a%20`)
  t.strictSame(elementsIn(encoded, 'Key'), ['a+b%2Bc/%C3%BC%01*%7E'])
  t.equal(elementIn(encoded, 'Prefix'), 'a+')
  t.equal(elementIn(encoded, 'EncodingType'), 'url')
  t.strictSame(elementsIn(await s3('GET', `/${NAME}`), 'Key'), ['a b+c/ü&#x1;*~', 'x'])
  t.equal(elementIn(await s3('GET', `/${NAME}?encoding-type=base64`), 'Code'), 'InvalidArgument')
})

t.test('a time is that of Last-Modified, whole seconds rounded up', (t) => {
  t.equal(listedTime('2023-11-14T22:13:20.000000'), '2023-11-14T22:13:20.000Z')
  t.equal(listedTime('2023-11-14T22:13:20'), '2023-11-14T22:13:20.000Z')
  t.equal(listedTime('2023-12-31T23:59:59.000010'), '2024-01-01T00:00:00.000Z')
  t.end()
})

t.test('a written name is read back as the name', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      t.equal(decodeURIComponent(writtenName(name, 'url').replaceAll('+', ' ')), name)
    }),
  )
  t.end()
})

const part = fc.constantFrom('a', 'b', '/', '//', '-', '.', 'ü', '\u{1f600}', '\uffee')
const key = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))

t.test('pages put together are what is there, folded, in order of bytes', async (t) => {
  const scenario = fc.record({
    keys: fc.uniqueArray(key, { minLength: 1, maxLength: 12 }),
    prefix: fc.constantFrom('', 'a', 'a/', '/'),
    delimiter: fc.constantFrom('', '/', '//', 'b', '-/'),
    limit: fc.integer({ min: 1, max: 4 }),
    version: fc.constantFrom('1', '2'),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ keys, prefix, delimiter, limit, version }) => {
      const s3 = await bucketWith(keys)
      const query = new URLSearchParams({ prefix, delimiter, 'max-keys': String(limit) })
      if (version === '2') query.set('list-type', '2')
      const seen: string[] = []
      for (let pages = 0; pages <= keys.length; pages += 1) {
        const page = await s3('GET', `/${NAME}?${query.toString()}`)
        const names = [...elementsIn(page, 'Key'), ...prefixesIn(page)].toSorted(compareUtf8)
        seen.push(...names)
        if (elementIn(page, 'IsTruncated') === 'false') break
        if (version === '1') query.set('marker', elementIn(page, 'NextMarker') ?? names.at(-1) ?? '')
        else query.set('continuation-token', elementIn(page, 'NextContinuationToken') ?? '')
      }
      t.strictSame(seen, folded(keys, prefix, delimiter))
    }),
    { numRuns: 60 },
  )
})

t.test('a page goes on where the one before ended, whatever is written and deleted meanwhile', async (t) => {
  for (const type of ['1', '2'] as const) {
    const s3 = await bucketWith(['b', 'd', 'f', 'h', 'j'])
    const seen: string[] = []
    const query = new URLSearchParams({ 'max-keys': '1', ...(type === '2' ? { 'list-type': type } : {}) })
    const between = async (path: string, method: string) => await s3(method, `/${NAME}/${path}`, { body: '' })
    for (;;) {
      const page = await s3('GET', `/${NAME}?${query.toString()}`)
      seen.push(...elementsIn(page, 'Key'))
      if (elementIn(page, 'IsTruncated') === 'false') break
      const last = seen.at(-1) ?? ''
      // The key that the page ended with goes; one comes before it, and one behind the next.
      await between(last, 'DELETE')
      await between(`a-${last}`, 'PUT')
      if (last === 'd') await between('g', 'PUT')
      if (last === 'f') await between('h', 'DELETE')
      if (type === '1') query.set('marker', last)
      else query.set('continuation-token', elementIn(page, 'NextContinuationToken') ?? '')
    }
    t.strictSame(seen, ['b', 'd', 'f', 'g', 'j'])
  }
})

function folded(keys: readonly string[], prefix: string, delimiter: string): readonly string[] {
  const names = keys
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
      return at < 0 ? name : name.slice(0, at + delimiter.length)
    })
  return [...new Set(names)].toSorted(compareUtf8)
}
