/** python-swiftclient's `swift` command against a running cluster. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { swiftEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

/** A real tree of more than a thousand files. */
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const TREE = 'es-toolkit/dist/compat'

t.test('the swift command', async (t) => {
  if (!havePrograms(t, 'swift', 'diff')) return
  const { url } = await startCluster(t)
  const environment = swiftEnvironment(url)
  const swift = (...args: string[]): Promise<string> =>
    runWell('swift', args, { environment, directory: MODULES })
  const files = readdirSync(join(MODULES, TREE), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )

  await t.test('uploads a tree of more than a thousand files', async (t) => {
    await swift('upload', '--object-threads', '16', 'tree', TREE)
    const listed = (await swift('list', 'tree')).trim().split('\n')
    t.equal(listed.length, files.length)
    t.ok(listed.every((name) => name.startsWith(`${TREE}/`)))
    t.match(await swift('stat', 'tree'), new RegExp(`Objects: ${files.length}\\n`))
  })

  await t.test('uploads nothing again that has not changed', async (t) => {
    const object = `${TREE}/array/chunk.js`
    const before = await swift('stat', 'tree', object)
    await swift('upload', '--changed', '--object-threads', '16', 'tree', `${TREE}/array`)
    t.equal(timestampIn(await swift('stat', 'tree', object)), timestampIn(before))
  })

  await t.test('downloads the same tree', async (t) => {
    const target = temporaryDirectory(t)
    await swift('download', '--object-threads', '16', '--output-dir', target, 'tree')
    const { code, stdout } = await run('diff', ['-r', join(MODULES, TREE), join(target, TREE)])
    t.equal(code, 0, stdout.slice(0, 500))
  })

  await t.test('posts metadata and shows it', async (t) => {
    await swift('post', '-m', 'Colour:grey', 'tree', `${TREE}/index.js`)
    t.match(await swift('stat', 'tree', `${TREE}/index.js`), /Meta Colour: grey/)
    await swift('post', '-m', 'Season:winter', 'tree')
    t.match(await swift('stat', 'tree'), /Meta Season: winter/)
    await swift('post', '-m', 'Owner:jay')
    t.match(await swift('stat'), /Meta Owner: jay/)
  })

  await t.test('lists with prefix and delimiter', async (t) => {
    const printed = await swift('list', '--prefix', `${TREE}/`, '--delimiter', '/', 'tree')
    const expected = readdirSync(join(MODULES, TREE), { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${TREE}/${entry.name}/` : `${TREE}/${entry.name}`,
    )
    t.same(printed.trim().split('\n').toSorted(), expected.toSorted())
  })

  await t.test('deletes one object, then the container with everything in it', async (t) => {
    await swift('delete', 'tree', `${TREE}/index.js`)
    const { code } = await run('swift', ['stat', 'tree', `${TREE}/index.js`], { environment })
    t.not(code, 0)
    await swift('delete', '--object-threads', '16', 'tree')
    t.equal((await swift('list')).trim(), '')
  })

  await t.test('uploads what it is piped, with headers, and lists it at length', async (t) => {
    const input = Buffer.from('out of a pipe')
    const piped = ['upload', '--object-name', 'piped', '--header', 'Content-Type: text/x-piped', 'few', '-']
    await runWell('swift', piped, { environment, input })
    t.equal(await swift('download', '--output', '-', 'few', 'piped'), 'out of a pipe')
    t.match(await swift('list', '--long', 'few'), /^ +13 .* text\/x-piped piped\n +13\n$/)
    t.match(await swift('list', '--long'), /^ +1 +13 .* few\n/)
    t.equal((await swift('list', '--totals', '--lh')).trim().split(/\s+/)[0], '1')
  })

  await t.test('copies onto another name, with new metadata', async (t) => {
    await swift('copy', '--destination', '/few/copied', '--meta', 'Colour:grey', 'few', 'piped')
    t.match(await swift('stat', 'few', 'copied'), /Content Length: 13\n[^]*Meta Colour: grey/)
    await swift('copy', '--destination', '/few/fresh', '--fresh-metadata', 'few', 'copied')
    t.notMatch(await swift('stat', 'few', 'fresh'), /Meta Colour/)
  })

  await t.test('opens a container, and an object by a temporary URL', async (t) => {
    await swift('post', '--read-acl', '.r:*,.rlistings', '--write-acl', 'test:tester3', 'open')
    t.match(await swift('stat', 'open'), /Read ACL: \.r:\*,\.rlistings\n +Write ACL: test:tester3\n/)
    t.equal((await fetch(`${url}/v1/AUTH_test/open`)).status, 204)
    await swift('post', '-m', 'Temp-URL-Key:a key', 'few')
    const path = '/v1/AUTH_test/few/piped'
    t.equal((await fetch(url + path)).status, 401)
    for (const options of [[], ['--digest', 'sha512'], ['--iso8601'], ['--ip-range', '127.0.0.0/8']]) {
      const signed = await swift('tempurl', ...options, 'GET', '3600', path, 'a key')
      t.equal(await (await fetch(url + signed.trim())).text(), 'out of a pipe', options.join(' '))
    }
    const folder = await swift('tempurl', '--prefix-based', 'GET', '3600', '/v1/AUTH_test/few/pi', 'a key')
    const [, query] = folder.trim().split('?')
    t.equal((await fetch(`${url}${path}?${query}`)).status, 200)
  })

  await t.test('tells what the cluster can do', async (t) => {
    const capabilities = JSON.parse(await swift('capabilities', '--json')) as Record<string, unknown>
    for (const feature of ['swift', 'slo', 'tempurl', 'symlink', 'object_versioning', 'bulk_upload'])
      t.ok(capabilities[feature], feature)
    t.match(await swift('capabilities'), /Core: swift\n[^]*Additional middleware: slo\n/)
    t.match(await swift('auth'), /export OS_STORAGE_URL=.*\nexport OS_AUTH_TOKEN=AUTH_tk/)
  })

  await t.test('deletes by lists, by prefix and everything', async (t) => {
    await swift('delete', '--prefix', 'p', 'few')
    t.equal(await swift('list', 'few'), 'copied\nfresh\n')
    await swift('delete', '--all')
    t.equal(await swift('list'), '')
  })

  await t.test('tells a wrong key from a right one', async (t) => {
    const wrong = { ...environment, ST_KEY: 'wrong' }
    const { code, stderr } = await run('swift', ['stat'], { environment: wrong })
    t.not(code, 0)
    t.match(stderr, /401|Auth/)
  })
})

function timestampIn(stat: string): string | undefined {
  return /X-Timestamp: (\S+)/.exec(stat)?.[1]
}
