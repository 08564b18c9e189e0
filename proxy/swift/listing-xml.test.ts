import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import t from 'tap'
import type { ListedContainer, ListedObject } from '#store/listing.ts'
import { accountXml, containerXml } from './listing-xml.ts'

function object(name: string, contentType = 'text/plain'): ListedObject {
  return {
    kind: 'object',
    name,
    sizeBytes: 5,
    etag: 'abc',
    contentType,
    lastModified: '2023-11-14T22:13:20.123450',
    extra: {},
  }
}

t.test('special characters are written as references', (t) => {
  t.match(
    containerXml('a"b<c', [object('<&>"')]),
    '<container name="a&quot;b&lt;c"><object><name>&lt;&amp;&gt;"</name>',
  )
  t.match(accountXml('a\n\tb', []), '<account name="a&#10;&#09;b">\n</account>')
  t.match(
    containerXml('c', [{ kind: 'subdir', prefix: 'a&b/' }]),
    '<subdir name="a&amp;b/"><name>a&amp;b/</name></subdir>',
  )
  t.match(
    containerXml('c', [object('a\rb', '')]),
    '<name>a&#13;b</name><hash>abc</hash><bytes>5</bytes><content_type />',
  )
  t.end()
})

/** What XML 1.0 can hold; Swift, too, sends other control characters as they are. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1 })
  // oxlint-disable-next-line no-control-regex -- these are the characters that XML does not have
  .filter((written) => !/[\u0000-\u001f\u007f\ufffe\uffff]/.test(written))

t.test('every name comes back from an XML reader as it was', (t) => {
  const options = {
    ignoreAttributes: false,
    trimValues: false,
    parseTagValue: false,
    parseAttributeValue: false,
  }
  const parser = new XMLParser({ ...options, isArray: (name) => name === 'object' || name === 'container' })
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1 }), (container, names) => {
      const parsed = parser.parse(
        containerXml(
          container,
          names.map((name) => object(name)),
        )
          .replace(/<container name/, '<listing name')
          .replace(/container>$/, 'listing>'),
      )
      t.equal(parsed.listing['@_name'], container)
      t.strictSame(
        parsed.listing.object.map((entry: { readonly name: string }) => entry.name),
        names,
      )
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('an account lists its containers line by line', (t) => {
  const container: ListedContainer = {
    kind: 'container',
    name: 'c',
    objectCount: 2,
    bytesUsed: 10,
    lastModified: '2023-11-14T22:13:20.123450',
  }
  t.equal(
    accountXml('AUTH_test', [container, { kind: 'subdir', prefix: 'd/' }]),
    '<?xml version="1.0" encoding="UTF-8"?>\n<account name="AUTH_test">\n' +
      '<container><name>c</name><count>2</count><bytes>10</bytes>' +
      '<last_modified>2023-11-14T22:13:20.123450</last_modified></container>\n<subdir name="d/" />\n</account>',
  )
  t.end()
})
