/** The layers that hold clients back, each through a whole proxy. */
import t from 'tap'
import { DEFAULT_PROXY_OPTIONS, type ProxyOptions } from '../options.ts'
import { type Received, send, testProxy, tokenFor } from '../testing/test-proxy.ts'

type Headers = Readonly<Record<string, string>>
type Ask = (method: string, target: string, headers?: Headers, body?: string) => Promise<Received>

interface Clients {
  readonly tester: Ask
  readonly reseller: Ask
  readonly anyone: Ask
}

async function clientsOf(options: Partial<ProxyOptions> = {}): Promise<Clients> {
  const { handler } = testProxy(options)
  const as = (token: string | undefined): Ask => {
    const own: Headers = token === undefined ? {} : { 'X-Auth-Token': token }
    return (method, target, headers = {}, body = '') =>
      send(handler, { method, target, headers: { ...own, ...headers }, body })
  }
  return {
    tester: as(await tokenFor(handler, 'test:tester', 'testing')),
    reseller: as(await tokenFor(handler, 'admin:admin', 'admin')),
    anyone: as(undefined),
  }
}

const ACCOUNT = '/v1/AUTH_test'
const byNumber = (left: number, right: number): number => left - right

t.test('crossdomain.xml is there where an operator wrote one', async (t) => {
  const { anyone } = await clientsOf({ crossdomainPolicy: '<allow-access-from domain="*.example" />' })
  const { status, body, headers } = await anyone('GET', '/crossdomain.xml')
  t.equal(status, 200)
  t.equal(headers['content-type'], 'application/xml')
  t.match(
    body,
    /<cross-domain-policy>\n<allow-access-from domain="\*\.example" \/>\n<\/cross-domain-policy>$/,
  )
  const without = await clientsOf()
  t.not((await without.anyone('GET', '/crossdomain.xml')).status, 200)
})

t.test('names that an operator does not want are refused', async (t) => {
  const nameRules = {
    forbiddenCharacters: '\'"`<>',
    maximumLength: 40,
    forbiddenPattern: String.raw`/\./|/\.\./|/\.$|/\.\.$`,
  }
  const { tester } = await clientsOf({ nameRules })
  t.equal((await tester('PUT', `${ACCOUNT}/c`)).status, 201)
  const chars = await tester('PUT', `${ACCOUNT}/c/a%3Cb`)
  t.equal(chars.status, 400)
  t.equal(chars.body, `Object/Container/Account name contains forbidden chars from '"\`<>`)
  t.equal(
    (await tester('PUT', `${ACCOUNT}/c/${'%C3%A9'.repeat(14)}`)).body,
    'Object/Container/Account name longer than the allowed maximum 40',
  )
  for (const name of ['.', '..', './x', 'a/../b']) {
    t.match(await tester('PUT', `${ACCOUNT}/c/${name}`), { status: 400, body: /forbidden substring/ }, name)
  }
  t.equal((await tester('PUT', `${ACCOUNT}/c/..a`)).status, 201)
})

t.test('a read-only cluster is read, save for accounts and containers that are exempt', async (t) => {
  const { tester, reseller } = await clientsOf({ readOnly: { cluster: 'read_only', deletes: 'refused' } })
  t.match(await tester('PUT', `${ACCOUNT}/c`), { status: 405, body: 'Writes are disabled for this account.' })
  t.equal((await tester('POST', ACCOUNT, { 'X-Account-Read-Only': 'false' })).status, 403)
  t.equal((await reseller('POST', ACCOUNT, { 'X-Account-Read-Only': 'false' })).status, 204)
  t.equal((await tester('HEAD', ACCOUNT)).headers['x-account-read-only'], 'false')
  t.equal((await tester('PUT', `${ACCOUNT}/c`)).status, 201)
  t.equal((await reseller('POST', `${ACCOUNT}/c`, { 'X-Container-Read-Only': 'yes' })).status, 204)
  t.equal((await tester('PUT', `${ACCOUNT}/c/o`, {}, 'x')).status, 405)
  t.equal((await tester('DELETE', `${ACCOUNT}/c`)).status, 405)
  t.equal((await tester('GET', `${ACCOUNT}/c`)).status, 204)
  t.equal((await reseller('POST', ACCOUNT, { 'X-Account-Read-Only': 'maybe' })).status, 400)
})

