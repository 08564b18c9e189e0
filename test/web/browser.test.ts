/**
 * In a real browser: a folder published with the `swift` command, as `docs/websites.md` says, by its path and under a
 * domain of its own; and an upload form whose page is served by the same site.
 */
import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, send, TESTER } from '#test/session.ts'
import { CHROMIUM, type Page, startBrowser } from './browser.ts'
import { startNameServer } from './name-server.ts'

t.setTimeout(600_000)

const SITE = fileURLToPath(new URL('sample-site', import.meta.url))
const DOMAIN = 'www.birds.test'

/** The one command of `docs/websites.md` that publishes the current directory. */
function documentedCommand(): string {
  const page = readFileSync(new URL('../../docs/websites.md', import.meta.url), 'utf8')
  const [command] = /^swift upload site \. && .*$/m.exec(page) ?? []
  if (command === undefined) throw new Error('docs/websites.md has lost its command')
  return command
}

const KEY = 'a key for forms'

const heading = (page: Page): Promise<unknown> => page.evaluate('document.querySelector("h1").textContent')
const colour = (page: Page): Promise<unknown> =>
  page.evaluate('getComputedStyle(document.querySelector("h1")).color')

t.test('a site in a browser', async (t) => {
  if (!havePrograms(t, CHROMIUM, 'swift')) return
  const nameserver = await startNameServer(t, { [DOMAIN]: 'site.AUTH-test.birds.store' })
  const cluster = await startCluster(t, {
    config: `[websites]\nstorage_domain = ["birds.store"]\ncname_lookup = true\nnameservers = ["${nameserver}"]\n`,
  })
  const environment = { ST_AUTH: `${cluster.url}/auth/v1.0`, ST_USER: TESTER.user, ST_KEY: TESTER.key }
  await runWell('sh', ['-c', documentedCommand()], { environment, directory: SITE })
  const browser = startBrowser(t, { hosts: [DOMAIN, '*.birds.store'] })

  const addresses = {
    'its path': `${cluster.url}/v1/AUTH_test/site`,
    'the domain of the cluster': `http://site.auth-test.birds.store:${cluster.port}`,
    'its own domain': `http://${DOMAIN}:${cluster.port}`,
  }
  for (const [how, address] of Object.entries(addresses)) {
    await t.test(`under ${how}`, async (t) => {
      const page = await browser.page()
      await page.open(`${address}/`)
      t.equal(await page.evaluate('document.title'), 'The bird page')
      t.equal(await heading(page), 'B\u00efrds', 'the text is UTF-8')
      t.equal(await colour(page), 'rgb(1, 2, 3)', 'the style sheet counts')
      t.equal(await page.evaluate('document.getElementById("script").textContent'), 'a script has run')
      t.equal(await page.evaluate('document.images[0].naturalWidth'), 40, 'the picture is shown')
      t.ok(
        page.fetched.every(({ url, status }) => status === 200 || url.endsWith('/favicon.ico')),
        'everything is there',
      )

      await page.follow('#about')
      t.equal(
        await page.evaluate('location.href'),
        `${address}/about/`,
        'a folder is redirected to its slash',
      )
      t.equal(await heading(page), 'About')
      t.equal(await colour(page), 'rgb(1, 2, 3)', 'and its links lead where they should')
      await page.follow('#home')
      t.equal(await heading(page), 'B\u00efrds')

      await page.open(`${address}/gone`)
      t.equal(await heading(page), 'It has flown', 'what is missing has a page of its own')
      t.equal(page.fetched.find(({ url }) => url === `${address}/gone`)?.status, 404)
    })
  }

  await t.test('a listing shows names as they are and runs nothing', async (t) => {
    const name = '<img src=x onerror=alert(1)>&"\u00fc\'.html'
    const session = await Session.signIn(cluster.url, TESTER)
    const listed = { 'x-container-read': '.r:*,.rlistings', 'x-container-meta-web-listings': 'true' }
    await session.request('PUT', '/files', { headers: listed })
    await session.request('PUT', `/files/${encodeURIComponent(name)}`, {
      body: Buffer.from('<h1>a file</h1>'),
    })
    const page = await browser.page()
    await page.open(`${cluster.url}/v1/AUTH_test/files/`)
    const names = '[...document.querySelectorAll("td.colname")].map((cell) => cell.textContent)'
    t.same(await page.evaluate(names), [name])
    t.equal(await page.evaluate('document.images.length'), 0)
    await page.follow('tr.item a')
    t.equal(await heading(page), 'a file', 'and the link leads to the object')
  })

  await t.test('what `swift tempurl` prints is a way in, for a browser too', async (t) => {
    const session = await Session.signIn(cluster.url, TESTER)
    await session.request('POST', '', { headers: { 'x-account-meta-temp-url-key': KEY } })
    await session.request('PUT', '/closed')
    const headers = { 'content-type': 'text/html' }
    await session.request('PUT', '/closed/a/page.html', { headers, body: Buffer.from('<h1>let in</h1>') })
    const folder = `${session.account}/closed/a/`
    const tempurl = async (...args: readonly string[]): Promise<URL> =>
      new URL((await runWell('swift', ['tempurl', ...args, KEY], { environment })).trim(), cluster.url)
    const url = await tempurl('--ip-range', '127.0.0.0/8', 'GET', '600', `${folder}page.html`)
    url.searchParams.set('inline', '')
    const page = await browser.page()
    await page.open(url.href)
    t.equal(await heading(page), 'let in')
    const options = ['--prefix-based', '--iso8601', '--digest', 'sha512']
    const below = await tempurl(...options, 'GET', '2098-01-01T00:00:00Z', folder)
    t.equal((await send('GET', cluster.url, `${folder}page.html${below.search}`)).status, 200)
    t.equal((await send('GET', cluster.url, `${session.account}/site/index.html${below.search}`)).status, 401)
    t.equal((await send('GET', cluster.url, `${folder}page.html`)).status, 401)
  })

  await t.test('a form uploads several files and comes back to the site', async (t) => {
    const session = await Session.signIn(cluster.url, TESTER)
    await session.request('PUT', '/inbox', { headers: { 'x-container-meta-temp-url-key': KEY } })
    const form = signedForm(`${session.account}/inbox/from-`, `${cluster.url}${session.account}/site/about/`)
    await session.request('PUT', '/site/send.html', {
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: Buffer.from(form),
    })
    const folder = temporaryDirectory(t)
    const contents = { 'a bird \u00fc.txt': Buffer.from('tweet'), 'large.bin': Buffer.alloc(3_000_000, 'b') }
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content)

    const page = await browser.page()
    await page.open(`${cluster.url}${session.account}/site/send.html`)
    await page.chooseFiles(
      'input[type=file]',
      Object.keys(contents).map((name) => join(folder, name)),
    )
    await page.follow('input[type=submit]')
    t.equal(await heading(page), 'About', 'the browser is sent on')
    t.equal(await page.evaluate('location.search'), '?status=201&message=')
    for (const [name, content] of Object.entries(contents)) {
      const stored = await session.request('GET', `/inbox/from-${encodeURIComponent(name)}`)
      t.equal(stored.status, 200, name)
      t.ok(stored.body.equals(content), 'with the same bytes')
    }
    t.equal(
      (await session.request('HEAD', `/inbox/from-${encodeURIComponent('a bird \u00fc.txt')}`)).headers[
        'content-type'
      ],
      'text/plain',
    )

    await page.open(`${cluster.url}${session.account}/site/send.html`)
    await page.evaluate('document.querySelector("[name=max_file_size]").value = "9999999"')
    await page.chooseFiles('input[type=file]', [join(folder, 'large.bin')])
    await page.follow('input[type=submit]')
    t.equal(
      await page.evaluate('document.body.textContent'),
      'FormPost: Invalid Signature',
      'a changed form is refused',
    )
  })
})

/** The page of a form, signed as `docs/websites.md` says. */
function signedForm(path: string, redirect: string): string {
  const fields = { redirect, max_file_size: '4000000', max_file_count: '3', expires: '4039372800' }
  const signature = createHmac('sha256', KEY)
    .update([path, ...Object.values(fields)].join('\n'))
    .digest('hex')
  const hidden = Object.entries({ ...fields, signature }).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  return `<!doctype html><title>Send</title>
<form action="${path}" method="POST" enctype="multipart/form-data">${hidden.join('')}
<input type="file" name="files" multiple><input type="submit"></form>`
}
