/**
 * One of the four processes stops answering without dying (SIGSTOP), as one does whose disk or machine hangs. Reads through
 * the others go on. The promise is a p99 within twice that of a healthy cluster; what is held here leaves room for a busy
 * machine: few reads are slow, and none fails.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Client } from 'undici'
import { type RunningCluster, signal, startCluster } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'
import { inWords, type Measured, measure } from './latency.ts'

const OBJECTS = 64
const READS = 800
const AT_ONCE = 8
/** Without any care for it, one read in twelve or so would wait for the hung process. */
const SLOW_MAX = READS / 20
const ANSWER_WITHIN_MS = 3_000
t.setTimeout(600_000)

/** Connections of their own to processes that answer. */
async function connections(t: Test, { url }: RunningCluster): Promise<readonly Client[]> {
  const answering: Client[] = []
  for (let tried = 0; answering.length < AT_ONCE && tried < 10 * AT_ONCE; tried += 1) {
    const client = new Client(url, { pipelining: 1 })
    t.teardown(() => client.destroy())
    const health = client.request({ method: 'GET', path: '/healthcheck' }).then(({ body }) => body.dump())
    health.catch(() => {})
    if (await Promise.race([health.then(() => true), sleep(ANSWER_WITHIN_MS, false)])) answering.push(client)
  }
  return answering
}

async function readAll(t: Test, clients: readonly Client[], session: Session): Promise<Measured> {
  return await measure(READS, clients.length, async (index, lane) => {
    const { statusCode, body } = await (clients[lane] as Client).request({
      method: 'GET',
      path: `${session.account}/box/object-${index % OBJECTS}`,
      headers: { 'x-auth-token': session.token },
    })
    const bytes = await body.arrayBuffer()
    if (statusCode !== 200 || bytes.byteLength !== 4_096) t.fail(`${statusCode}, ${bytes.byteLength} bytes`)
  })
}

t.test('a process that hangs slows nobody who reads through the others', async (t) => {
  const cluster = await startCluster(t)
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/box')
  for (let at = 0; at < OBJECTS; at += 1) {
    await session.request('PUT', `/box/object-${at}`, { body: Buffer.alloc(4_096, 'x') })
  }
  const healthy = await connections(t, cluster)
  await readAll(t, healthy, session)
  const before = await readAll(t, healthy, session)
  const hung = cluster.devices.get('d2') ?? 0
  process.kill(hung, 'SIGSTOP')
  t.teardown(() => signal(hung, 'SIGCONT'))
  const others = await connections(t, cluster)
  t.equal(others.length, AT_ONCE, 'new connections go to processes that answer')
  const during = await readAll(t, others, session)
  t.comment(`healthy: ${inWords(before)}; with a hung process: ${inWords(during)}, ${during.slow} slow`)
  t.ok(during.slow < SLOW_MAX, `${during.slow} of ${READS} reads were slow`)
  process.kill(hung, 'SIGCONT')
})
