/**
 * A data directory that an early version filled (commit 5057df3) and whose processes were then killed is served by this
 * one: everything is there, can be changed, and passes every check. Its rings name ports, so that it runs beside no other cluster.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { martlet } from '#test/operators/command.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { freshenStamps } from './fresh-stamps.ts'
import { unpack } from './packed-directory.ts'

t.setTimeout(600_000)

const DATA = new URL('./testdata/first-cluster.json.gz', import.meta.url)
const DEVICES = ['d1', 'd2', 'd3', 'd4'] as const
const LARGE = 'block '.repeat(200_000)
const BIRD = '/box/pictures/%E2%82%AC%20emoji%F0%9F%90%A6'

const LISTED = [
  'blocks',
  'expires',
  'much-metadata',
  'no-bytes',
  'pictures/€ emoji🐦',
  'small-1',
  'small-2',
  'small-3',
  'small-5',
]

t.test('what an early version stored is served, changed and checked', async (t) => {
  const dataPath = join(temporaryDirectory(t), 'data')
  unpack(DATA, dataPath)
  for (const device of DEVICES) await freshenStamps(join(dataPath, 'devices', device))
  const cluster = await startCluster(t, { dataPath })
  const session = await Session.signIn(cluster.url, TESTER)
  const get = async (path: string): Promise<readonly [number, string]> => {
    const { status, body } = await session.request('GET', path)
    return [status, body.toString()]
  }
  const header = async (path: string, name: string): Promise<unknown> =>
    (await session.request('HEAD', path)).headers[name]

  await t.test('accounts and containers', async (t) => {
    t.same(await get(''), [200, 'box\nempty\n'])
    t.equal(await header('', 'x-account-meta-colour'), 'green')
    t.equal(await header('', 'x-account-object-count'), '9')
    t.same(await get('/box'), [200, `${LISTED.join('\n')}\n`])
    t.equal(await header('/box', 'x-container-read'), '.r:*,.rlistings')
    t.equal(await header('/box', 'x-container-meta-season'), 'winter')
    t.equal((await get('/gone'))[0], 404)
  })

  await t.test('objects', async (t) => {
    t.same(await get('/box/small-1'), [200, 'content 1'])
    t.same(await get('/box/small-2'), [200, 'content two'], 'the later of two writes')
    t.equal(await header('/box/small-3', 'x-object-meta-posted'), 'yes')
    t.equal((await get('/box/small-4'))[0], 404, 'what was deleted stays deleted')
    t.same(await get('/box/no-bytes'), [200, ''])
    t.same(await get(BIRD), [200, 'named'])
    t.equal(await header('/box/much-metadata', 'x-object-meta-long-15'), 'y'.repeat(240))
    t.equal(await header('/box/expires', 'x-delete-at'), '4102444800')
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
    t.equal(md5((await get('/box/blocks'))[1]), md5(LARGE))
  })

  await t.test('changes', async (t) => {
    t.equal((await session.request('DELETE', '/box/small-1')).status, 204)
    t.equal((await session.request('PUT', '/box/small-2', { body: Buffer.from('third') })).status, 201)
    t.same(await get('/box/small-2'), [200, 'third'])
    t.equal((await session.request('PUT', '/box/small-4', { body: Buffer.from('again') })).status, 201)
    t.same(await get('/box/small-4'), [200, 'again'])
  })

  await t.test('the checks of every worker', async (t) => {
    for (const worker of ['updater', 'replicator', 'auditor']) {
      const pass = await martlet('run', worker, '--once', '--data', dataPath)
      t.equal(pass.code, 0, `${worker}: ${pass.output} ${pass.errors}`)
    }
    const status = await martlet('status', '--json', '--data', dataPath)
    const { devices } = JSON.parse(status.output) as { devices: { problem?: string; figures: unknown }[] }
    t.same(
      devices.map(({ problem }) => problem),
      [undefined, undefined, undefined, undefined],
    )
    t.notMatch(status.output, /"quarantined[^"]*":[1-9]/, 'nothing had to be quarantined')
  })
})
