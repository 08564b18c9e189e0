/** Hosts that stand for accounts and containers, and hosts that are aliases of those. */
import t from 'tap'
import type { CanonicalName } from '#http/canonical-names.ts'
import { type Received, send, testProxy, tokenFor } from '../testing/test-proxy.ts'
import { DEFAULT_WEB_OPTIONS, type WebOptions } from '../web-options.ts'

const asked: string[] = []
const ALIASES: Readonly<Record<string, string>> = {
  'www.example.test': 'site.AUTH-test.store.example',
  'old.example.test': 'www.example.test',
  'loop.example.test': 'loop.example.test',
}
const canonicalNames = {
  lookUp: async (host: string): Promise<CanonicalName> => {
    asked.push(host)
    const of = ALIASES[host]
    if (host === 'broken.example.test') return { kind: 'unknown' }
    return of === undefined ? { kind: 'none' } : { kind: 'alias', of }
  },
}

const domainRemap = { ...DEFAULT_WEB_OPTIONS.domainRemap, storageDomains: ['store.example'] }
const web: WebOptions = { ...DEFAULT_WEB_OPTIONS, domainRemap, cnameLookup: 'on' }
const { handler, pipeline, deps } = testProxy({ web }, { canonicalNames })
// Every proxy of these tests has the same keys.
const token = await tokenFor(testProxy().handler, 'test:tester', 'testing')

async function put(path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<void> {
  const sent = {
    method: 'PUT',
    target: `/v1/AUTH_test/${path}`,
    headers: { Host: 'store.example', 'X-Auth-Token': token, ...headers },
  }
  const { status } = await send(handler, body === undefined ? sent : { ...sent, body })
  if (status >= 300) throw new Error(`PUT ${path}: ${status}`)
}

function visit(host: string, target: string): Promise<Received> {
  return send(handler, { target, headers: { Host: host } })
}

const open = { 'X-Container-Read': '.r:*,.rlistings', 'X-Container-Meta-Web-Index': 'index.html' }
await put('site', open)
await put('site/index.html', { 'Content-Type': 'text/html' }, 'home')
await put('site/info', {}, 'a page called info')
await put('site/sub/index.html', { 'Content-Type': 'text/html' }, 'below')
await put('site/v1/x', {}, 'a folder called v1')

t.test('a host is a container, or an account', async (t) => {
  t.match(await visit('site.AUTH-test.store.example', '/'), { status: 200, body: 'home' })
  t.match(await visit('site.auth_test.store.example:8080', '/index.html'), { status: 200, body: 'home' })
  t.match(await visit('site.auth-test.STORE.example', '/sub/'), { status: 200, body: 'below' })
  t.match(await visit('auth-test.store.example', '/site/index.html'), { status: 200, body: 'home' })
  t.match(await visit('site.AUTH-test.store.example', '/v1/x'), { status: 200, body: 'a folder called v1' })
})

t.test('a page may be called as we call one of ours', async (t) => {
  t.match(await visit('site.AUTH-test.store.example', '/info'), { status: 200, body: 'a page called info' })
})

t.test('redirects name the host and path that the visitor knows', async (t) => {
  const below = await visit('site.AUTH-test.store.example:8080', '/sub')
  t.match(below, { status: 301, headers: { location: 'http://site.AUTH-test.store.example:8080/sub/' } })
  const alias = await visit('www.example.test:8080', '/sub')
  t.match(alias, { status: 301, headers: { location: 'http://www.example.test:8080/sub/' } })
})

t.test('hosts that are not ours are left alone, and those too deep refused', async (t) => {
  t.equal((await visit('store.example', '/v1/AUTH_test/site/index.html')).body, 'home')
  t.equal((await visit('127.0.0.1:8080', '/v1/AUTH_test/site/index.html')).body, 'home')
  t.equal((await visit('[::1]:8080', '/v1/AUTH_test/site/index.html')).body, 'home')
  t.equal((await visit('site.other.store.example', '/v1/AUTH_test/site/index.html')).body, 'home')
  t.match(await visit('a.site.AUTH-test.store.example', '/'), {
    status: 400,
    body: 'Bad domain in host header',
  })
})

t.test('what the host names cannot break out of its place in the path', async (t) => {
  t.not((await visit('site%2Findex.html.AUTH-test.store.example', '/')).status, 200)
  t.not((await visit('a/b.AUTH-test.store.example', '/')).status, 200)
})

t.test('accounts without a prefix are given the default one, paths that have the root keep it', async (t) => {
  const remap = { ...domainRemap, defaultResellerPrefix: 'AUTH', clientPaths: 'mangled' as const }
  const other = testProxy({ web: { ...web, domainRemap: remap } }, { canonicalNames, store: deps.store })
  const get = (host: string, target: string): Promise<Received> =>
    send(other.handler, { target, headers: { Host: host } })
  t.equal((await get('site.test.store.example', '/index.html')).body, 'home')
  t.equal((await get('test.store.example', '/v1/site/index.html')).body, 'home')
  const info = JSON.parse((await get('store.example', '/info')).body)
  t.strictSame(info.domain_remap, { default_reseller_prefix: 'AUTH' })
})

t.test('a foreign host is what its alias says', async (t) => {
  t.match(await visit('www.example.test', '/'), { status: 200, body: 'home' })
  t.match(await visit('WWW.example.test:8080', '/sub/'), { status: 200, body: 'below' })
  const count = asked.length
  await visit('www.example.test', '/index.html')
  t.equal(asked.length, count, 'which is asked for once')
})

t.test('a host that is no alias of ours is refused', async (t) => {
  const refused = { status: 400, body: 'CNAME lookup failed to resolve to a valid domain' }
  for (const host of ['nobody.example.test', 'loop.example.test', 'broken.example.test']) {
    t.match(await visit(host, '/'), refused, host)
  }
  const tooMany = { status: 400, body: 'CNAME lookup failed after 1 tries' }
  t.match(await visit('old.example.test', '/'), tooMany, 'an alias of an alias')
  const count = asked.length
  t.match(await visit(`${'a-'.repeat(40)}.example.test`, '/'), refused)
  t.match(await visit('a..example.test', '/'), refused)
  t.match(await visit(`${'a.'.repeat(130)}test`, '/'), refused)
  t.equal(asked.length, count, 'without asking anybody for what is no name')
  await visit('nobody.example.test', '/')
  t.equal(asked.length, count, 'that there is no alias is remembered')
  await visit('broken.example.test', '/')
  t.equal(asked.length, count + 1, 'that nobody could tell is not')
})

t.test('aliases of aliases are followed as deep as the operator says', async (t) => {
  const deep = testProxy({ web: { ...web, cnameLookupDepth: 2 } }, { canonicalNames, store: deps.store })
  const answer = await send(deep.handler, { target: '/', headers: { Host: 'old.example.test' } })
  t.match(answer, { status: 200, body: 'home' })
  const info = await send(deep.handler, { target: '/info', headers: { Host: 'store.example' } })
  t.strictSame(JSON.parse(info.body).cname_lookup, { lookup_depth: 2 })
})

t.test('both are off unless the operator names a domain', async (t) => {
  t.ok(pipeline.includes('cname-lookup') && pipeline.includes('domain-remap'))
  const off = testProxy({ web: { ...DEFAULT_WEB_OPTIONS, cnameLookup: 'on' } }, { canonicalNames })
  t.notOk(off.pipeline.some((name) => name === 'cname-lookup' || name === 'domain-remap'))
  const info = JSON.parse((await send(off.handler, { target: '/info' })).body)
  t.equal(info.domain_remap, undefined)
  t.equal(info.cname_lookup, undefined)
})
