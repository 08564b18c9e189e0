/** Processes die and are told to go while clients work. What was acknowledged stays, and nobody sees an error. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseRing } from '#ring/ring-file.ts'
import { isRunning, type RunningCluster, signal, startCluster } from '#test/running-cluster.ts'
import { Session, send, TESTER, until } from '#test/session.ts'

t.setTimeout(600_000)

const WORKERS = 8

/** Clients that write and read without a pause, and remember what they were told. */
class Load {
  readonly acknowledged = new Map<string, string>()
  readonly failures: string[] = []
  /** Connections that broke under a request; a client may send it again. */
  broken = 0
  readonly #session: Session
  readonly #workers: Promise<void>[]
  #running = true
  #count = 0

  constructor(session: Session, workers = WORKERS) {
    this.#session = session
    this.#workers = Array.from({ length: workers }, () => this.#work())
  }

  get requests(): number {
    return this.#count
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#workers)
  }

  async #work(): Promise<void> {
    while (this.#running) {
      this.#count += 1
      const name = `object-${this.#count}`
      const content = createHash('sha256')
        .update(name)
        .digest('hex')
        .repeat(1 + (this.#count % 64))
      if (await this.#try('PUT', name, content)) this.acknowledged.set(name, content)
      await this.#try('GET', name, content)
    }
  }

  /** Once more when the connection broke, as every client does. */
  async #try(method: 'PUT' | 'GET', name: string, content: string): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const body = method === 'PUT' ? Buffer.from(content) : undefined
        const answer = await this.#session.request(
          method,
          `/load/${name}`,
          body === undefined ? {} : { body },
        )
        if (method === 'PUT' && answer.status === 201) return true
        if (method === 'GET' && answer.status === 200 && answer.body.toString() === content) return true
        this.failures.push(`${method} ${name}: ${answer.status} ${answer.body.toString().slice(0, 80)}`)
        return false
      } catch (error) {
        this.broken += 1
        if (attempt === 4) {
          this.failures.push(`${method} ${name}: ${String(error)}`)
          return false
        }
      }
    }
  }
}

async function underLoad(t: Test): Promise<{ cluster: RunningCluster; session: Session; load: Load }> {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/load')
  const load = new Load(session)
  t.teardown(() => load.stop())
  await sleep(1_000)
  return { cluster, session, load }
}

async function allReadable(t: Test, session: Session, load: Load): Promise<void> {
  const lost: string[] = []
  for (const [name, content] of load.acknowledged) {
    const answer = await session.request('GET', `/load/${name}`)
    if (answer.body.toString() !== content) lost.push(`${name}: ${answer.status}`)
  }
  t.same(lost, [], `${load.acknowledged.size} acknowledged objects are there`)
}

t.test('one process is killed under load', async (t) => {
  const { cluster, session, load } = await underLoad(t)
  const victim = cluster.devices.get('d2') ?? 0
  process.kill(victim, 'SIGKILL')
  await until(t, 'it is started again', () => {
    const reborn = cluster.devices.get('d2') ?? victim
    return reborn !== victim && isRunning(reborn)
  })
  await sleep(2_000)
  await load.stop()
  t.same(load.failures, [], `${load.requests} requests, ${load.broken} broken connections`)
  await allReadable(t, session, load)
})

t.test('every process in turn is told to stop under load, and nobody notices', async (t) => {
  const { cluster, session, load } = await underLoad(t)
  for (const name of ['d1', 'd2', 'd3', 'd4']) {
    const stopped = cluster.devices.get(name) ?? 0
    process.kill(stopped, 'SIGTERM')
    while (isRunning(stopped)) await sleep(50)
    await until(t, `${name} is started again`, () => isRunning(cluster.devices.get(name) ?? 0))
    await until(t, `${name} is ready`, async () => answersOf(cluster, name))
  }
  await load.stop()
  t.same(load.failures, [], `${load.requests} requests, ${load.broken} broken connections`)
  await allReadable(t, session, load)
})

