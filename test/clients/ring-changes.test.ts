/**
 * A device is added to a running host, one is drained, one is replaced by an empty one, in the rings of accounts, containers
 * and objects: all while clients make and delete containers, write, read, list and delete objects, and none of their
 * requests fails. Afterwards every object is whole and listed.
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
/** Enough of them that every device has some. */
const CONTAINERS = 10
/** In the order of the ports of a device. */
const RINGS = ['object', 'container', 'account'] as const
/** Between two requests of a client: those that never rest take the processors that the move needs, milliseconds. */
const REST_MS = 15

interface Device {
  readonly host: string
  readonly device: string
  readonly objects: number
  readonly containers: number
}

/** Clients at work all the time, and what they were answered that they should not have been. */
class Clients {
  readonly failures: string[] = []
  /** What is to be listed, by container. */
  readonly stored = new Map<string, Set<string>>()
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
      const container = `/busy-${round % CONTAINERS}`
      // A new name each time: through this door a read right after an overwrite may still give what was there before.
      const object = `client-${at}-${round}`
      const name = `${container}/${object}`
      const body = Buffer.from(`the body of ${name}`)
      await this.#expect(session, 201, 'PUT', name, body)
      const names = this.stored.get(container) ?? new Set()
      this.stored.set(container, names.add(object))
      const got = await this.#expect(session, 200, 'GET', name)
      if (got !== body.toString()) this.failures.push(`GET ${name} gave ${got}`)
      await this.#expect(session, 200, 'GET', `/kept/object-${(round * 7 + at) % OBJECTS}`)
      await this.#expect(session, 200, 'GET', `${container}?prefix=client-${at}&limit=5`)
      if (round % 3 !== 0) continue
      await this.#expect(session, 204, 'DELETE', name)
      names.delete(object)
      await this.#expect(session, 201, 'PUT', `/made-${at}-${round}`)
      await this.#expect(session, 204, 'HEAD', `/made-${at}-${round}`)
      await this.#expect(session, 204, 'DELETE', `/made-${at}-${round}`)
      await this.#expect(session, 404, 'HEAD', `/made-${at}-${round}`)
      await this.#expect(session, 200, 'GET', '?limit=5')
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
    const sent = session.request(method, path, body === undefined ? {} : { body })
    const answer = await sent.catch((error: unknown) => ({ status: String(error), body: '' }))
    if (answer.status !== status) this.failures.push(`${method} ${path}: ${answer.status}`)
    await sleep(REST_MS)
    return answer.body.toString()
  }
}

async function isAnyJoining(cluster: HostCluster, config: string): Promise<boolean> {
  const { text } = await cluster.martlet('status', '--json', '--config', config)
  const { problems } = JSON.parse(text) as { problems: readonly string[] }
  return problems.some((problem) => problem.includes('joining'))
}

async function devicesOf(cluster: HostCluster, config: string): Promise<readonly Device[]> {
  const { text } = await cluster.martlet('status', '--json', '--config', config)
  const { devices } = JSON.parse(text) as {
    devices: readonly {
      host: string
      device: string
      figures?: { objects: readonly { records: number }[]; containers: { count: number } }
    }[]
  }
  return devices.map(({ host, device, figures }) => ({
    host,
    device,
    objects: figures?.objects[0]?.records ?? -1,
    containers: figures?.containers.count ?? -1,
  }))
}

t.test('devices come, go and are replaced without one failed request', async (t) => {
  const cluster = await HostCluster.make({ directory: temporaryDirectory(t), hosts: HOSTS, replicas: 3 })
  const [first, second, third] = HOSTS
  const config = cluster.config(first)
  const nodes = await Promise.all(HOSTS.map((host) => cluster.startNode(t, host, '--new-cluster')))
  await cluster.startProxy(t, first)
  const session = await Session.signIn(`http://${first}:8080`, TESTER)
  const busy = Array.from({ length: CONTAINERS }, (_, at) => `/busy-${at}`)
  for (const container of ['/kept', ...busy]) await session.request('PUT', container)
  for (let at = 0; at < OBJECTS; at += 1)
    await session.request('PUT', `/kept/object-${at}`, { body: Buffer.from(`object ${at}`) })
  const clients = new Clients(session)
  t.teardown(() => clients.end())

  const ring = async (...args: readonly string[]): Promise<void> => {
    const { code, text } = await cluster.martlet('ring', ...args)
    t.equal(code, 0, `${args.join(' ')}: ${text}`)
  }
  /** The same change of all rings; `device` from the place of a ring's port among those of a device. */
  const change = async (order: string, device: (port: number) => string, weight: string): Promise<void> => {
    for (const [port, name] of RINGS.entries()) {
      await ring(order, `${name}.builder`, device(port), weight)
      await ring('rebalance', `${name}.builder`, '--seed', '2')
      // A device that is only being added does not take it yet.
      await cluster.martlet('ring', 'push', `${name}.ring.gz`, '--config', config)
    }
  }
  const deviceAt = async (host: string, device: string): Promise<Device | undefined> =>
    (await devicesOf(cluster, config)).find((one) => one.host === host && one.device === device)
  const hasShare = async (host: string, device: string): Promise<boolean> => {
    const { objects = 0, containers = 0 } = (await deviceAt(host, device)) ?? {}
    return objects >= 20 && containers >= 2
  }
  const work = async (): Promise<void> => {
    for (const worker of ['replicator', 'database-replicator'])
      await cluster.martlet('run', worker, '--once', '--config', config)
  }
  /** And every replica votes again: an operator waits for that before the next change. */
  const untilMoved = (what: string, condition: () => Promise<boolean>): Promise<void> =>
    until(
      t,
      what,
      async () => (await work(), (await condition()) && !(await isAnyJoining(cluster, config))),
      MOVED_WITHIN_MS,
    )

  mkdirSync(cluster.path(second, 'srv', 'd2'))
  await change('add', (port) => `r1z2-${second}:${6210 + port}/d2`, '100')
  await untilMoved('the new device has its share', () => hasShare(second, 'd2'))
  t.same(clients.failures, [], 'while a device was added')

  await change('set-weight', (port) => `${third}:${6200 + port}/d1`, '0')
  await untilMoved('the drained device is empty', async () => {
    const { objects, containers } = (await deviceAt(third, 'd1')) ?? {}
    return objects === 0 && containers === 0
  })
  t.same(clients.failures, [], 'while a device was drained')

  await nodes[3]?.stop()
  rmSync(cluster.path(HOSTS[3], 'srv', 'd1'), { recursive: true })
  mkdirSync(cluster.path(HOSTS[3], 'srv', 'd1'))
  await cluster.startNode(t, HOSTS[3])
  await untilMoved('the replaced device has its share', () => hasShare(HOSTS[3], 'd1'))
  await clients.end()
  t.same(clients.failures, [], 'while a device was replaced')
  t.ok(clients.requests > 100, `${clients.requests} requests`)
  for (let at = 0; at < OBJECTS; at += 1)
    t.equal((await session.request('GET', `/kept/object-${at}`)).body.toString(), `object ${at}`)
  for (const [container, names] of clients.stored) {
    const listed = (await session.request('GET', container)).body.toString().split('\n').slice(0, -1)
    t.same(listed, [...names].toSorted(), `${container} lists its ${names.size} objects`)
  }

  const isKept = (host: string): boolean =>
    RINGS.some((name) => existsSync(cluster.path(host, 'rings', `${name}.ring.gz.previous`)))
  await untilMoved('every host lets the rings before go', async () => !HOSTS.some(isKept))
})
