/**
 * Every stored format, held against bytes that were written before: today's code writes the same ones, and reads them.
 * A new version of a format gets a new file beside the old one, which stays and must go on being read: version 2 has the
 * object index whose digests cover metadata and the mark of the clock; version 3 what is noted of deletions that were given up.
 * All else is as in the version before.
 *
 * `MARTLET_WRITE_GOLDEN=1 node test/upgrade/formats.test.ts` writes the last file anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { startAccountServer } from '#account-server/testing.ts'
import { ts } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { startContainerServer } from '#container-server/testing.ts'
import { censusMemory } from '#node/census-memory.ts'
import { markInFile } from '#node/clock-mark.ts'
import { readClusterFile } from '#node/cluster-file.ts'
import { timeInFile } from '#node/device-clock.ts'
import { KeptPauses } from '#node/kept-pauses.ts'
import { ballot, candidate } from '#object-server/conditional-contract.ts'
import { at, send } from '#object-server/test-server.ts'
import {
  accountDevice,
  containerDevice,
  objectDevice,
  PATHS,
  SILVER,
  smallFiles,
  startGolden,
} from './golden-devices.ts'
import { type GoldenDevice, type GoldenFiles, loadFiles, loadStores } from './golden-store.ts'

interface Golden {
  readonly objects: GoldenDevice
  readonly containers: GoldenDevice
  readonly accounts: GoldenDevice
  readonly small: GoldenFiles
}

const FIRST = new URL('./testdata/formats-1.json', import.meta.url)
const SECOND = new URL('./testdata/formats-2.json', import.meta.url)
const THIRD = new URL('./testdata/formats-3.json', import.meta.url)

async function written(): Promise<Golden> {
  const [objects, containers] = [await objectDevice(), await containerDevice()]
  return { objects, containers, accounts: await accountDevice(), small: await smallFiles() }
}

if (process.env['MARTLET_WRITE_GOLDEN'] === '1') {
  const { objects, containers, accounts } = await written()
  writeFileSync(THIRD, `${JSON.stringify({ objects, containers, accounts }, null, 1)}\n`)
}
const first = JSON.parse(readFileSync(FIRST, 'utf8')) as Golden
const second = JSON.parse(readFileSync(SECOND, 'utf8')) as Pick<Golden, 'objects' | 'small'>
const third = JSON.parse(readFileSync(THIRD, 'utf8')) as Omit<Golden, 'small'>
const golden: Golden = { ...first, ...second, ...third }
const VERSIONS_OF_OBJECTS = [
  [1, first],
  [2, second],
  [3, third],
] as const
const VERSIONS_OF_INDEXES = [
  [1, first],
  [3, third],
] as const
const VERSIONS_OF_SMALL_FILES = [
  [1, first],
  [2, second],
] as const

const today = await startGolden({
  disk: await loadFiles(third.objects.files),
  kv: await loadStores(third.objects.stores),
})
const digestOfToday = today.device.engine(0)?.digestBelow('')
await today.device.close()

t.test('what is stored today is what the last version of each format stores, byte for byte', async (t) => {
  const today = await written()
  for (const part of ['objects', 'containers', 'accounts', 'small'] as const)
    t.same(today[part], golden[part], part)
})

for (const [version, { objects }] of VERSIONS_OF_OBJECTS) {
  t.test(`objects of version ${version} are read`, async (t) => {
    const { files, stores } = objects
    const server = await startGolden({ disk: await loadFiles(files), kv: await loadStores(stores) })
    t.equal(server.device.reports.get(0)?.kind, 'clean')
    t.equal(server.device.replicaStates(0)?.ofAll, 'synced')
    const small = await send(server, 'GET', { path: PATHS.small })
    t.match(small, { status: 200, text: 'hello', headers: { 'x-object-meta-colour': 'blue' } })
    const many = await send(server, 'GET', { path: PATHS.manyHeaders })
    t.match(many, {
      status: 200,
      text: 'much is said of it',
      headers: { 'x-object-sysmeta-long-5': /^x{900}$/ },
    })
    const posted = await send(server, 'GET', { path: PATHS.posted })
    t.match(posted, { text: 'posted to', headers: { 'x-object-meta-a': 'b', 'x-backend-timestamp': at(2) } })
    t.match(await send(server, 'GET', { path: PATHS.gone }), {
      status: 404,
      headers: { 'x-backend-timestamp': at(3) },
    })
    t.match(await send(server, 'GET', { path: PATHS.silver, headers: SILVER }), {
      status: 200,
      text: 'silver',
    })
    const rows = (await server.device.engine(0)?.updates.list(100)) ?? []
    t.same(
      rows
        .filter(({ account }) => account === 'a')
        .map(({ object }) => object)
        .toSorted(),
      ['posted', 'small'],
    )
    t.same(server.device.engine(0)?.digestBelow(''), digestOfToday)
    const promised = await server.device.engine(0)?.conditional.promise('/a/c/o', ballot(6))
    t.match(promised, { kind: 'promised', record: { accepted: { candidate: candidate(5) } } })
    await server.device.close()
  })

  t.test(`objects of version ${version} are read without their index`, async (t) => {
    const { files, stores } = objects
    const kept = Object.fromEntries(Object.entries(stores).filter(([path]) => !path.includes('/index')))
    const server = await startGolden({ disk: await loadFiles(files), kv: await loadStores(kept) })
    t.equal(server.device.reports.get(0)?.kind, 'rebuilt')
    t.match(await send(server, 'GET', { path: PATHS.small }), { status: 200, text: 'hello' })
    t.match(await send(server, 'GET', { path: PATHS.gone }), {
      status: 404,
      headers: { 'x-backend-timestamp': at(3) },
    })
    await server.device.close()
  })
}

for (const [version, { containers, accounts }] of VERSIONS_OF_INDEXES) {
  t.test(`containers of version ${version} are read`, async (t) => {
    const kv = await loadStores(containers.stores)
    const server = await startContainerServer({ kv, clock: new VirtualClock() })
    const { headers } = await server.send('HEAD', '/a/c')
    t.match(headers, {
      'x-container-meta-colour': 'blue',
      'x-container-read': '.r:*',
      'x-container-object-count': '2',
      'x-container-bytes-used': '20',
    })
    t.equal(String((await server.send('GET', '/a/c')).body), 'one\ntwo\n')
    t.equal(await server.device.index.syncPoint({ account: 'a', container: 'c' }, 'a-peer'), 3)
    t.equal((await server.device.index.misplaced(10)).length, 1)
    const late = ts(2, { 'x-size': '1', 'x-etag': 'e', 'x-content-type': 'a/b' })
    t.equal((await server.send('PUT', '/a/c/gone', late)).status, 201, 'an old write comes late')
    t.equal(String((await server.send('GET', '/a/c')).body), 'one\ntwo\n')
    await server.device.close()
  })

  t.test(`accounts of version ${version} are read`, async (t) => {
    const kv = await loadStores(accounts.stores)
    const server = await startAccountServer({ kv, clock: new VirtualClock() })
    const answer = await server.send('GET', '/a?format=json')
    t.match(answer.headers, { 'x-account-meta-temp-url-key': 'secret', 'x-account-object-count': '3' })
    t.match(JSON.parse(String(answer.body)), [{ name: 'c', count: 3, bytes: 30 }])
    await server.device.close()
  })
}

for (const [version, { small }] of VERSIONS_OF_SMALL_FILES) {
  t.test(`the small files of version ${version} are read`, async (t) => {
    const disk = (await loadFiles(small)).remount()
    t.equal(await timeInFile(disk, '/time').load(), version === 1 ? undefined : 1_700_000_000_123)
    t.match(await readClusterFile(disk, '/cluster.json'), { age: 'new', tokenKeys: [{ id: 1 }] })
    const pauses = await KeptPauses.open(disk, '/', silentLogger)
    t.equal(pauses.pausedUntilMs('auditor'), 1_700_000_060_000)
    t.same([...(await censusMemory(disk, '/').load())], [['0 17', 1_700_000_000_000]])
    t.equal(await markInFile(disk, '/clock').load(), '1700000000.12345')
  })
}
