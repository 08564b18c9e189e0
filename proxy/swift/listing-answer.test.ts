import t from 'tap'
import type { ListedObject, ListingPage } from '#store/listing.ts'
import { listingAnswer } from './listing-answer.ts'

function row(name: string): ListedObject {
  return { kind: 'object', name, sizeBytes: 1, etag: 'e', contentType: 't', lastModified: 'l', extra: {} }
}

function pageOf(
  names: readonly string[],
  consistency: 'complete' | 'eventual' = 'complete',
): ListingPage<ListedObject> {
  const json = Buffer.from(JSON.stringify([...names.map((name) => ({ name })), { subdir: 'd/' }]))
  return { json, entries: () => [...names.map(row), { kind: 'subdir', prefix: 'd/' }], consistency }
}

const xml = (entries: readonly unknown[]): string => `${entries.length} entries`
const as = (type: string): { kind: 'format'; type: string; varies: boolean } => ({
  kind: 'format',
  type,
  varies: false,
})

t.test('names of the inside are listed in no form', (t) => {
  const page = pageOf(['a', '\0versions\0b', 'c'])
  const bodyAs = (type: string): string => String(listingAnswer(page, as(type), {}, xml).body)
  t.equal(bodyAs('text/plain'), 'a\nc\nd/\n')
  t.strictSame(JSON.parse(bodyAs('application/json')), [{ name: 'a' }, { name: 'c' }, { subdir: 'd/' }])
  t.equal(bodyAs('application/xml'), '3 entries')
  t.end()
})

t.test('JSON of the storage is sent as it is', (t) => {
  const page = pageOf(['a'])
  t.equal(listingAnswer(page, as('application/json'), {}, xml).body, page.json)
  t.end()
})

t.test('a listing that may lag says so', (t) => {
  const headersFor = (consistency: 'complete' | 'eventual'): unknown =>
    listingAnswer(pageOf(['a'], consistency), as('text/plain'), {}, xml).headers['x-listing-consistency']
  t.equal(headersFor('eventual'), 'eventual')
  t.equal(headersFor('complete'), undefined)
  t.end()
})