t.test('a read-only cluster may let things be deleted', async (t) => {
  const { tester } = await clientsOf({ readOnly: { cluster: 'read_only', deletes: 'allowed' } })
  t.equal((await tester('DELETE', `${ACCOUNT}/c`)).status, 404)
  t.equal((await tester('PUT', `${ACCOUNT}/c`)).status, 405)
})

t.test('accounts are shut out, let through, or held to a rate, by resellers', async (t) => {
  const rateLimits = { ...DEFAULT_PROXY_OPTIONS.rateLimits, accountRate: 0.1, maxSleepMs: 100 }
  const { tester, reseller, anyone } = await clientsOf({ rateLimits })
  const made = await Promise.all([1, 2, 3].map((at) => tester('PUT', `${ACCOUNT}/c${at}`)))
  t.same(made.map(({ status }) => status).toSorted(byNumber), [201, 498, 498])
  t.equal(made.find(({ status }) => status === 498)?.body, 'Slow down')
  await reseller('POST', ACCOUNT, { 'X-Account-Global-Write-Ratelimit': 'WHITELIST' })
  const free = await Promise.all([4, 5, 6, 7].map((at) => tester('PUT', `${ACCOUNT}/c${at}`)))
  t.ok(free.every(({ status }) => status === 201))
  t.equal((await tester('POST', ACCOUNT, { 'X-Account-Global-Write-Ratelimit': '' })).status, 403)
  await reseller('POST', ACCOUNT, { 'X-Account-Global-Write-Ratelimit': 'BLACKLIST' })
  t.match(await tester('GET', `${ACCOUNT}/c1`), { status: 497, body: 'Your account has been blacklisted' })
  const { body } = await anyone('GET', '/info')
  t.match(JSON.parse(body), { ratelimit: { account_ratelimit: 0.1, max_sleep_time_seconds: 0.1 } })
})

t.test('a container’s size decides how fast it may be listed and written', async (t) => {
  const steps = [{ objects: 1, perSecond: 0.1 }]
  const rateLimits = {
    ...DEFAULT_PROXY_OPTIONS.rateLimits,
    containerRates: steps,
    listingRates: steps,
    maxSleepMs: 50,
  }
  const { tester } = await clientsOf({ rateLimits })
  await tester('PUT', `${ACCOUNT}/c`)
  t.equal((await tester('PUT', `${ACCOUNT}/c/a`, {}, 'x')).status, 201)
  const writes = await Promise.all([1, 2].map((at) => tester('PUT', `${ACCOUNT}/c/${at}`, {}, 'x')))
  t.same(writes.map(({ status }) => status).toSorted(byNumber), [201, 498])
  const listings = await Promise.all([tester('GET', `${ACCOUNT}/c`), tester('GET', `${ACCOUNT}/c`)])
  t.same(listings.map(({ status }) => status).toSorted(byNumber), [200, 498])
  t.equal((await tester('GET', `${ACCOUNT}/c/a`)).status, 200, 'reads are not limited')
})

t.test('resellers set the quotas of accounts, also of a storage policy; everybody sees them', async (t) => {
  const { tester, reseller } = await clientsOf()
  await tester('PUT', `${ACCOUNT}/c`)
  const silver = { 'X-Storage-Policy': 'silver' }
  await tester('PUT', `${ACCOUNT}/s`, silver)
  t.equal((await tester('POST', ACCOUNT, { 'X-Account-Quota-Count-Policy-Silver': '1' })).status, 403)
  t.equal((await reseller('POST', ACCOUNT, { 'X-Account-Quota-Count-Policy-Silver': 'x' })).status, 400)
  const quotas = { 'X-Account-Quota-Count-Policy-Silver': '1', 'X-Account-Quota-Bytes': '100' }
  t.equal((await reseller('POST', ACCOUNT, quotas)).status, 204)
  t.match((await tester('HEAD', ACCOUNT)).headers, {
    'x-account-quota-count-policy-silver': '1',
    'x-account-quota-bytes': '100',
  })
  t.equal((await tester('PUT', `${ACCOUNT}/s/1`, {}, 'x')).status, 201)
  t.match(await tester('PUT', `${ACCOUNT}/s/2`, {}, 'x'), {
    status: 413,
    body: 'Upload exceeds policy quota.',
  })
  t.equal((await tester('PUT', `${ACCOUNT}/c/1`, {}, 'x')).status, 201)
  t.match(await tester('PUT', `${ACCOUNT}/c/2`, {}, 'x'.repeat(99)), {
    status: 413,
    body: 'Upload exceeds quota.',
  })
  t.equal((await reseller('PUT', `${ACCOUNT}/s/2`, {}, 'x')).status, 201)
  await reseller('POST', ACCOUNT, { 'X-Remove-Account-Quota-Bytes': 'x', 'X-Account-Meta-Quota-Bytes': '50' })
  const { headers } = await tester('HEAD', ACCOUNT)
  t.equal(headers['x-account-quota-bytes'], undefined)
  t.equal(headers['x-account-meta-quota-bytes'], '50')
})

