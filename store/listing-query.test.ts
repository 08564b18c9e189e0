import t from 'tap'
import type { ListedObject } from './listing.ts'
import { listingPage, listingQuery } from './listing-query.ts'

t.test('a query says everything it asks for, encoded', async (t) => {
  t.equal(listingQuery({ limit: 5, reverse: false }), 'format=json&limit=5')
  t.equal(
    listingQuery({
      limit: 5,
      reverse: true,
      prefix: 'a b',
      delimiter: '/',
      marker: 'é',
      endMarker: '&',
      path: '',
    }),
    'format=json&limit=5&prefix=a%20b&delimiter=%2F&marker=%C3%A9&end_marker=%26&path=&reverse=true',
  )
  t.equal(listingQuery({ limit: 1, reverse: false, prefix: '', marker: '' }), 'format=json&limit=1')
})

t.test('a page is parsed when it is looked at, once', async (t) => {
  let parsed = 0
  const json = Buffer.from('[{"name":"a"},{"subdir":"b/"}]')
  const page = listingPage(json, 'complete', ({ name }: { readonly name: string }): ListedObject => {
    parsed += 1
    return { kind: 'object', name, sizeBytes: 0, etag: '', contentType: '', lastModified: '', extra: {} }
  })
  t.equal(parsed, 0)
  t.match(page.entries(), [{ name: 'a' }, { kind: 'subdir', prefix: 'b/' }])
  page.entries()
  t.equal(parsed, 1)
  t.same(listingPage(Buffer.alloc(0), 'eventual', () => ({})).entries(), [])
})
