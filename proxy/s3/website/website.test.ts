import t from 'tap'
import { s3Door } from '../../testing/s3-door.ts'
import { type Received, send, tokenFor } from '../../testing/test-proxy.ts'
import { DEFAULT_S3_OPTIONS } from '../options.ts'

const { s3, handler } = s3Door({ s3: { ...DEFAULT_S3_OPTIONS, websiteCustomDomains: 'on' } })
const token = await tokenFor(handler, 'test:tester', 'testing')

async function makePublic(bucket: string, list = '.r:*'): Promise<void> {
  const headers = { 'x-auth-token': token, 'x-container-read': list }
  await send(handler, { method: 'POST', target: `/v1/AUTH_test/${bucket}`, body: '', headers })
}

const configure = (bucket: string, inner: string) =>
  s3('PUT', `/${bucket}?website`, { body: `<WebsiteConfiguration>${inner}</WebsiteConfiguration>` })
const INDEX = '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'
const ERROR = '<ErrorDocument><Key>errors/oops.html</Key></ErrorDocument>'

async function bucket(name: string, inner: string, list?: string): Promise<void> {
  await s3('PUT', `/${name}`)
  await makePublic(name, list)
  const put = await configure(name, inner)
  if (put.status !== 200) throw new Error(put.body)
}

const put = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  s3('PUT', path, { body, headers: { 'content-type': 'text/html', ...headers } })

