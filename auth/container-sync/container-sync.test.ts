import t from 'tap'
import { parseRealms } from './realms.ts'
import { checkSyncAuth, syncSignature } from './sync-signature.ts'
import { parseSyncTarget } from './sync-target.ts'

const REALMS = parseRealms(`[DEFAULT]
mtime_check_interval = 60
[Realm1]
key = realm1key
key2 = realm1key2
cluster_one = http://one.example:8080/v1/
cluster_Two = https://two.example/v1
[nokey]
cluster_one = http://one.example:8080/v1/
`)
const REQUEST = { method: 'PUT', path: "/v1/AUTH_a/c/ö x'(~)", timestamp: '1700000000.00000' }
/** By Swift's own `get_sig`, for the request above with nonce `abc` and the keys `realm1key` and `userkey`. */
const BY_SWIFT = '7472c6ffc8273d9b414151526b9c789c298cb2cd'

t.test('realms and clusters are known by name in any case', async (t) => {
  t.same([...REALMS.keys()], ['REALM1'])
  t.same(Object.fromEntries(REALMS.get('REALM1')?.clusters ?? []), {
    ONE: 'http://one.example:8080/v1/',
    TWO: 'https://two.example/v1',
  })
  t.throws(() => parseRealms('[a]\nsecretkey'), { message: 'line 2 is not written name = value' })
})

t.test('a signature is the one that Swift makes', async (t) => {
  t.equal(syncSignature(REQUEST, 'abc', 'realm1key', 'userkey'), BY_SWIFT)
})

t.test('a signature by either key of the realm is good, and nothing else is', async (t) => {
  const check = (header: string, request = REQUEST, userKey: string | undefined = 'userkey') => {
    const checked = checkSyncAuth(header, request, REALMS, userKey)
    return checked.kind === 'valid' ? 'valid' : checked.why
  }
  const by = (realmKey: string, userKey = 'userkey') => syncSignature(REQUEST, 'n', realmKey, userKey)
  t.equal(check(`realm1 n ${by('realm1key')}`), 'valid')
  t.equal(check(`REALM1 n ${by('realm1key2')}`), 'valid')
  t.equal(check(`realm1 m ${by('realm1key')}`), 'bad_signature')
  t.equal(check(`realm1 n ${by('other')}`), 'bad_signature')
  t.equal(check(`realm1 n ${by('realm1key', 'other')}`), 'bad_signature')
  t.equal(check(`realm1 n ${by('realm1key')}`, { ...REQUEST, timestamp: '0' }), 'bad_signature')
  t.equal(check(`realm1 n ${by('realm1key')}`, { ...REQUEST, method: 'DELETE' }), 'bad_signature')
  t.equal(check(`nokey n ${by('')}`), 'no_realm_key')
  t.equal(check('realm1 n'), 'not_three_words')
  t.equal(checkSyncAuth(`realm1 n ${by('realm1key', '')}`, REQUEST, REALMS, '').kind, 'invalid')
  t.equal(checkSyncAuth(`realm1 n ${by('realm1key', '')}`, REQUEST, REALMS, undefined).kind, 'invalid')
})

t.test('only what operators wrote down can be synced to', async (t) => {
  const url = (written: string): string => {
    const parsed = parseSyncTarget(written, REALMS)
    if (parsed.kind === 'target') return parsed.target.url
    return parsed.kind === 'none' ? 'none' : parsed.reason
  }
  t.equal(url('//realm1/one/AUTH_b/d'), 'http://one.example:8080/v1/AUTH_b/d')
  t.equal(url('//REALM1/TWO/AUTH_b/d/'), 'https://two.example/v1/AUTH_b/d')
  t.equal(url(''), 'none')
  t.match(url('http://127.0.0.1/v1/AUTH_b/d'), /Full URLs are not allowed/)
  t.equal(url('//realm1/one/AUTH_b'), "Invalid X-Container-Sync-To format '//realm1/one/AUTH_b'")
  t.equal(url('//realm2/one/AUTH_b/d'), "No realm key for 'realm2'")
  t.equal(url('//nokey/one/AUTH_b/d'), "No realm key for 'nokey'")
  t.equal(url('//realm1/three/AUTH_b/d'), "No cluster endpoint for 'realm1' 'three'")
})
