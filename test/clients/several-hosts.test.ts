/** The example of three hosts in `docs/operations.md`, as it stands there, with directories and addresses of the test's own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ClusterStatus } from '#cli/status-summary.ts'
import { martlet } from '#test/operators/command.ts'
import { runWell } from '#test/programs.ts'
import { MARTLET, RunningMartlet, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, send, TESTER, until } from '#test/session.ts'

t.setTimeout(600_000)

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
const SECTION = PAGE.slice(PAGE.indexOf('## Several hosts'), PAGE.indexOf('## Watching'))
/** Loopback addresses that no other run on this machine has. */
const NETWORK = `127.${1 + ((process.pid >> 8) % 250)}.${process.pid % 250}`
const HOSTS = [`${NETWORK}.2`, `${NETWORK}.3`, `${NETWORK}.4`] as const

/** The code blocks of a language, in order. */
function blocks(language: string): readonly string[] {
  return [...SECTION.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text.replaceAll('127.0.0.', `${NETWORK}.`),
  )
}

/** Runs the lines of the first block: makes the files that all hosts share. */
async function makeSharedFiles(etc: string): Promise<void> {
  mkdirSync(join(etc, 'rings'), { recursive: true })
  const script = (blocks('sh')[0] ?? '')
    .replaceAll('/etc/martlet', etc)
    .replaceAll(/^martlet /gm, `"${process.execPath}" "${MARTLET}" `)
  await runWell('bash', ['-e', '-c', script])
}

interface Host {
  readonly address: string
  readonly config: string
}

function makeHost(directory: string, etc: string, address: string): Host {
  const own = join(directory, address)
  mkdirSync(join(own, 'srv', 'd1'), { recursive: true })
  const toml = (blocks('toml')[0] ?? '')
    .replaceAll('/etc/martlet', etc)
    .replaceAll('/srv/martlet', join(own, 'srv'))
    .replaceAll('/var/lib/martlet', join(own, 'state'))
    .replaceAll(`host = "${HOSTS[0]}"`, `host = "${address}"`)
  const config = join(own, 'martlet.toml')
  writeFileSync(config, toml)
  return { address, config }
}

async function startNode(t: Test, { config }: Host, ...args: string[]): Promise<RunningMartlet> {
  const node = new RunningMartlet(['node', '--config', config, ...args])
  t.teardown(() => node.stop())
  await node.printed(/are ready/)
  return node
}

async function startProxy(t: Test, { config }: Host): Promise<RunningMartlet> {
  const proxy = new RunningMartlet(['proxy', '--config', config])
  t.teardown(() => proxy.stop())
  await proxy.printed(/are ready at/)
  return proxy
}

