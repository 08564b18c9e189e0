/**
 * A device is added to a running host, one is drained, one is replaced by an empty one: all while clients write, read,
 * list and delete, and none of their requests fails. Afterwards every object is whole where the ring says.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { HostCluster } from '#test/host-cluster.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'

t.setTimeout(600_000)

/** Loopback addresses of this test's own. */
const HOSTS = ['127.0.18.2', '127.0.18.3', '127.0.18.4', '127.0.18.5'] as const
const MOVED_WITHIN_MS = 400_000
const OBJECTS = 60
const CLIENTS = 3
/** Between two requests of a client: those that never rest take the processors that the move needs, milliseconds. */
const REST_MS = 15

interface Device {
  readonly host: string
  readonly device: string
  readonly objects: number
}

/** Clients at work all the time, and what they were answered that they should not have been. */
class Clients {
  readonly failures: string[] = []
  requests = 0
  #ended = false
  readonly #running: Promise<unknown>

  constructor(session: Session) {
    this.#running = Promise.all(Array.from({ length: CLIENTS }, (_, at) => this.#run(session, at)))
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#running
  }

  async #run(session: Session, at: number): Promise<void> {
    for (let round = 0; !this.#ended; round += 1) {
      // A new name each time: through this door a read right after an overwrite may still give what was there before.
      const name = `/busy/client-${at}-${round}`
      const body = Buffer.from(`the body of ${name}`)
      await this.#expect(session, 201, 'PUT', name, body)
      const got = await this.#expect(session, 200, 'GET', name)
      if (got !== body.toString()) this.failures.push(`GET ${name} gave ${got}`)
      await this.#expect(session, 200, 'GET', `/kept/object-${(round * 7 + at) % OBJECTS}`)
      await this.#expect(session, 200, 'GET', '/busy?limit=5')
      if (round % 3 === 0) await this.#expect(session, 204, 'DELETE', name)
    }
  }

  async #expect(
    session: Session,
    status: number,
    method: string,
    path: string,
    body?: Buffer,
  ): Promise<string> {
    this.requests += 1
    const answer = await session.request(method, path, body === undefined ? {} : { body })
    if (answer.status !== status) this.failures.push(`${method} ${path}: ${answer.status}`)
    await sleep(REST_MS)
    return answer.body.toString()
  }
}

async function devicesOf(cluster: HostCluster, config: string): Promise<readonly Device[]> {
  const { text } = await cluster.martlet('status', '--json', '--config', config)
  const { devices } = JSON.parse(text) as {
    devices: readonly {
      host: string
      device: string
      figures?: { objects: readonly { records: number }[] }
    }[]
  }
  return devices.map(({ host, device, figures }) => ({
    host,
    device,
    objects: figures?.objects[0]?.records ?? -1,
  }))
}

t.test('devices come, go and are replaced without one failed request', async (t) => {
  const cluster = await HostCluster.make({ directory: temporaryDirectory(t), hosts: HOSTS, replicas: 3 })
  const [first, second, third] = HOSTS
  const config = cluster.config(first)
  const nodes = await Promise.all(HOSTS.map((host) => cluster.startNode(t, host, '--new-cluster')))
  await cluster.startProxy(t, first)
  const session = await Session.signIn(`http://${first}:8080`, TESTER)
  for (const container of ['/kept', '/busy']) await session.request('PUT', container)
  for (let at = 0; at < OBJECTS; at += 1)
    await session.request('PUT', `/kept/object-${at}`, { body: Buffer.from(`object ${at}`) })
  const clients = new Clients(session)
  t.teardown(() => clients.end())

  const change = async (...args: readonly string[]): Promise<void> => {
    t.equal((await cluster.martlet('ring', ...args)).code, 0, args.join(' '))
    t.equal((await cluster.martlet('ring', 'rebalance', 'object.builder', '--seed', '2')).code, 0)
    await cluster.martlet('ring', 'push', 'object.ring.gz', '--config', config)
  }
  const objectsOn = async (host: string, device: string): Promise<number> =>
    (await devicesOf(cluster, config)).find((one) => one.host === host && one.device === device)?.objects ??
    -1
  const work = (): Promise<unknown> => cluster.martlet('run', 'replicator', '--once', '--config', config)
  const untilMoved = (what: string, condition: () => Promise<boolean>): Promise<void> =>
    until(t, what, async () => (await work(), await condition()), MOVED_WITHIN_MS)

  mkdirSync(cluster.path(second, 'srv', 'd2'))
  await change('add', 'object.builder', `r1z2-${second}:6210/d2`, '100')
  await untilMoved('the new device has its share', async () => (await objectsOn(second, 'd2')) >= 20)
  t.same(clients.failures, [], 'while a device was added')

  await change('set-weight', 'object.builder', `${third}:6200/d1`, '0')
  await untilMoved(
    'the drained device is empty of what is kept',
    async () => (await objectsOn(third, 'd1')) === 0,
  )
  t.same(clients.failures, [], 'while a device was drained')

  await nodes[3]?.stop()
  rmSync(cluster.path(HOSTS[3], 'srv', 'd1'), { recursive: true })
  mkdirSync(cluster.path(HOSTS[3], 'srv', 'd1'))
  await cluster.startNode(t, HOSTS[3])
  await untilMoved('the replaced device has its share', async () => (await objectsOn(HOSTS[3], 'd1')) >= 20)
  await clients.end()
  t.same(clients.failures, [], 'while a device was replaced')
  t.ok(clients.requests > 100, `${clients.requests} requests`)
  for (let at = 0; at < OBJECTS; at += 1)
    t.equal((await session.request('GET', `/kept/object-${at}`)).body.toString(), `object ${at}`)

  const isKept = (host: string): boolean => existsSync(cluster.path(host, 'rings', 'object.ring.gz.previous'))
  await untilMoved('every host lets the ring before go', async () => !HOSTS.some(isKept))
})
