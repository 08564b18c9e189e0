/** Objects in segments against a running cluster: as python-swiftclient and rclone make them, and one far larger than memory. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { memoryGrowth } from '#test/memory-growth.ts'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { rcloneEnvironment, swiftEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const GROWTH_MAX = 100 * MIB
const FILE_BYTES = 5 * MIB + 12_345

t.test('objects in segments', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  const directory = temporaryDirectory(t)
  const file = randomBytes(FILE_BYTES)
  writeFileSync(join(directory, 'file'), file)
  await t.test('python-swiftclient', (t) => useSwift(t, cluster, session, directory))
  await t.test('rclone', (t) => useRclone(t, cluster, session, directory))
  await t.test('20 GiB of shared segments, within bounded memory', (t) => readTwentyGib(t, cluster, session))
})

async function useSwift(
  t: Test,
  { url }: RunningCluster,
  session: Session,
  directory: string,
): Promise<void> {
  if (!havePrograms(t, 'swift', 'diff')) return
  const environment = swiftEnvironment(url)
  const swift = (...args: string[]): Promise<string> => runWell('swift', args, { environment, directory })
  for (const kind of ['slo', 'dlo']) {
    const how = kind === 'slo' ? ['--use-slo'] : []
    await swift('upload', '-S', String(2 * MIB), ...how, '--segment-container', 'pieces', kind, 'file')
    const { headers } = await session.request('HEAD', `/${kind}/file`)
    const mark = kind === 'slo' ? 'x-static-large-object' : 'x-object-manifest'
    t.ok(headers[mark], `it is a ${kind}`)
    t.equal(headers['content-length'], String(FILE_BYTES))
    await swift('download', '--output', `back-${kind}`, kind, 'file')
    t.equal(
      (await run('cmp', [join(directory, 'file'), join(directory, `back-${kind}`)])).code,
      0,
      'the same bytes',
    )
  }
  await swift('copy', '--destination', '/slo/copy', '--meta', 'Colour:grey', 'slo', 'file')
  const copied = await session.request('GET', '/slo/copy')
  t.same([copied.body.length, copied.headers['x-object-meta-colour']], [FILE_BYTES, 'grey'])
  t.equal(copied.headers['x-static-large-object'], undefined, 'a copy is one object')
  for (const kind of ['slo', 'dlo']) await swift('delete', kind)
  t.equal((await session.request('GET', '/pieces')).body.length, 0, 'segments went with their manifests')
  await swift('delete', 'pieces')
}

async function useRclone(
  t: Test,
  { url }: RunningCluster,
  session: Session,
  directory: string,
): Promise<void> {
  if (!havePrograms(t, 'rclone')) return
  const environment = rcloneEnvironment(url)
  const chunked = ['--swift-chunk-size', '1M']
  const rclone = (...args: string[]): Promise<string> =>
    runWell('rclone', [...args, ...chunked], { environment })
  const source = join(directory, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'large'), randomBytes(FILE_BYTES))
  await rclone('copy', source, 'martlet:chunked')
  const { headers } = await session.request('HEAD', '/chunked/large')
  t.ok(headers['x-static-large-object'] ?? headers['x-object-manifest'], 'it is in segments')
  await rclone('copy', 'martlet:chunked/large', join(directory, 'back'))
  t.equal(
    (await run('cmp', [join(source, 'large'), join(directory, 'back/large')])).code,
    0,
    'the same bytes',
  )
  await rclone('copyto', 'martlet:chunked/large', 'martlet:chunked/copy')
  t.equal((await session.request('HEAD', '/chunked/copy')).headers['content-length'], String(FILE_BYTES))
  await rclone('purge', 'martlet:chunked')
}

async function readTwentyGib(t: Test, cluster: RunningCluster, session: Session): Promise<void> {
  const segment = randomBytes(16 * MIB)
  const sizeBytes = 20 * GIB
  for (const container of ['/vast', '/shared']) await session.request('PUT', container)
  t.equal((await session.request('PUT', '/shared/segment', { body: segment })).status, 201)
  const count = sizeBytes / segment.length / 2
  const list = JSON.stringify(Array.from({ length: count }, () => ({ path: '/shared/segment' })))
  const put = (name: string, body: string): ReturnType<Session['request']> =>
    session.request('PUT', `/vast/${name}?multipart-manifest=put`, { body: Buffer.from(body) })
  t.equal((await put('half', list)).status, 201)
  t.equal((await put('whole', JSON.stringify([{ path: '/vast/half' }, { path: '/vast/half' }]))).status, 201)
  t.equal((await session.request('HEAD', '/vast/whole')).headers['content-length'], String(sizeBytes))
  const [first, last] = [13 * GIB + 123, 13 * GIB + 122 + 128 * MIB]
  const wanted = createHash('md5')
  for (let at = first; at <= last; ) {
    const within = at % segment.length
    const end = Math.min(segment.length, within + last + 1 - at)
    wanted.update(segment.subarray(within, end))
    at += end - within
  }
  const grown = await memoryGrowth(cluster, async () => {
    const got = createHash('md5')
    const { body } = await session.open('/vast/whole', { range: `bytes=${first}-${last}` })
    for await (const chunk of body as AsyncIterable<Buffer>) got.update(chunk)
    t.equal(got.digest('hex'), wanted.digest('hex'), '128 MiB out of the middle')
  })
  for (const [name, bytes] of grown) t.ok(bytes < GROWTH_MAX, `${name}: ${Math.round(bytes / MIB)} MiB`)
  const end = await session.request('GET', '/vast/whole', { headers: { range: 'bytes=-10' } })
  t.ok(end.body.equals(segment.subarray(-10)))
  t.equal(end.headers['content-range'], `bytes ${sizeBytes - 10}-${sizeBytes - 1}/${sizeBytes}`)
}
