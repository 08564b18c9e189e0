/** What `web-download` may fetch, and where the connection may go. */
import t from 'tap'
import { DEFAULT_FETCH_RULES, mayReachFor, uriRefusal } from './address-rules.ts'

const GOOD = [
  'http://images.example/a',
  'https://images.example:443/a?b',
  'http://93.184.216.34/a',
  'http://[2606:2800::1]/a',
]

const BAD = [
  'file:///etc/passwd',
  'ftp://images.example/a',
  'images.example/a',
  '',
  'http://',
  'http://images.example:22/a',

  'http://user:word@images.example/a',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
]

const INSIDE = [
  '127.0.0.1',
  '10.1.2.3',
  '192.168.1.1',
  '172.16.0.1',
  '169.254.169.254',
  '0.0.0.0',
  '100.64.0.1',
  '224.0.0.1',
  '::1',
  'fe80::1',
  'fc00::1',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '::',
  'ff02::1',
]

void t.test('URIs are judged by what is written in them', async (t) => {
  for (const uri of GOOD) t.equal(uriRefusal(uri, DEFAULT_FETCH_RULES), undefined, uri)
  for (const uri of BAD) t.type(uriRefusal(uri, DEFAULT_FETCH_RULES), 'string', uri)
})

void t.test('hosts are allowed or not; an allow list makes the other meaningless', async (t) => {
  const deny = { ...DEFAULT_FETCH_RULES, disallowedHosts: ['bad.example'] }
  t.type(uriRefusal('http://BAD.example/a', deny), 'string')
  t.equal(uriRefusal('http://good.example/a', deny), undefined)
  const allow = { ...deny, allowedHosts: ['bad.example'] }
  t.equal(uriRefusal('http://bad.example/a', allow), undefined)
  t.type(uriRefusal('http://good.example/a', allow), 'string')
})

void t.test('connections go to the public network, or to a host that the operator named', async (t) => {
  const mayReach = mayReachFor('http://images.example/a', DEFAULT_FETCH_RULES)
  for (const address of INSIDE) t.notOk(mayReach(address), address)
  t.ok(mayReach('93.184.216.34'))
  t.ok(mayReach('2606:2800:220:1::1'))
  const named = { ...DEFAULT_FETCH_RULES, allowedHosts: ['inside.example'] }
  t.ok(mayReachFor('http://inside.example/a', named)('10.1.2.3'))
  t.notOk(mayReachFor('http://other.example/a', named)('10.1.2.3'))
})
