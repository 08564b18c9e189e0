import fc from 'fast-check'
import t from 'tap'
import { isS3Error } from './error.ts'
import { parseXml, XmlElement } from './xml-reader.ts'
import { document, element, elementOf } from './xml-writer.ts'

function parsed(xml: string): XmlElement {
  const root = parseXml(Buffer.from(xml))
  if (!(root instanceof XmlElement)) throw new Error(`refused: ${xml}`)
  return root
}

function isRefused(xml: string | Buffer): boolean {
  return isS3Error(parseXml(Buffer.from(xml)))
}

t.test('prefixes, references, literal text and white space are read as XML has them', (t) => {
  const root = parsed(
    '\ufeff<?xml version="1.0"?>\n<s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">' +
      '<Object><Key> a &amp;&#x41;&#13;<![CDATA[<&amp;>]]> </Key></Object><!-- <Object> --><Quiet/>' +
      '<Grantee xsi:type="Group"/></s3:Delete>',
  )
  t.equal(root.name, 'Delete')
  t.equal(root.child('Object')?.child('Key')?.text, ' a &A\r<&amp;> ')
  t.equal(root.all('Object').length, 1)
  t.equal(root.textOf('Quiet'), '')
  t.equal(root.textOf('Nothing'), undefined)
  t.equal(root.child('Grantee')?.attribute('type'), 'Group')
  t.end()
})

t.test('what is not one well-formed document is refused', (t) => {
  for (const xml of ['', 'text', '<a>', '<a></b>', '<a/><b/>', '<a b=1/>', '<a', '{"a":1}'])
    t.ok(isRefused(xml), xml)
  t.ok(isRefused(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])), 'not UTF-8')
  t.end()
})

t.test('nothing expands, nothing nests for ever, nothing takes longer than its length', (t) => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
  t.ok(isRefused(bomb))
  t.ok(isRefused('<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'))
  t.ok(isRefused('<a>'.repeat(100) + '</a>'.repeat(100)))
  t.ok(isRefused(`<a>${'<b/>'.repeat(300_000)}</a>`))
  t.ok(isRefused('<'.repeat(1_000_000)))
  t.ok(isRefused(`<a ${'b="1" '.repeat(100_000)}/>`))
  t.ok(isRefused(`<a>${'<!--'.repeat(250_000)}</a>`))
  t.equal(parsed(`<a>${'&#x41;'.repeat(100_000)}</a>`).text.length, 100_000)
  t.end()
})

t.test('what is written is read', (t) => {
  // NUL and the like are no characters of XML at all; clients are given references to them, and do not send them.
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xd7ff }).map((code) => String.fromCodePoint(code)),
  })
  fc.assert(
    fc.property(text, text, (one, other) => {
      const root = parsed(document('Root', elementOf('One', element('Two', one)), element('Three', other)))
      t.equal(root.child('One')?.child('Two')?.text ?? '', one)
      t.equal(root.child('Three')?.text ?? '', other)
    }),
  )
  t.end()
})
