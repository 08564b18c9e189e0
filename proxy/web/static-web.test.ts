import t from 'tap'
import { type Received, send, testProxy, tokenFor } from '../testing/test-proxy.ts'
import { DEFAULT_WEB_OPTIONS } from '../web-options.ts'

const { handler } = testProxy()
const owner = { 'X-Auth-Token': await tokenFor(handler, 'test:tester', 'testing') }

async function put(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<void> {
  const target = `/v1/AUTH_test/${path}`
  const sent = { method: 'PUT', target, headers: { ...owner, ...headers } }
  const { status } = await send(handler, body === undefined ? sent : { ...sent, body })
  if (status >= 300) throw new Error(`PUT ${path}: ${status}`)
}

/** A visitor, without a token. */
function visit(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Received> {
  return send(handler, { method, target: `/v1/AUTH_test/${path}`, headers })
}

const HTML = { 'Content-Type': 'text/html; charset=utf-8' }
const PUBLIC = { 'X-Container-Read': '.r:*' }
const LISTED = { 'X-Container-Read': '.r:*,.rlistings', 'X-Container-Meta-Web-Listings': 'true' }

await put('site', {
  ...PUBLIC,
  'X-Container-Meta-Web-Index': 'index.html',
  'X-Container-Meta-Web-Error': 'error.html',
})
await put('site/index.html', HTML, 'home')
await put('site/about/index.html', HTML, 'about us')
await put('site/marked', { 'Content-Type': 'application/directory' }, '')
await put('site/marked/index.html', HTML, 'marked folder')
await put('site/style.css', { 'Content-Type': 'text/css', 'Cache-Control': 'public, max-age=60' }, 'body {}')
await put('site/404error.html', HTML, 'nothing here')
await put('site/401error.html', HTML, 'not for you')
await put('site/bare/file', {}, 'x')

await put('listed', { ...LISTED, 'X-Container-Meta-Web-Listings-Label': 'A & B' })
await put('listed/a.txt', { 'Content-Type': 'text/plain' }, 'a'.repeat(2000))
await put('listed/sub/b.bin', {}, 'b')
await put(`listed/${encodeURIComponent('<b>&"\u00fc\'.html')}`, { 'Content-Type': 'text/x"><script>' }, 'c')
await put('listed//evil.example/x', {}, 'd')

t.test('a folder is its index page', async (t) => {
  t.match(await visit('site/'), {
    status: 200,
    body: 'home',
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })
  t.match(await visit('site/about/'), { status: 200, body: 'about us' })
  t.match(await visit('site/marked/'), { status: 200, body: 'marked folder' })
})

t.test('without its slash it is redirected to, so that relative links are right', async (t) => {
  for (const path of ['site', 'site/about', 'site/marked']) {
    const { status, headers, body } = await visit(path)
    t.equal(status, 301, path)
    t.equal(headers['location'], `http://door.example/v1/AUTH_test/${path}/`)
    t.match(body, 'Moved Permanently')
  }
})

t.test('redirects name the address that the operator names', async (t) => {
  const web = { ...DEFAULT_WEB_OPTIONS, urlBase: 'https://www.example.org' }
  const other = testProxy({ web })
  await other.store.containers.put(
    context(),
    { account: 'AUTH_x', container: 'c' },
    {
      changes: { 'x-container-read': '.r:*,.rlistings', 'x-container-meta-web-listings': 'on' },
      policyIndex: undefined,
    },
  )
  const { headers } = await send(other.handler, { target: '/v1/AUTH_x/c' })
  t.equal(headers['location'], 'https://www.example.org/v1/AUTH_x/c/')
})

t.test('what is missing has the owner\u2019s page and the status of what is missing', async (t) => {
  t.match(await visit('site/gone'), {
    status: 404,
    body: 'nothing here',
    headers: { 'content-type': HTML['Content-Type'] },
  })
  t.match(await visit('site/gone/'), { status: 404, body: 'nothing here' })
  t.match(await visit('site/bare/'), { status: 404, body: 'nothing here' }, 'a folder that is not listed')
  t.equal((await visit('site/gone', {}, 'HEAD')).headers['content-length'], '12')
})

t.test('who may not list is shown the page for that', async (t) => {
  await put('closed', { ...PUBLIC, 'X-Container-Meta-Web-Error': 'e.html' })
  await put('closed/401e.html', HTML, 'no listing')
  t.match(await visit('closed'), { status: 401, body: 'no listing' })
  await put('private', { 'X-Container-Meta-Web-Index': 'index.html', 'X-Container-Meta-Web-Error': 'e.html' })
  await put('private/index.html', HTML, 'secret')
  await put('private/401e.html', HTML, 'secret too')
  const refused = await visit('private/')
  t.equal(refused.status, 401)
  t.notMatch(refused.body, 'secret')
  t.equal((await visit('private')).status, 401, 'and no redirect tells that there is a site')
  t.equal((await visit('private/gone')).status, 401)
})

t.test('assets are objects: conditions, ranges, caching', async (t) => {
  const { headers } = await visit('site/style.css')
  t.match(headers, {
    'content-type': 'text/css',
    'cache-control': 'public, max-age=60',
    'accept-ranges': 'bytes',
  })
  const etag = headers['etag'] ?? ''
  t.equal((await visit('site/style.css', { 'If-None-Match': `"${etag}"` })).status, 304)
  t.equal(
    (await visit('site/style.css', { 'If-Modified-Since': headers['last-modified'] ?? '' })).status,
    304,
  )
  t.match(await visit('site/style.css', { Range: 'bytes=0-3' }), { status: 206, body: 'body' })
  const index = await visit('site/')
  t.equal(
    (await visit('site/', { 'If-None-Match': index.headers['etag'] ?? '' })).status,
    304,
    'of an index page too',
  )
  t.match(await visit('site/', { Range: 'bytes=1-2' }), { status: 206, body: 'om' })
  t.match(await visit('site/gone', { Range: 'bytes=1-2' }), { status: 404, body: 'nothing here' })
})

t.test('a listing shows names and escapes them', async (t) => {
  const { status, body, headers } = await visit('listed/')
  t.equal(status, 200)
  t.equal(headers['content-type'], 'text/html; charset=UTF-8')
  t.match(body, '<h1 id="title">Listing of A &amp; B/</h1>')
  t.match(body, '<tr class="item subdir">\n    <td class="colname"><a href="sub/">sub/</a>')
  t.match(
    body,
    '<tr class="item type-text type-plain">\n    <td class="colname"><a href="a.txt">a.txt</a></td>\n    <td class="colsize">2Ki</td>',
  )
  t.match(body, '<a href="%3Cb%3E%26%22%C3%BC%27.html">&lt;b&gt;&amp;&quot;\u00fc&#x27;.html</a>')
  t.match(body, 'type-x&quot;&gt;&lt;script&gt;')
  t.match(body, '<a href=".//">/</a>', 'no name leads to another server')
  t.notMatch(body, '<script>')
})

t.test('folders are listed below a link to their parent', async (t) => {
  const { status, body } = await visit('listed/sub/')
  t.equal(status, 200)
  t.match(body, '<tr id="parent" class="item">\n    <td class="colname"><a href="../">../</a>')
  t.match(body, '<a href="b.bin">b.bin</a>')
  t.equal((await visit('listed/sub')).status, 301)
  t.equal((await visit('listed')).status, 301)
  t.equal((await visit('listed/nowhere/')).status, 404)
  t.equal((await visit('listed/nowhere')).status, 404)
})

t.test('a style sheet is found from every depth', async (t) => {
  await put('styled', { ...LISTED, 'X-Container-Meta-Web-Listings-CSS': 'css/my list.css' })
  await put('styled/a/b/c', {}, 'x')
  t.match((await visit('styled/a/b/')).body, 'href="../../css/my%20list.css"')
  t.match((await visit('styled/')).body, 'href="css/my%20list.css"')
  await put('styled', { 'X-Container-Meta-Web-Listings-CSS': 'https://cdn.example/"x.css' })
  t.match((await visit('styled/a/')).body, 'href="https://cdn.example/%22x.css"')
})

t.test('a site without listings says so to its owner only in general', async (t) => {
  await put('quiet', { 'X-Container-Read': '.r:*,.rlistings', 'X-Container-Meta-Web-Index': '<i>.html' })
  await put('quiet/hidden-name', {}, 'x')
  const { status, body } = await visit('quiet/')
  t.equal(status, 404)
  t.match(body, 'Web Listing Disabled')
  t.match(body, '<b>&lt;i&gt;.html</b>')
  t.notMatch(body, 'hidden-name')
})

t.test('the owner may name another type for markers', async (t) => {
  await put('marked', { ...LISTED, 'X-Container-Meta-Web-Directory-Type': 'text/directory' })
  await put('marked/d', { 'Content-Type': 'text/directory' }, '')
  await put('marked/d/x', {}, 'x')
  await put('marked/plain', { 'Content-Type': 'application/directory' }, '')
  t.equal((await visit('marked/d')).status, 301)
  t.equal((await visit('marked/plain')).status, 200)
})

t.test('who has a token speaks to the API, unless the site is asked for', async (t) => {
  t.equal((await visit('site', owner)).headers['content-type'], 'text/plain; charset=utf-8')
  t.match(await visit('site/', { ...owner, 'X-Web-Mode': 'true' }), { status: 200, body: 'home' })
  await put('api')
  t.equal((await visit('api', { ...owner, 'X-Web-Mode': 'true' })).status, 404, 'which it is not')
})

t.test('a container that is no site is the API\u2019s', async (t) => {
  await put('open', { 'X-Container-Read': '.r:*,.rlistings' })
  await put('open/o', { 'Content-Type': 'application/directory' }, '')
  t.match(await visit('open'), { status: 200, body: 'o\n' })
  t.equal((await visit('open/o')).status, 200)
  t.equal((await visit('open/missing')).status, 404)
  t.equal((await visit('nowhere/x')).status, 401)
})

t.test('/info names it', async (t) => {
  t.strictSame(JSON.parse((await send(handler, { target: '/info' })).body).staticweb, {})
})

function context() {
  return { txId: 'tx', signal: undefined, log: testProxy().deps.log }
}
