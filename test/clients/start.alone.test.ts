/** What `martlet start` promises a person: quick, clear about what is wrong, gone when told to go. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '#test/programs.ts'
import {
  configFile,
  isRunning,
  MARTLET,
  RunningMartlet,
  startCluster,
  temporaryDirectory,
} from '#test/running-cluster.ts'
import { Session, send, TESTER } from '#test/session.ts'

t.setTimeout(600_000)

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
/** The promise is 2 s on a machine of one's own (`docs/performance.md`); this leaves room for a slow one. */
const READY_WITHIN_MS = 20_000

/** Options whose numbers count something, and need no unit. */
const COUNTS = /port|processes|_max$|_per_second$|_quota$|^images\.limit_/

const martlet = (...args: string[]) => run(process.execPath, [MARTLET, ...args], { timeoutMs: 30_000 })

function passwordSignIn(name: string, password: string): string {
  const user = { name, password, domain: { id: 'default' } }
  return JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } })
}

/** A start that must fail: exit code 1 and one sentence, on standard error. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await martlet('start', ...args)
  if (code !== 1) throw new Error(`exit code ${code}\n${stdout}${stderr}`)
  return stderr.trim()
}

t.test('a first start', async (t) => {
  const begunMs = performance.now()
  const cluster = await startCluster(t)
  const tookMs = performance.now() - begunMs
  t.ok(tookMs < READY_WITHIN_MS, `ready after ${Math.round(tookMs)} ms`)
  t.comment(`ready after ${Math.round(tookMs)} ms`)

  t.test('prints address, users and an example', async (t) => {
    t.match(cluster.martlet.output, cluster.url)
    t.match(cluster.martlet.output, /test:tester\s+testing/)
    t.match(cluster.martlet.output, /curl .*X-Auth-User: test:tester/)
  })

  t.test('runs one process per device', async (t) => {
    t.same([...cluster.devices.keys()].toSorted(), ['d1', 'd2', 'd3', 'd4'])
  })

  t.test('keeps its secrets to itself', async (t) => {
    t.equal(statSync(join(cluster.dataPath, 'cluster.json')).mode & 0o777, 0o600)
  })

  t.test('refuses a second start on the same data', async (t) => {
    const sentence = await refusal('--port', '0', '--data', cluster.dataPath)
    t.match(sentence, `another Martlet is running on ${cluster.dataPath}`)
    t.equal(sentence.split('\n').length, 1)
  })

  t.test('refuses a port in use', async (t) => {
    const data = join(temporaryDirectory(t), 'data')
    t.match(
      await refusal('--port', String(cluster.port), '--data', data),
      /^martlet: port \d+ is in use[^\n]*$/,
    )
    t.throws(() => statSync(data), 'and creates nothing')
  })

  t.test('is still well', async (t) => {
    t.equal((await send('GET', cluster.url, '/healthcheck')).status, 200)
  })
})

t.test('what cannot be is said in one sentence', async (t) => {
  const directory = temporaryDirectory(t)
  const data = join(directory, 'data')
  t.test('a file in place of the directory', async (t) => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    t.match(await refusal('--port', '0', '--data', file), /is not a directory$/)
  })
  t.test('a directory of something else', async (t) => {
    const other = join(directory, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'thesis.tex'), '')
    t.match(await refusal('--port', '0', '--data', other), /thesis\.tex/)
  })
  t.test('a directory that cannot be written', async (t) => {
    t.match(
      await refusal('--port', '0', '--data', '/proc/martlet'),
      /^martlet: \/proc\/martlet cannot be [^\n]*$/,
    )
  })
  t.test('a filesystem that can only be read', async (t) => {
    const mount = join(directory, 'read-only')
    mkdirSync(mount)
    const { code } = await run('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mount])
    if (code !== 0) return void t.pass('is refused', { skip: 'not root, or no mounts' })
    t.teardown(() => run('umount', [mount]))
    t.match(await refusal('--port', '0', '--data', join(mount, 'data')), /^martlet: [^\n]*read-only[^\n]*$/)
    t.match(await refusal('--port', '0', '--data', mount), /^martlet: [^\n]*read-only[^\n]*$/)
  })
  t.test('a port that is none', async (t) => {
    t.match(await refusal('--port', 'http', '--data', data), /^martlet: [^\n]*port[^\n]*http[^\n]*$/)
    t.match(await refusal('--port', '70000', '--data', data), /^martlet: [^\n]*port[^\n]*70000[^\n]*$/)
  })
  t.test('an option that does not exist, and one with a wrong value', async (t) => {
    const unknown = configFile(t, '[proxy]\nport = 0\ncolour = "grey"\n')
    t.match(
      await refusal('--data', data, '--config', unknown),
      /^martlet: [^\n]*\[proxy\] unknown option colour[^\n]*$/,
    )
    const wrong = configFile(t, '[proxy]\nclient_timeout = "soon"\n')
    t.match(
      await refusal('--data', data, '--config', wrong),
      /^martlet: [^\n]*\[proxy\] option client_timeout[^\n]*$/,
    )
    const noToml = configFile(t, 'this is = = no TOML')
    t.match(await refusal('--data', data, '--config', noToml), /^martlet: [^\n]+/)
  })
  t.test('an argument that does not exist', async (t) => {
    const { code, stderr } = await martlet('start', '--colour', 'grey')
    t.equal(code, 1)
    t.match(stderr, /--colour/)
  })
})

t.test('the options are explained', async (t) => {
  const { code, stdout } = await martlet('config', 'explain')
  t.equal(code, 0)
  for (const option of ['proxy.port', 'auth.token_life', 'log.level']) t.match(stdout, option)
  t.match(stdout, /seconds/)
  const rows = JSON.parse((await martlet('config', 'explain', '--json')).stdout) as Record<string, string>[]
  t.ok(rows.length > 40, `${rows.length} options`)
  for (const { name = '', doc, default: fallback, unit } of rows) {
    t.match(stdout, `${name}${unit === '' ? '' : ` (${unit})`}\n    ${doc}\n    default: ${fallback}`)
    t.ok(unit !== '' || !/^\d{2,}$/.test(String(fallback)) || COUNTS.test(name), `${name} has a unit`)
  }
})

t.test('port and data may come from the environment', async (t) => {
  const data = join(temporaryDirectory(t), 'data')
  const child = spawn(process.execPath, [MARTLET, 'start'], {
    env: { ...process.env, MARTLET_PORT: '0', MARTLET_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGTERM'))
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk))
  while (!/ready at/i.test(printed)) await once(child.stdout, 'data')
  t.ok(statSync(join(data, 'cluster.json')).isFile())
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  t.same(await exited, [0, null], 'Ctrl-C ends it too')
})

t.test(
  'without users for development there is one administrator, whose password is printed once',
  async (t) => {
    const cluster = await startCluster(t, { arguments: ['--no-dev-users'] })
    const [, password = ''] = await cluster.martlet.printed(/Administrator: user admin, password (\S+)/)
    const signIn = (user: string, key: string): Promise<number> =>
      send('POST', cluster.url, '/identity/v3/auth/tokens', {
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(passwordSignIn(user, key)),
      }).then(({ status }) => status)
    t.equal(await signIn('admin', password), 201)
    t.equal(await signIn('admin', 'admin'), 401)
    t.equal(await signIn('tester', 'testing'), 401)
    await t.rejects(Session.signIn(cluster.url, TESTER), /401/)
    await cluster.stop()
    const again = await startCluster(t, { dataPath: cluster.dataPath })
    t.notMatch(again.martlet.output, password)
    await t.rejects(Session.signIn(again.url, TESTER), /401/, 'it stays so')
  },
)

t.test('npm start stops when npm is told to', async (t) => {
  const data = join(temporaryDirectory(t), 'data')
  const npm = spawn('npm', ['start', '--', '--port', '0', '--data', data], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  t.teardown(() => {
    try {
      process.kill(-(npm.pid ?? 0), 'SIGKILL')
    } catch {
      // All gone, as it should be.
    }
  })
  let printed = ''
  npm.stdout.on('data', (chunk: Buffer) => (printed += chunk))
  while (!/ready at/i.test(printed)) await once(npm.stdout, 'data')
  const supervisor = Number(execFileSync('cat', [join(data, 'supervisor.pid')]).toString())
  const exited = once(npm, 'exit')
  npm.kill('SIGTERM')
  await exited
  while (isRunning(supervisor)) await new Promise((resolve) => setTimeout(resolve, 20))
  t.pass('the supervisor is gone')
})

t.test('storage ports that another program has taken are replaced', async (t) => {
  const first = await startCluster(t)
  const session = await Session.signIn(first.url, TESTER)
  await session.request('PUT', '/box')
  await session.request('PUT', '/box/kept', { body: Buffer.from('kept') })
  const { stdout } = await martlet(
    'ring',
    'nodes',
    '--json',
    '--ring',
    join(first.dataPath, 'rings/object.ring.gz'),
    'a',
  )
  const { primaries } = JSON.parse(stdout) as { readonly primaries: readonly { readonly port: number }[] }
  await first.stop()
  const squatter = createServer().listen(primaries[0]?.port, '127.0.0.1')
  t.teardown(() => squatter.close())
  await once(squatter, 'listening')
  const second = await startCluster(t, { dataPath: first.dataPath })
  const again = await Session.signIn(second.url, TESTER)
  t.equal((await again.request('GET', '/box/kept')).body.toString(), 'kept')
})

t.test('a supervisor that is killed takes its processes with it', async (t) => {
  const cluster = await startCluster(t)
  const pids = [...cluster.devices.values()]
  process.kill(cluster.martlet.pid, 'SIGKILL')
  await cluster.martlet.ended
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20))
  const again = new RunningMartlet(['start', '--port', '0', '--data', cluster.dataPath])
  t.teardown(() => again.stop())
  await again.printed(/ready at/i)
})
