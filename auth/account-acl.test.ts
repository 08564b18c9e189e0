import fc from 'fast-check'
import t from 'tap'
import { checkAccountAcl, formatAccountAcl, parseAccountAcl } from './account-acl.ts'

t.test('a list of known members with names is valid, and so is nothing', (t) => {
  for (const written of [
    '',
    '{}',
    '{"admin":["a"],"read-write":["b:c"],"read-only":[]}',
    '{"read-only":["\u00c3\u00bc"]}',
  ]) {
    t.strictSame(checkAccountAcl(written), { kind: 'valid' }, written)
  }
  t.end()
})

t.test('anything else is refused with the text of Swift', (t) => {
  for (const [written, reason] of [
    ['{bad', "Syntax error in input ('{bad')"],
    ['[]', "Syntax error in input ('[]')"],
    ['null', "Syntax error in input ('null')"],
    ['{"other":[]}', 'Key "other" not recognized'],
    ['{"\u00c3\u00bc":[]}', 'Key "\\u00fc" not recognized'],
    ['{"admin":"me"}', 'Value for key "admin" must be a list'],
    ['{"read-only":[7]}', 'Elements of "read-only" list must be strings'],
  ] as const) {
    t.strictSame(checkAccountAcl(written), { kind: 'refused', reason }, written)
  }
  t.end()
})

t.test('a stored list is read; one that grants nothing is none', (t) => {
  t.strictSame(parseAccountAcl('{"admin":["a"],"read-write":["b:c"]}'), {
    admin: ['a'],
    readWrite: ['b:c'],
    readOnly: [],
  })
  for (const stored of [undefined, '', '{}', '{"admin":[]}', '{bad', '{"admin":"me"}', '{"admin":[7]}']) {
    t.equal(parseAccountAcl(stored), undefined, String(stored))
  }
  t.end()
})

t.test('owners see it in ASCII, sorted, without blanks', (t) => {
  t.equal(
    formatAccountAcl('{"read-only": ["\u00c3\u00bc", "b"], "admin": []}'),
    '{"admin":[],"read-only":["\\u00fc","b"]}',
  )
  t.equal(formatAccountAcl('{}'), undefined)
  t.equal(formatAccountAcl(undefined), undefined)
  t.equal(formatAccountAcl('{bad'), undefined)
  t.end()
})

t.test('what is shown reads back the same', (t) => {
  const names = fc.array(fc.string({ unit: 'grapheme' }))
  const acl = fc.record({ admin: names, 'read-write': names, 'read-only': names })
  fc.assert(
    fc.property(acl, (members) => {
      const stored = Buffer.from(JSON.stringify(members)).toString('latin1')
      const shown = formatAccountAcl(stored)
      t.strictSame(parseAccountAcl(shown), parseAccountAcl(stored))
    }),
    { numRuns: 50 },
  )
  t.end()
})