/** Somebody with a browser. */
function visit(
  site: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Received> {
  const host = site.includes('.') ? site : `${site}.s3-website.localhost:8080`
  return send(handler, { method, target: path, headers: { host, ...headers } })
}

await bucket('site', INDEX + ERROR, '.r:*,.rlistings')
await put('/site/index.html', 'home')
await put('/site/docs/index.html', 'docs')
await put('/site/about%20us.html', 'about')
await put('/site/errors/oops.html', 'oops')
await put('/site/moved.html', '', { 'x-amz-website-redirect-location': 'https://elsewhere.example/x' })

await t.test('pages, and the page that stands for a folder', async (t) => {
  t.match(await visit('site', '/'), { status: 200, body: 'home', headers: { 'content-type': 'text/html' } })
  t.match(await visit('site', '/docs/'), { status: 200, body: 'docs' })
  t.match(await visit('site', '/about%20us.html?x=y'), { status: 200, body: 'about' })
  t.match(await visit('site', '/docs'), { status: 302, headers: { location: '/docs/' } })
  t.match(await visit('site', '/index.html', { method: 'HEAD' }), { status: 200, body: '' })
  const { headers } = await visit('site', '/')
  const again = await visit('site', '/', { headers: { 'if-none-match': headers['etag'] ?? '' } })
  t.equal(again.status, 304)
  const part = await visit('site', '/', { headers: { range: 'bytes=1-2' } })
  t.match(part, { status: 206, body: 'om' })
})

await t.test('errors are shown on the page of the owner, with their status', async (t) => {
  t.match(await visit('site', '/nothing.html'), {
    status: 404,
    body: 'oops',
    headers: { 'x-amz-error-code': 'NoSuchKey' },
  })
  t.match(await visit('site', '/', { method: 'PUT' }), { status: 405, body: /<h1>405 Method Not Allowed/ })
  t.match(await visit('nowhere', '/'), { status: 404, body: /Code: NoSuchBucket/ })
  await s3('PUT', '/plain')
  t.match(await visit('plain', '/'), { status: 404, body: /Code: NoSuchWebsiteConfiguration/ })
})

await t.test('what is not public is shown to nobody', async (t) => {
  await bucket('private', INDEX, '')
  await put('/private/index.html', 'secret')
  const refused = await visit('private', '/')
  t.equal(refused.status, 403)
  t.match(refused.body, 'Code: AccessDenied')
  t.notMatch(refused.body, 'secret')
})

await t.test('an object leads where its metadata say', async (t) => {
  t.match(await visit('site', '/moved.html'), {
    status: 301,
    headers: { location: 'https://elsewhere.example/x' },
  })
})

await t.test('a folder whose name begins with a slash leads to no other host', async (t) => {
  await put('/site//evil.example/index.html', 'here')
  const found = await visit('site', '//evil.example')
  t.match(found, { status: 302, headers: { location: '/%2Fevil.example/' } })
  t.match(await visit('site', '/%2Fevil.example/'), { status: 200, body: 'here' })
})

await t.test('no name has a NUL in it', async (t) => {
  t.equal((await visit('site', '/%00versions')).status, 400)
  for (const nul of ['&#0;', '&#x00;', '\0']) {
    const body = `<WebsiteConfiguration><IndexDocument><Suffix>${nul}x</Suffix></IndexDocument></WebsiteConfiguration>`
    t.match(await s3('PUT', '/site?website', { body }), { status: 400, body: /MalformedXML/ })
  }
})

await t.test('all requests lead elsewhere', async (t) => {
  await bucket('away', '<RedirectAllRequestsTo><HostName>new.example</HostName></RedirectAllRequestsTo>')
  t.match(await visit('away', '/a/b c'.replace(' ', '%20')), {
    status: 301,
    headers: { location: 'http://new.example/a/b%20c' },
  })
})

await t.test('routing rules: by prefix before, by error after', async (t) => {
  const rule = (condition: string, redirect: string) =>
    `<RoutingRule>${condition && `<Condition>${condition}</Condition>`}<Redirect>${redirect}</Redirect></RoutingRule>`
  const rules = [
    rule('<KeyPrefixEquals>old/</KeyPrefixEquals>', '<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>'),
    rule(
      '<KeyPrefixEquals>img/</KeyPrefixEquals><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>',
      '<HostName>cdn.example</HostName><Protocol>https</Protocol><HttpRedirectCode>307</HttpRedirectCode>',
    ),
    rule(
      '<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>',
      '<ReplaceKeyWith>gone.html</ReplaceKeyWith>',
    ),
  ]
  await bucket('routed', `${INDEX}<RoutingRules>${rules.join('')}</RoutingRules>`, '.r:*,.rlistings')
  await put('/routed/img/a.png', 'picture')
  const host = 'http://routed.s3-website.localhost:8080'
  t.match(await visit('routed', '/old/x'), { status: 301, headers: { location: `${host}/new/x` } })
  t.match(await visit('routed', '/img/a.png'), { status: 200, body: 'picture' })
  t.match(await visit('routed', '/img/b.png'), {
    status: 307,
    headers: { location: 'https://cdn.example/img/b.png' },
  })
  t.match(await visit('routed', '/other'), { status: 301, headers: { location: `${host}/gone.html` } })
})

await t.test('a domain of one’s own is a bucket of its name', async (t) => {
  await bucket('www.birds.example', INDEX)
  await put('/www.birds.example/index.html', 'birds')
  t.match(await visit('www.birds.example', '/'), { status: 200, body: 'birds' })
  t.equal((await visit('www.other.example', '/healthcheck')).body, 'OK', 'others go on')
  const signed = { 'x-auth-token': token }
  t.equal((await visit('www.birds.example', '/v1/AUTH_test', { headers: signed })).status, 200, 'clients too')
})

await t.test('the same bucket may be a website of Swift’s, and scripts are told what they may', async (t) => {
  const headers = { 'x-auth-token': token, 'x-container-meta-web-index': 'docs/index.html' }
  await send(handler, { method: 'POST', target: '/v1/AUTH_test/site', body: '', headers })
  t.equal((await send(handler, { target: '/v1/AUTH_test/site/' })).body, 'docs')
  t.equal((await visit('site', '/')).body, 'home')
  const rule = '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>'
  await s3('PUT', '/site?cors', { body: `<CORSConfiguration>${rule}</CORSConfiguration>` })
  const origin = { origin: 'https://app.example' }
  t.equal((await visit('site', '/', { headers: origin })).headers['access-control-allow-origin'], '*')
  const preflight = { ...origin, 'access-control-request-method': 'GET' }
  t.equal((await visit('site', '/', { method: 'OPTIONS', headers: preflight })).status, 200)
})

await t.test('a link does not lead visitors to what is private', async (t) => {
  await s3('PUT', '/hidden')
  await put('/hidden/secret', 'secret')
  const headers = { 'x-auth-token': token, 'x-symlink-target': 'hidden/secret' }
  await send(handler, { method: 'PUT', target: '/v1/AUTH_test/site/link', body: '', headers })
  const seen = await visit('site', '/link')
  t.notMatch(seen.body, 'secret')
  t.equal(seen.status, 403)
})