/** A rolling restart goes on to the next process when the one before is in service again. */
async function answersOf({ dataPath }: RunningCluster, name: string): Promise<boolean> {
  const parsed = parseRing(readFileSync(join(dataPath, 'rings', 'object.ring.gz')))
  const device = parsed.kind === 'ring' ? parsed.ring.devices.find((one) => one?.device === name) : undefined
  const healthy = await send('GET', `http://127.0.0.1:${device?.port}`, '/healthcheck').catch(() => undefined)
  return healthy?.status === 200
}

t.test('a process that stays away: reads and writes go on', async (t) => {
  const { cluster, session, load } = await underLoad(t)
  const stopped = cluster.devices.get('d1') ?? 0
  process.kill(stopped, 'SIGSTOP')
  t.teardown(() => signal(stopped, 'SIGCONT'))
  await sleep(500)
  process.kill(stopped, 'SIGKILL')
  await until(t, 'it is started again', () => (cluster.devices.get('d1') ?? stopped) !== stopped)
  await sleep(1_000)
  await load.stop()
  t.same(load.failures, [], `${load.requests} requests, ${load.broken} broken connections`)
  await allReadable(t, session, load)
})

t.test(
  'all processes are killed under load: what was acknowledged is there',
  { timeout: 300_000 },
  async (t) => {
    const { cluster, session, load } = await underLoad(t)
    await cluster.martlet.killAll()
    await load.stop()
    t.ok(load.acknowledged.size > 0, `${load.acknowledged.size} acknowledged`)
    const again = await startCluster(t, { dataPath: cluster.dataPath })
    t.equal(
      (await fetch(`${again.url}${session.account}`, { headers: { 'x-auth-token': session.token } })).status,
      200,
      'the token is still good',
    )
    await allReadable(t, await Session.signIn(again.url, TESTER), load)
  },
)

t.test('SIGTERM while requests run: none fails', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/box')
  const size = 64 * 64 * 1024
  async function* slowly(): AsyncGenerator<Buffer> {
    for (let sent = 0; sent < size; sent += 64 * 1024) {
      await sleep(25)
      yield Buffer.alloc(64 * 1024, 1)
    }
  }
  const uploads = Array.from({ length: 8 }, (_, index) =>
    session.request('PUT', `/box/slow-${index}`, {
      body: slowly(),
      headers: { 'content-length': String(size) },
    }),
  )
  await sleep(500)
  const begunMs = performance.now()
  const stopped = cluster.stop()
  t.same(
    (await Promise.all(uploads)).map(({ status }) => status),
    Array.from({ length: 8 }, () => 201),
  )
  t.same(await stopped, { code: 0, signal: null })
  t.ok(performance.now() - begunMs < 20_000, `stopped after ${Math.round(performance.now() - begunMs)} ms`)
  const again = await startCluster(t, { dataPath: cluster.dataPath })
  const later = await Session.signIn(again.url, TESTER)
  for (let index = 0; index < 8; index += 1) {
    t.equal((await later.request('HEAD', `/box/slow-${index}`)).headers['content-length'], String(size))
  }
})

t.test('a restart keeps data, listings and tokens', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/kept', { headers: { 'x-container-meta-colour': 'grey' } })
  for (let index = 0; index < 20; index += 1) {
    await session.request('PUT', `/kept/object-${index}`, { body: Buffer.from(`content ${index}`) })
  }
  await session.request('POST', '/kept/object-3', { headers: { 'x-object-meta-season': 'winter' } })
  await session.request('DELETE', '/kept/object-4')
  t.same(await cluster.stop(), { code: 0, signal: null })
  const again = await startCluster(t, { dataPath: cluster.dataPath })
  const get = (path: string) =>
    fetch(`${again.url}${session.account}${path}`, { headers: { 'x-auth-token': session.token } })
  const listing = await get('/kept')
  t.equal(listing.headers.get('x-container-meta-colour'), 'grey')
  t.equal((await listing.text()).trim().split('\n').length, 19)
  t.equal(await (await get('/kept/object-19')).text(), 'content 19')
  t.equal((await get('/kept/object-3')).headers.get('x-object-meta-season'), 'winter')
  t.equal((await get('/kept/object-4')).status, 404)
})
