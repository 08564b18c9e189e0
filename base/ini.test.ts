import fc from 'fast-check'
import t from 'tap'
import { parseIni } from './ini.ts'

const TEXT = `
# a comment
[DEFAULT]
interval = 300
[realm one]
key = a=b:c
Key2: other
; another comment
long = first
   second
[empty]
[realm one]
added = yes
`

t.test('sections, keys and values are read as they are written', async (t) => {
  const parsed = parseIni(TEXT)
  if (parsed.kind !== 'sections') throw new Error(`line ${parsed.line}`)
  t.same(Object.fromEntries(parsed.sections.get('realm one') ?? []), {
    interval: '300',
    key: 'a=b:c',
    Key2: 'other',
    long: 'first\nsecond',
    added: 'yes',
  })
  t.same([...parsed.sections.keys()], ['realm one', 'empty'])
  t.same([...parsed.defaults], [['interval', '300']])
})

t.test('a line that says nothing is named by its number only', async (t) => {
  t.same(parseIni('[a]\nsecret without a sign'), { kind: 'malformed', line: 2 })
  t.same(parseIni('a = b'), { kind: 'malformed', line: 1 })
})

t.test('no text makes it throw', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void parseIni(`[a]\n${text}`)))
  t.pass('it never threw')
})
