/**
 * Container sync between Martlet and a real OpenStack Swift, in both directions at once: each container is synced to the
 * other, so that what changes on either side comes to be on both.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ReferenceSwift, startReferenceSwift } from '#bench/reference-swift.ts'
import { haveRealSwift } from '#test/compatibility/real-swift.ts'
import { takePlace } from '#test/place.ts'
import { runWell } from '#test/programs.ts'
import { MARTLET, type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { type Answer, Session, send, TESTER } from '#test/session.ts'

t.setTimeout(600_000)

const LARGE = Buffer.alloc(300_000, 'some more bytes than fit into one piece ')
/** Of each side, until both have it all: Swift sends a third at a time. */
const ROUNDS = 6

interface Both {
  readonly ours: Session
  readonly theirs: Session
  /** Makes both sides send what they have. */
  readonly sync: () => Promise<void>
}

t.test('containers are synced between Martlet and OpenStack Swift', async (t) => {
  if (!haveRealSwift(t)) return
  const both = await startBoth(t)
  await t.test('/info names the realm', (t) => information(t, both))
  await t.test('from ours to Swift', (t) => oneWay(t, both, both.ours, both.theirs))
  await t.test('from Swift to ours', (t) => oneWay(t, both, both.theirs, both.ours))
})

async function startBoth(t: Test): Promise<Both> {
  const place = takePlace()
  t.teardown(() => place.release())
  const { home, port, backendPort, ourPort } = place
  const realms = `[realm]
key = a key that the operators share
cluster_ours = http://127.0.0.1:${ourPort}/v1/
cluster_theirs = http://127.0.0.1:${port}/v1/
`
  const file = join(temporaryDirectory(t), 'container-sync-realms.conf')
  writeFileSync(file, realms)
  const [swift, cluster] = await Promise.all([
    startReferenceSwift({
      home,
      port,
      backendPort,
      workers: 1,
      devices: 'plain',
      daemons: 'none',
      files: { 'container-sync-realms.conf': realms },
    }),
    startCluster(t, {
      arguments: ['--port', String(ourPort)],
      config: `[container_sync]\nrealms_file = "${file}"\ncurrent = "//realm/ours"\n`,
    }),
  ])
  t.teardown(() => swift.stop())
  const theirs = await Session.signIn(swift.url, TESTER)
  const ours = await Session.signIn(cluster.url, TESTER)
  await makeSynced(ours, '//realm/theirs/AUTH_test/synced')
  await makeSynced(theirs, '//realm/ours/AUTH_test/synced')
  return { ours, theirs, sync: () => syncBoth(swift, cluster) }
}

async function makeSynced(session: Session, to: string): Promise<void> {
  const headers = { 'x-container-sync-to': to, 'x-container-sync-key': 'the key of the container' }
  const { status } = await session.request('PUT', '/synced', { headers })
  if (status >= 300) throw new Error(`the container was answered ${status}`)
}

async function syncBoth(swift: ReferenceSwift, { dataPath }: RunningCluster): Promise<void> {
  await Promise.all([
    swift.run('swift-container-sync', [join(swift.etcFolder, 'container-server.conf'), '--once']),
    runWell(process.execPath, [MARTLET, 'run', 'container-sync', '--once', '--data', dataPath]),
  ])
}

async function information(t: Test, { ours }: Both): Promise<void> {
  const { body } = await send('GET', ours.url, '/info')
  const { container_sync: told } = JSON.parse(body.toString()) as { container_sync: unknown }
  t.same(told, { realms: { REALM: { clusters: { OURS: { current: true }, THEIRS: {} } } } })
}

async function oneWay(t: Test, both: Both, writer: Session, reader: Session): Promise<void> {
  const name = writer === both.ours ? 'ours' : 'theirs'
  const headers = { 'x-object-meta-colour': 'blue', 'content-type': 'text/x-own' }
  await writer.request('PUT', `/synced/${name}-n%C3%A4me`, { body: LARGE, headers })
  await writer.request('PUT', `/synced/${name}-gone`, { body: Buffer.from('x') })
  await writer.request('PUT', `/synced/${name}-link`, {
    body: Buffer.alloc(0),
    headers: { 'x-symlink-target': `synced/${name}-n%C3%A4me` },
  })
  const segments = [{ path: `/synced/${name}-n\u00e4me` }, { path: `/synced/${name}-gone` }]
  await writer.request('PUT', `/synced/${name}-large?multipart-manifest=put`, {
    body: Buffer.from(JSON.stringify(segments)),
  })
  const arrived = (): Promise<boolean> =>
    isThere(
      reader,
      ['n%C3%A4me', 'gone', 'link', 'large'].map((end) => `${name}-${end}`),
    )
  t.ok(await afterRounds(both, arrived), 'all is there')
  const written = await writer.request('HEAD', `/synced/${name}-n%C3%A4me`)
  const read = await reader.request('GET', `/synced/${name}-n%C3%A4me`)
  t.ok(read.body.equals(LARGE))
  t.same(shown(read), shown(written), 'with the same metadata, at the same time')
  t.equal(
    (await reader.request('GET', `/synced/${name}-link`)).body.length,
    LARGE.length,
    'a link stays a link',
  )
  const large = await reader.request('GET', `/synced/${name}-large`)
  t.ok(
    large.body.equals(Buffer.concat([LARGE, Buffer.from('x')])),
    'a large object is joined of the segments there',
  )
  await writer.request('DELETE', `/synced/${name}-gone`)
  const gone = async (): Promise<boolean> => !(await isThere(reader, [`${name}-gone`]))
  t.ok(await afterRounds(both, gone), 'a deletion comes, too')
}

async function isThere(session: Session, names: readonly string[]): Promise<boolean> {
  const statuses = await Promise.all(
    names.map(async (name) => (await session.request('HEAD', `/synced/${name}`)).status),
  )
  return statuses.every((status) => status < 300)
}

/** Whether it has become so. */
async function afterRounds({ sync }: Both, isSo: () => Promise<boolean>): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await sync()
    if (await isSo()) return true
  }
  return false
}

function shown({ headers }: Answer): readonly unknown[] {
  return ['etag', 'content-type', 'x-object-meta-colour', 'x-timestamp'].map((name) => headers[name])
}
