/**
 * Four hosts, each with a network of its own, a storage process and some with a proxy. Under steady load their links are
 * cut one way and both ways, a host is cut off, and all is healed: then every write that was acknowledged is there,
 * through every proxy, on three disks, and in the listing.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type DeviceFolder, misplacedCopies } from '#test/copies.ts'
import { HostCluster } from '#test/host-cluster.ts'
import { havePrograms } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { SteadyLoad } from '#test/torture/steady-load.ts'
import { Network, whyNoNetwork } from './network.ts'

t.setTimeout(480_000)

const HOSTS = 4
const PROXIES = [0, 1] as const
const REPLICAS = 3
/** How long a link stays cut: longer than a proxy waits for an answer. */
const CUT_MS = Number(process.env['MARTLET_CUT_SECONDS'] ?? '3') * 1000
/** A busy machine needs longer for its first write behind a cut. */
const ACKNOWLEDGED_WITHIN_MS = 120_000
const POLL_MS = 100
const HEALED_WITHIN_MS = 400_000

interface Scene {
  readonly network: Network
  readonly cluster: HostCluster
  readonly sessions: readonly [Session, ...Session[]]
}

async function startHosts(t: Test): Promise<Scene> {
  const network = Network.make(t, HOSTS)
  const commands = new Map(network.hosts.map(({ address, command }) => [address, command]))
  const addresses = [...commands.keys()]
  const cluster = await HostCluster.make({
    directory: temporaryDirectory(t),
    hosts: addresses,
    replicas: REPLICAS,
    commandOf: (host) => commands.get(host) ?? [],
    proxySettings: ['node_timeout = 1'],
  })
  await Promise.all(addresses.map((host) => cluster.startNode(t, host, '--new-cluster')))
  const proxies = PROXIES.map((at) => addresses[at] ?? '')
  await Promise.all(proxies.map((host) => cluster.startProxy(t, host)))
  const sessions = await Promise.all(proxies.map((host) => Session.signIn(`http://${host}:8080`, TESTER)))
  return { network, cluster, sessions: sessions as [Session, ...Session[]] }
}

interface Cut {
  readonly what: string
  readonly cut: (network: Network) => void
}

const CUTS: readonly Cut[] = [
  { what: 'one way, between the hosts with proxies', cut: (network) => network.cut(1, 0) },
  { what: 'both ways, into two halves', cut: (network) => network.split([0, 2], [1, 3]) },
  { what: 'one host from all others', cut: (network) => network.split([3], [0, 1, 2]) },
]

/** Acknowledgements while the links are cut. */
async function duringCut({ network }: Scene, load: SteadyLoad, { cut }: Cut): Promise<number> {
  const before = load.figures.acknowledged
  cut(network)
  const untilMs = performance.now() + ACKNOWLEDGED_WITHIN_MS
  await sleep(CUT_MS)
  while (load.figures.acknowledged === before && performance.now() < untilMs) await sleep(POLL_MS)
  const acknowledged = load.figures.acknowledged - before
  network.heal()
  await sleep(CUT_MS / 2)
  return acknowledged
}

/** One pass of what makes copies and listings whole; then, is every object where it belongs? */
async function isWhole({ cluster, network }: Scene): Promise<boolean> {
  const hosts = network.hosts.map(({ address }) => address)
  const [first = ''] = hosts
  const config = cluster.config(first)
  for (const worker of ['updater', 'replicator'])
    await cluster.martlet('run', worker, '--once', '--config', config)
  const devices = hosts.map((ip): DeviceFolder => {
    return { ip, device: 'd1', path: cluster.path(ip, 'srv', 'd1') }
  })
  return misplacedCopies(cluster.ring(first), devices).length === 0
}

t.test('links are cut and healed: nothing that was acknowledged is lost', async (t) => {
  const obstacle = whyNoNetwork()
  if (obstacle !== undefined) return void t.pass(obstacle, { skip: obstacle })
  if (!havePrograms(t, 'ip')) return
  const scene = await startHosts(t)
  const load = await SteadyLoad.start(...scene.sessions)
  t.teardown(() => load.stop())
  for (const cut of CUTS) {
    const acknowledged = await duringCut(scene, load, cut)
    t.ok(acknowledged > 0, `${cut.what}: ${acknowledged} writes were acknowledged meanwhile`)
  }
  await load.stop()
  const { requests, acknowledged, uncertain } = load.figures
  t.comment(`${requests} requests, ${acknowledged} acknowledged, ${uncertain} uncertain`)
  await until(
    t,
    'every object has its copies, and nobody else has any',
    () => isWhole(scene),
    HEALED_WITHIN_MS,
  )
  for (const session of scene.sessions) {
    const { names, lost } = await load.compare(session)
    t.same(lost, [], `${names} names are what they were said to be, through ${session.url}`)
  }
})
