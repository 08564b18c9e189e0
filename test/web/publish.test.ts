/**
 * `martlet publish` puts a folder on the web, again and again, and two real caches before it serve visitors as they should:
 * from their own copy while it is fresh, by asking whether it still holds when it is not.
 */
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Finished, havePrograms, run } from '#test/programs.ts'
import { MARTLET, type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { type Answer, Session, send, TESTER } from '#test/session.ts'
import { CACHES } from './caches.ts'

t.setTimeout(600_000)

const SITE = fileURLToPath(new URL('sample-site', import.meta.url))
const MAX_AGE_SECONDS = 300
/** Longer than the second for which a copy is fresh. */
const STALE_AFTER_MS = 2_200

function martlet(cluster: RunningCluster, ...args: readonly string[]): Promise<Finished> {
  const environment = { ST_AUTH: `${cluster.url}/auth/v1.0`, ST_USER: TESTER.user, ST_KEY: TESTER.key }
  return run(process.execPath, [MARTLET, 'publish', ...args], { environment })
}

function visit(url: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return send('GET', url, path, { headers })
}

/** A copy of the sample site that a test may change. */
function siteFolder(t: Test): string {
  const folder = join(temporaryDirectory(t), 'site')
  cpSync(SITE, folder, { recursive: true })
  writeFileSync(join(folder, '.secret'), 'not for the web')
  return folder
}

t.test('a folder on the web', async (t) => {
  const cluster = await startCluster(t, { config: '[log]\nlevel = "info"\n' })
  const session = await Session.signIn(cluster.url, TESTER)
  const folder = siteFolder(t)

  await t.test(
    'is published with types, index, error page and public read, and its address printed',
    async (t) => {
      const { code, stdout, stderr } = await martlet(
        cluster,
        folder,
        'birds',
        '--max-age',
        String(MAX_AGE_SECONDS),
      )
      t.equal(code, 0, stderr)
      t.match(stdout, '6 uploaded, 0 unchanged')
      const [address = ''] = stdout.trim().split('\n').slice(-1)
      t.equal(address, `${cluster.url}/v1/AUTH_test/birds/`)
      t.match(stderr, /not published.*\.secret/)
      const { origin, pathname } = new URL(address)
      const home = await visit(origin, pathname)
      t.equal(home.status, 200)
      t.equal(home.headers['content-type'], 'text/html; charset=utf-8')
      t.equal(home.headers['cache-control'], `public, max-age=${MAX_AGE_SECONDS}`)
      t.match(home.headers['etag'], /^"[0-9a-f]{32}"$/, 'a strong entity tag, in quotes')
      t.equal((await visit(origin, `${pathname}.secret`)).status, 404)
      t.match((await visit(origin, `${pathname}gone`)).body.toString(), 'It has flown')
      t.equal((await visit(origin, pathname.slice(0, -1))).status, 301)
      t.equal((await visit(origin, `${pathname}img/`)).status, 404, 'no listing was asked for')
      t.match((await visit(origin, `${pathname}img/bird.svg`)).headers, { 'content-type': 'image/svg+xml' })
    },
  )

  await t.test('again: only what changed is sent', async (t) => {
    t.match((await martlet(cluster, folder, 'birds')).stdout, '0 uploaded, 6 unchanged')
    writeFileSync(join(folder, 'index.html'), '<h1>changed</h1>')
    rmSync(join(folder, 'site.js'))
    const planned = await martlet(cluster, folder, 'birds', '--dry-run', '--delete')
    t.match(
      planned.stdout,
      'would upload  index.html  (text/html; charset=utf-8)\nwould delete  site.js\n4 unchanged',
    )
    t.match((await martlet(cluster, folder, 'birds')).stdout, '1 no longer in the folder')
    t.equal((await session.request('HEAD', '/birds/site.js')).status, 200)
    const { stdout } = await martlet(cluster, folder, 'birds', '--delete')
    t.match(stdout, 'deleted   site.js\n0 uploaded, 5 unchanged, 1 deleted')
    t.equal((await session.request('HEAD', '/birds/site.js')).status, 404)
    t.match((await visit(cluster.url, '/v1/AUTH_test/birds/')).body.toString(), 'changed')
  })

  await t.test('what cannot be is said in a sentence', async (t) => {
    t.match(await martlet(cluster, join(folder, 'nowhere'), 'birds'), {
      code: 1,
      stderr: /cannot be read \(ENOENT\)/,
    })
    t.match(await martlet(cluster, folder, 'a/b'), { code: 1, stderr: /is no name of a container/ })
    t.match(await martlet(cluster, folder, 'birds', '--key', 'wrong'), {
      code: 1,
      stderr: /answered the sign-in of test:tester with 401/,
    })
    t.match(await martlet(cluster, folder, 'birds', '--max-age', 'long'), {
      code: 1,
      stderr: /is a number of seconds/,
    })
    t.match(await martlet(cluster, folder, 'birds', '--user', ''), { code: 1 })
  })

  await t.test('two caches before it serve visitors', async (t) => {
    if (!havePrograms(t, ...Object.keys(CACHES))) return
    const origin = `${cluster.url}/v1/AUTH_test/birds/`
    const caches: [program: string, url: string][] = []
    for (const [program, startCache] of Object.entries(CACHES)) {
      caches.push([program, (await startCache(t, origin)).url])
    }
    /** Statuses with which the cluster answered requests for an object, as its log has them. */
    const answered = (name: string): readonly number[] =>
      cluster.martlet.output
        .split('\n')
        .filter((line) => line.includes(`/birds/${name}"`) && line.includes('"GET"'))
        .map((line) => (JSON.parse(line) as { readonly status: number }).status)
    const store = async (program: string, text: string): Promise<void> => {
      const headers = { 'content-type': 'text/css', 'cache-control': 'public, max-age=1' }
      await session.request('PUT', `/birds/${program}.css`, { headers, body: Buffer.from(text) })
    }

    await t.test('a fresh copy is used without asking', async (t) => {
      for (const [program, url] of caches) {
        await session.request('PUT', `/birds/${program}.txt`, {
          headers: { 'content-type': 'text/plain', 'cache-control': 'public, max-age=600' },
          body: Buffer.from('0123456789'),
        })
        const first = await visit(url, `/${program}.txt`)
        t.match([first.status, first.body.toString()], [200, '0123456789'], program)
        for (let count = 0; count < 3; count += 1) await visit(url, `/${program}.txt`)
        t.same(answered(`${program}.txt`), [200])
        const etag = String(first.headers['etag'])
        t.equal((await visit(url, `/${program}.txt`, { 'if-none-match': etag })).status, 304)
        const part = await visit(url, `/${program}.txt`, { range: 'bytes=2-4' })
        t.match([part.status, part.body.toString()], [206, '234'])
        t.same(answered(`${program}.txt`), [200], 'nor for conditions and ranges')
      }
    })

    await t.test('one that is not fresh is asked about, and holds or not', async (t) => {
      const first = async (): Promise<void> => {
        for (const [program, url] of caches) {
          const { status, body } = await visit(url, `/${program}.css`)
          t.match([status, body.toString()], [200, 'first version'], program)
        }
      }
      for (const [program] of caches) await store(program, 'first version')
      await first()
      await sleep(STALE_AFTER_MS)
      await first()
      for (const [program] of caches) {
        t.match(answered(`${program}.css`), [200, 304])
        await store(program, 'second version')
      }
      await sleep(STALE_AFTER_MS)
      for (const [program, url] of caches) {
        t.equal((await visit(url, `/${program}.css`)).body.toString(), 'second version')
        t.equal(answered(`${program}.css`).at(-1), 200)
      }
    })

    await t.test('folders, redirects and error pages are what they are without', async (t) => {
      for (const [program, url] of caches) {
        t.match((await visit(url, '/')).body.toString(), 'changed', program)
        t.match((await visit(url, '/about/')).body.toString(), 'About')
        const gone = await visit(url, '/gone')
        t.equal(gone.status, 404)
        t.match(gone.body.toString(), 'It has flown')
        const redirected = await visit(url, '/about')
        t.match([redirected.status, redirected.headers['location']], [301, `${url}/about/`])
      }
    })
  })
})