t.test('/info tells what each of them does, and nothing of what is off', async (t) => {
  const { anyone } = await clientsOf()
  const info = JSON.parse((await anyone('GET', '/info')).body) as Record<string, unknown>
  t.match(info, {
    bulk_upload: { max_containers_per_extraction: 10_000, max_failed_extractions: 1000 },
    bulk_delete: { max_deletes_per_request: 10_000, max_failed_deletes: 1000 },
    container_quotas: {},
    account_quotas: {},
    etag_quoter: { enable_by_default: false },
  })
  for (const off of ['read_only', 'name_check', 'crossdomain']) t.notOk(off in info, off)
  const required = ['head', 'gatekeeper', 'info', 'request-limits', 'token']
  const bare = await clientsOf({ pipeline: [...required, 'swift-v1-auth'].toSorted(byPipeline) })
  const left = JSON.parse((await bare.anyone('GET', '/info')).body) as Record<string, unknown>
  for (const gone of ['bulk_upload', 'bulk_delete', 'ratelimit', 'etag_quoter']) t.notOk(gone in left, gone)
})

function byPipeline(left: string, right: string): number {
  const order = ['head', 'gatekeeper', 'info', 'request-limits', 'swift-v1-auth', 'token']
  return order.indexOf(left) - order.indexOf(right)
}

t.test('ETags are quoted for containers and accounts that ask for it', async (t) => {
  const { tester } = await clientsOf()
  await tester('PUT', `${ACCOUNT}/c`, { 'X-Container-Rfc-Compliant-Etags': 'on' })
  const { headers } = await tester('PUT', `${ACCOUNT}/c/o`, {}, 'x')
  t.equal(headers['etag'], '"9dd4e461268c8034f5c8564e155c67a6"')
  t.equal((await tester('GET', `${ACCOUNT}/c/o`, { 'If-None-Match': headers['etag'] ?? '' })).status, 304)
  t.equal((await tester('HEAD', `${ACCOUNT}/c`)).headers['x-container-rfc-compliant-etags'], 'True')
  await tester('POST', `${ACCOUNT}/c`, { 'X-Remove-Container-Rfc-Compliant-Etags': 'x' })
  t.equal((await tester('HEAD', `${ACCOUNT}/c/o`)).headers['etag'], '9dd4e461268c8034f5c8564e155c67a6')
  await tester('POST', ACCOUNT, { 'X-Account-Rfc-Compliant-Etags': 'true' })
  t.match((await tester('HEAD', `${ACCOUNT}/c/o`)).headers['etag'], /^"/)
  const byDefault = await clientsOf({ etags: 'quoted' })
  await byDefault.tester('PUT', `${ACCOUNT}/c`)
  t.match((await byDefault.tester('PUT', `${ACCOUNT}/c/o`, {}, 'x')).headers['etag'], /^"/)
})

t.test('accounts of services need the tokens of both, the user and the service', async (t) => {
  const resellers = [...DEFAULT_PROXY_OPTIONS.resellers, { prefix: 'SERVICE_', requireGroup: 'test:tester3' }]
  const { handler } = testProxy({ resellers })
  const [user, service] = [
    await tokenFor(handler, 'test:tester', 'testing'),
    await tokenFor(handler, 'test:tester3', 'testing3'),
  ]
  const put = async (headers: Headers): Promise<number> =>
    (await send(handler, { method: 'PUT', target: '/v1/SERVICE_test/c', headers, body: '' })).status
  t.equal(await put({ 'X-Auth-Token': user }), 403)
  t.equal(await put({ 'X-Auth-Token': service }), 403)
  t.equal(await put({ 'X-Service-Token': service }), 401)
  t.equal(await put({ 'X-Auth-Token': user, 'X-Service-Token': 'AUTH_tkbogus' }), 403)
  t.equal(await put({ 'X-Auth-Token': user, 'X-Service-Token': service }), 201)
})
