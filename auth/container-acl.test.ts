import fc from 'fast-check'
import t from 'tap'
import { cleanAcl, parseAcl, quoted, referrerAllowed } from './container-acl.ts'

const READ = 'x-container-read'
const WRITE = 'x-container-write'

t.test('a messy list is cleaned', (t) => {
  for (const [written, stored] of [
    ['bob, sue', 'bob,sue'],
    ['bob , sue', 'bob,sue'],
    ['bob,,,sue', 'bob,sue'],
    ['.referrer : *', '.r:*'],
    ['.ref:*.example.com', '.r:.example.com'],
    ['.r:*, .rlistings', '.r:*,.rlistings'],
    ['.r:- .example.com', '.r:-.example.com'],
    ['.r:-*.example.com', '.r:-.example.com'],
    ['test:tester', 'test:tester'],
    [' , ,', ''],
    ['', ''],
  ] as const) {
    t.strictSame(cleanAcl(READ, written), { kind: 'clean', value: stored }, written)
  }
  t.end()
})

t.test('a list that means nothing is refused with the text of Swift', (t) => {
  for (const [header, written, reason] of [
    [READ, '.r:', "No host/domain value after referrer designation in ACL: '.r:'"],
    [READ, '.r:-', "No host/domain value after referrer designation in ACL: '.r:-'"],
    [READ, '.r:.', "No host/domain value after referrer designation in ACL: '.r:.'"],
    [READ, '.x:y', "Unknown designator '.x' in ACL: '.x:y'"],
    [READ, ".x:it's", "Unknown designator '.x' in ACL: \".x:it's\""],
    [WRITE, 'a,.r:*', "Referrers not allowed in write ACL: '.r:*'"],
  ] as const) {
    t.strictSame(cleanAcl(header, written), { kind: 'refused', reason }, written)
  }
  t.end()
})

t.test('cleaning a clean list changes nothing', (t) => {
  const item = fc.constantFrom('bob', ' sue ', '.r:*', '.r:-a.b', '.ref: *.c', '.rlistings', 'a:b', '', '*:*')
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const once = cleanAcl(READ, items.join(','))
      return once.kind === 'clean' && JSON.stringify(cleanAcl(READ, once.value)) === JSON.stringify(once)
    }),
  )
  t.end()
})

t.test('a stored list is read into referrers and groups', (t) => {
  t.strictSame(parseAcl('.r:*,.r:-thief.example.com,.rlistings,bob,test:tester'), {
    referrers: ['*', '-thief.example.com'],
    groups: ['.rlistings', 'bob', 'test:tester'],
  })
  t.strictSame(parseAcl(undefined), { referrers: [], groups: [] })
  t.strictSame(parseAcl(''), { referrers: [], groups: [] })
  t.strictSame(
    parseAcl('%C3%BC,\u00c3\u00bc,%zz').groups,
    ['ü', 'ü', '%zz'],
    'names in UTF-8, encoded or not',
  )
  t.end()
})

t.test('referrers are admitted by host, the last designation wins', (t) => {
  const allowed = (referer: string | undefined, ...designations: readonly string[]): boolean =>
    referrerAllowed(referer, designations)
  t.equal(allowed('http://a.example.com/x'), false, 'no designation, no admission')
  t.equal(allowed(undefined, '*'), true, 'anyone')
  t.equal(allowed('http://www.example.com/x', '.example.com'), true, 'a domain')
  t.equal(allowed('http://example.com/x', '.example.com'), false, 'the domain itself is another host')
  t.equal(allowed('http://WWW.example.com:8080', 'www.example.com'), true, 'case and port do not matter')
  t.equal(allowed('http://thief.example.com/', '.example.com', '-thief.example.com'), false)
  t.equal(allowed('http://thief.example.com/', '-thief.example.com', '.example.com'), true)
  t.equal(allowed('http://a.thief.com/', '*', '-.thief.com'), false)
  t.equal(allowed('http://user@www.example.com/', 'www.example.com'), true)
  t.equal(
    allowed('http://www.example.com@thief.com/', 'www.example.com'),
    false,
    'the host is what follows the @',
  )
  t.equal(allowed('http://[2001:db8::1]:80/', '2001:db8::1'), true)
  t.equal(allowed('www.example.com', 'www.example.com'), false, 'no URL')
  t.equal(allowed('thief.com/http://www.example.com', 'www.example.com'), false, 'a URL in a path')
  t.equal(allowed('www.example.com', 'unknown'), true, 'Swift calls the host of no URL unknown')
  t.end()
})

t.test('any list and any referer are read without an exception', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (written, referer) => {
      cleanAcl(READ, written)
      const { referrers } = parseAcl(written)
      return typeof referrerAllowed(referer, referrers) === 'boolean'
    }),
  )
  t.end()
})

t.test('values are quoted as Swift quotes them', (t) => {
  t.equal(quoted('plain'), "'plain'")
  t.equal(quoted("it's"), '"it\'s"')
  t.equal(quoted('both \' and "'), "'both \\' and \"'")
  t.equal(quoted('back\\slash\ttab\nline\rreturn'), "'back\\\\slash\\ttab\\nline\\rreturn'")
  t.equal(quoted('\x01\x7f\xad'), "'\\x01\\x7f\\xad'")
  t.end()
})