t.test('three hosts, as documented', async (t) => {
  const directory = temporaryDirectory(t)
  const etc = join(directory, 'etc')
  await makeSharedFiles(etc)
  const hosts = HOSTS.map((address) => makeHost(directory, etc, address))
  const nodes = await Promise.all(hosts.map((host) => startNode(t, host, '--new-cluster')))
  await Promise.all(hosts.map((host) => startProxy(t, host)))
  const sessions = await Promise.all(HOSTS.map((address) => Session.signIn(`http://${address}:8080`, TESTER)))
  const [first, second, third] = sessions as [Session, Session, Session]

  await t.test('what one proxy took, the others give', async (t) => {
    t.equal((await first.request('PUT', '/box')).status, 201)
    t.equal((await second.request('PUT', '/box/thing', { body: Buffer.from('thing') })).status, 201)
    t.equal((await third.request('GET', '/box/thing')).body.toString(), 'thing')
    t.equal((await first.request('GET', '/box')).body.toString(), 'thing\n')
    t.equal((await first.request('GET', '/nothing')).status, 404, 'what never was is known not to be')
  })

  await t.test('a token of one proxy is good at another', async (t) => {
    const headers = { 'x-auth-token': first.token }
    t.equal((await third.request('GET', '/box/thing', { headers })).status, 200)
  })

  await t.test('a container that is made private is private everywhere within a second', async (t) => {
    const anonymous = () => send('GET', third.url, `${third.account}/box/thing`)
    await first.request('POST', '/box', { headers: { 'x-container-read': '.r:*' } })
    await until(t, 'it is public', async () => (await anonymous()).status === 200, 70_000)
    await first.request('POST', '/box', { headers: { 'x-remove-container-read': 'x' } })
    await until(t, 'it is private', async () => (await anonymous()).status === 401, 1_000)
  })

  await t.test('nobody without the secret gets anything of a storage server', async (t) => {
    for (const port of [6200, 6201, 6202]) {
      const url = `http://${HOSTS[0]}:${port}`
      t.equal((await send('GET', url, '/d1/0/AUTH_test/box/thing')).status, 401)
      t.equal((await send('GET', url, '/healthcheck')).status, 200)
      t.match((await send('GET', url, '/metrics')).body.toString(), /martlet_storage_requests_total/)
    }
  })

  await t.test('an operator on any host sees all of them', async (t) => {
    const config = hosts[2]?.config ?? ''
    const { output } = await martlet('status', '--json', '--config', config)
    const status = JSON.parse(output) as ClusterStatus
    t.same(
      status.devices.map(({ host, problem }) => [host, problem ?? 'answers']),
      HOSTS.map((host) => [host, 'answers']),
    )
    t.same(
      status.proxies.map(({ address, problem }) => [address, problem ?? 'answers']),
      HOSTS.map((host) => [`${host}:6300`, 'answers']),
    )
    t.ok(status.rings.every(({ versions }) => versions.length === 1))
    const located = await martlet('locate', 'AUTH_test', 'box', 'thing', '--config', config)
    t.equal(located.code, 0, located.output)
    const pass = await martlet('run', 'updater', '--once', '--device', `${HOSTS[1]}/d1`, '--config', config)
    t.match(pass.output, /^d1 +updater +complete in/)
  })

  await t.test('without one host everything goes on, and it comes back', async (t) => {
    await nodes[1]?.stop()
    const seen = await martlet('status', '--config', hosts[0]?.config ?? '')
    t.match(seen.output, `! ${HOSTS[1]} d1: not running`)
    for (let index = 0; index < 20; index += 1) {
      const put = await first.request('PUT', `/box/without-${index}`, { body: Buffer.from('x') })
      t.equal(put.status, 201)
      t.notOk(put.headers['x-listing-pending'], 'two of three container replicas have the row')
      t.equal((await third.request('GET', `/box/without-${index}`)).status, 200)
    }
    const names = async (session: Session) =>
      (await session.request('GET', '/box')).body.toString().trim().split('\n')
    t.equal((await names(third)).length, 21, 'a listing shows all of it at once')
    const again = await startNode(t, hosts[1] as Host, '--new-cluster')
    t.match(again.output, /--new-cluster is ignored: this host has served before/)
    t.equal((await second.request('GET', '/box/thing')).body.toString(), 'thing')
    t.equal((await names(second)).length, 21, 'also with the host just back')
  })
})

t.test('what is wrong with a host is said in one sentence', async (t) => {
  const directory = temporaryDirectory(t)
  const config = join(directory, 'martlet.toml')
  const refused = async (command: 'node' | 'proxy', toml: string): Promise<string> => {
    writeFileSync(config, toml)
    const martlet = new RunningMartlet([command, '--config', config])
    t.teardown(() => martlet.stop())
    t.same(await martlet.ended, { code: 1, signal: null })
    return martlet.output.trim()
  }
  t.match(await refused('node', ''), /^martlet: cluster\.file is missing[^\n]*$/)
  t.match(await refused('proxy', '[cluster]\nfile = "x"\n'), /^martlet: cluster\.rings is missing[^\n]*$/)
  t.match(
    await refused('node', '[cluster]\nfile = "/nowhere/x"\nrings = "y"\n'),
    /^martlet: there is no cluster file[^\n]*$/,
  )
})
