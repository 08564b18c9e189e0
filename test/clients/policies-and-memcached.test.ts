/** Configured clusters: a second storage policy, memcached that dies, TLS at the door. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startMemcached } from '#test/memcached.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { inParallel, Session, send, TESTER, until } from '#test/session.ts'

t.setTimeout(600_000)

const TWO_POLICIES = `
[[policy]]
index = 0
name = "gold"
default = true

[[policy]]
index = 1
name = "silver"
`

t.test('a second storage policy', async (t) => {
  const first = await startCluster(t)
  await first.stop()
  const { url, dataPath } = await startCluster(t, { dataPath: first.dataPath, config: TWO_POLICIES })
  const session = await Session.signIn(url, TESTER)
  const policyOf = async (container: string) =>
    (await session.request('HEAD', `/${container}`)).headers['x-storage-policy']
  await session.request('PUT', '/usual')
  t.equal((await session.request('PUT', '/cheap', { headers: { 'x-storage-policy': 'silver' } })).status, 201)
  t.equal(await policyOf('usual'), 'gold')
  t.equal(await policyOf('cheap'), 'silver')
  t.equal((await session.request('PUT', '/cheap/thing', { body: Buffer.from('thing') })).status, 201)
  t.equal((await session.request('GET', '/cheap/thing')).body.toString(), 'thing')
  t.equal((await session.request('PUT', '/cheap', { headers: { 'x-storage-policy': 'gold' } })).status, 409)
  await until(t, 'the account knows what the container of the policy holds', async () => {
    const { headers } = await session.request('HEAD', '')
    return headers['x-account-storage-policy-silver-object-count'] === '1'
  })
  const copies = ['d1', 'd2', 'd3', 'd4'].filter((device) =>
    readdirSync(join(dataPath, 'devices', device)).includes('objects-1'),
  )
  t.ok(copies.length >= 3, 'its objects have directories of their own')
})

t.test('memcached killed under load: no request fails', async (t) => {
  if (!havePrograms(t, 'memcached')) return
  const { child, port } = await startMemcached(t)
  const { url } = await startCluster(t, { config: `[proxy]\nmemcached = ["127.0.0.1:${port}"]\n` })
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  const wrong: string[] = []
  const work = async (index: number): Promise<void> => {
    const put = await session.request('PUT', `/box/object-${index}`, { body: Buffer.from(String(index)) })
    const get = await session.request('GET', `/box/object-${index}`)
    if (put.status !== 201 || get.body.toString() !== String(index))
      wrong.push(`${index}: ${put.status} ${get.status}`)
  }
  const load = inParallel(400, 8, work)
  await sleep(300)
  child.kill('SIGKILL')
  await load
  t.same(wrong, [])
})

t.test('where an object lies is told only where that is turned on', async (t) => {
  const first = await startCluster(t)
  t.not((await send('GET', first.url, '/endpoints/v1/AUTH_test/box/thing')).status, 200)
  await first.stop()
  const { url } = await startCluster(t, { dataPath: first.dataPath, config: '[proxy]\nendpoints = true\n' })
  const session = await Session.signIn(url, TESTER)
  await session.request('PUT', '/box')
  await session.request('PUT', '/box/thing', { body: Buffer.from('thing') })
  const answer = await send('GET', url, '/endpoints/v1/AUTH_test/box/thing')
  t.equal(answer.status, 200)
  const urls = JSON.parse(answer.body.toString()) as string[]
  t.equal(urls.length, 3)
  for (const where of urls) t.match(where, /^http:\/\/127\.0\.0\.1:\d+\/d[1-4]\/\d+\/AUTH_test\/box\/thing$/)
})

t.test('TLS at the door and between the processes', async (t) => {
  if (!havePrograms(t, 'openssl', 'curl')) return
  const directory = temporaryDirectory(t)
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
  await runWell('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout',
    key,
    '-out',
    certificate,
  ])
  const tls = `tls_certificate = "${certificate}"\ntls_key = "${key}"\n`
  const config = `[proxy]\n${tls}\n[storage]\n${tls}tls_authority = "${certificate}"\n`
  const { url, port } = await startCluster(t, { config })
  t.match(url, /^https:/)
  const session = await Session.signIn(url, TESTER)
  t.equal((await session.request('PUT', '/box')).status, 201)
  t.equal((await session.request('PUT', '/box/secret', { body: Buffer.from('secret') })).status, 201)
  t.equal((await session.request('GET', '/box/secret')).body.toString(), 'secret')
  t.match(await runWell('curl', ['-sS', '--cacert', certificate, '-i', `${url}/healthcheck`]), /200 OK/)
  await t.rejects(send('GET', `http://127.0.0.1:${port}`, '/healthcheck'), 'plain HTTP is not served there')
})
