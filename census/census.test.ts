import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { SyncServer } from '#object-server/replication/serve.ts'
import { at, put, send, startTestServer, TEST_SALT, type TestServer } from '#object-server/test-server.ts'
import type { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import type { Figures } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { type Census, createCensus } from './census.ts'
import { addUp, type CopyFigures } from './census-report.ts'

const DEVICE = 'sda'
const PORT = 6200
const NODES = 4
const HOUR_MS = 3_600_000

/** Addresses of devices that can not be read. */
const outOfService = new Set<string>()

interface Node {
  readonly ip: string
  readonly server: TestServer
  readonly census: Census
  readonly kept: Map<string, number>
}

interface Cluster {
  readonly clock: VirtualClock
  readonly ring: Ring
  readonly nodes: readonly Node[]
  readonly transport: MemoryTransport
}

function ipOf(number: number): string {
  return `10.0.0.${number + 1}`
}

async function startCluster(t: Test): Promise<Cluster> {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 + HOUR_MS })
  const transport = new MemoryTransport({ clock, log: silentLogger })
  const devices = Array.from({ length: NODES }, (_, at) => {
    return { region: 1, zone: at + 1, ip: ipOf(at), port: PORT, device: DEVICE, weight: 1 }
  })
  const ring = buildSimpleRing({ devices, partPower: 7, replicas: 3 })
  const nodes: Node[] = []
  for (let number = 0; number < NODES; number += 1) {
    const node = await startNode(clock, transport, ring, ipOf(number))
    nodes.push(node)
    t.teardown(() => node.server.device.close())
  }
  return { clock, ring, nodes, transport }
}

async function startNode(
  clock: VirtualClock,
  transport: MemoryTransport,
  ring: Ring,
  ip: string,
): Promise<Node> {
  const server = await startTestServer({ clock })
  const sync = new SyncServer({ device: server.device, clock, log: silentLogger, transport })
  transport.register({ host: ip, port: PORT }, sync.serve)
  const kept = new Map<string, number>()
  const replica = server.device.replica(0)
  if (replica === undefined) throw new Error('policy 0 is missing')
  const census = createCensus({
    environment: { clock },
    log: silentLogger,
    transport,
    policies: [{ index: 0, replica }],
    ring: () => ring,
    isSelf: (device) => device.ip === ip,
    memory: {
      load: async () => new Map(kept),
      save: async (sinceMs) => {
        kept.clear()
        for (const [key, since] of sinceMs) kept.set(key, since)
      },
    },
    isInService: async () => !outOfService.has(ip),
    foreground: new Foreground(clock),
  })
  return { ip, server, census, kept }
}

/** The nodes that should hold an object. */
function primariesOf({ ring, nodes }: Cluster, object: string): readonly Node[] {
  const partition = ring.partitionOf(hashName({ account: 'a', container: 'c', object }, TEST_SALT))
  return ring.primaries(partition).map(({ ip }) => nodes.find((node) => node.ip === ip) as Node)
}

async function putOn(nodes: readonly Node[], object: string, seconds = 1): Promise<void> {
  for (const { server } of nodes) await put(server, seconds, object, {}, `/${DEVICE}/0/a/c/${object}`)
}

/** What all that are in service count together. */
async function count(cluster: Cluster, inService: readonly Node[] = cluster.nodes): Promise<CopyFigures> {
  const signal = new AbortController().signal
  const passes = inService.map(({ census }) => census.worker.runOnce({ pace: 'full', signal }))
  await cluster.clock.runUntilIdle()
  for (const report of await Promise.all(passes))
    if (report.ended !== 'complete') throw new Error(report.ended)
  const [figures] = addUp(inService.map(({ census }) => census.report()))
  return figures as CopyFigures
}

t.test('every object is counted once, and every partition has somebody who speaks for it', async (t) => {
  const cluster = await startCluster(t)
  for (let at = 0; at < 20; at += 1) await putOn(primariesOf(cluster, `o${at}`), `o${at}`)
  t.match(await count(cluster), { partitions: 128, records: 20, objects: 0, missingCopies: 0, uncounted: 0 })
  t.match(await count(cluster), { sinceMs: undefined })
})

t.test('a copy that is missing, old or deleted in part is found, wherever it is', async (t) => {
  const cluster = await startCluster(t)
  for (let at = 0; at < 12; at += 1) await putOn(primariesOf(cluster, `o${at}`), `o${at}`)
  await putOn(primariesOf(cluster, 'missing').slice(1), 'missing')
  await putOn(primariesOf(cluster, 'alone').slice(2), 'alone')
  await putOn(primariesOf(cluster, 'old').slice(0, 2), 'old', 5)
  await putOn(primariesOf(cluster, 'old').slice(2), 'old', 3)
  const figures = await count(cluster)
  t.match(figures, { objects: 3, missingCopies: 1 + 2 + 1, lastCopies: 1 })
})

t.test('of a partition with many objects only the ranges that differ are looked at', async (t) => {
  const cluster = await startCluster(t)
  const partitionOf = (object: string): number =>
    cluster.ring.partitionOf(hashName({ account: 'a', container: 'c', object }, TEST_SALT))
  const names: string[] = []
  for (let at = 0; names.length < 70; at += 1) if (partitionOf(`o${at}`) === 0) names.push(`o${at}`)
  const [, ...others] = names as [string, ...string[]]
  for (const name of others) await putOn(primariesOf(cluster, name), name)
  await putOn(primariesOf(cluster, names[0] as string).slice(1), names[0] as string)
  t.match(await count(cluster), { records: 70, objects: 1, missingCopies: 1, uncounted: 0 })
})

t.test('since when is kept until all is well, over restarts too', async (t) => {
  const cluster = await startCluster(t)
  await putOn(primariesOf(cluster, 'o').slice(1), 'o')
  const first = await count(cluster)
  t.equal(first.objects, 1)
  await cluster.clock.advance(HOUR_MS)
  t.equal((await count(cluster)).sinceMs, first.sinceMs)
  const speaker = primariesOf(cluster, 'o')[0] as Node
  t.equal([...speaker.kept.values()][0], first.sinceMs)
  await putOn(primariesOf(cluster, 'o').slice(0, 1), 'o')
  t.match(await count(cluster), { objects: 0, sinceMs: undefined })
  t.equal(speaker.kept.size, 0)
})

t.test('a device that is gone leaves its objects with a copy less, all of them', async (t) => {
  const cluster = await startCluster(t)
  const names = Array.from({ length: 30 }, (_, at) => `o${at}`)
  for (const name of names) await putOn(primariesOf(cluster, name), name)
  const [gone, ...others] = cluster.nodes as [Node, ...Node[]]
  const held = names.filter((name) => primariesOf(cluster, name).includes(gone))
  cluster.transport.unregister({ host: gone.ip, port: PORT })
  t.match(await count(cluster, others), {
    partitions: 128,
    objects: held.length,
    missingCopies: held.length,
    lastCopies: 0,
  })
  t.match(await count(cluster, others), { objects: held.length }, 'the second time from what was counted')
})

t.test('copies on handoffs count while a primary is gone', async (t) => {
  const cluster = await startCluster(t)
  await putOn(primariesOf(cluster, 'o'), 'o')
  const [gone] = primariesOf(cluster, 'o') as [Node]
  const others = cluster.nodes.filter((node) => node !== gone)
  cluster.transport.unregister({ host: gone.ip, port: PORT })
  t.match(await count(cluster, others), { objects: 1 })
  await putOn(others, 'o')
  t.match(await count(cluster, others), { objects: 0, missingCopies: 0 })
})

t.test('a device that cannot be read speaks for nothing', async (t) => {
  const cluster = await startCluster(t)
  await putOn(primariesOf(cluster, 'o'), 'o')
  const [broken] = primariesOf(cluster, 'o') as [Node]
  cluster.transport.unregister({ host: broken.ip, port: PORT })
  outOfService.add(broken.ip)
  t.teardown(() => outOfService.clear())
  t.match(await count(cluster), { partitions: 128, records: 1, objects: 1, missingCopies: 1 })
})

t.test('deleted objects need no copies', async (t) => {
  const cluster = await startCluster(t)
  const primaries = primariesOf(cluster, 'o')
  await putOn(primaries.slice(1), 'o')
  for (const { server } of primaries.slice(2)) {
    await send(server, 'DELETE', { path: `/${DEVICE}/0/a/c/o`, headers: { 'x-timestamp': at(9) } })
  }
  t.match(await count(cluster), { objects: 0 })
})

t.test('what is counted is shown as live figures', async (t) => {
  const cluster = await startCluster(t)
  await putOn(primariesOf(cluster, 'o').slice(2), 'o')
  await count(cluster)
  await cluster.clock.advance(5_000)
  const live: Figures[] = []
  for (const { census } of cluster.nodes) live.push((await census.worker.live?.()) ?? {})
  const speaking = live.filter((figures) => figures['thin_objects'] === 1)
  t.match(speaking, [{ missing_copies: 2, last_copies: 1 }])
  t.ok((speaking[0]?.['thin_for_seconds'] ?? 0) >= 5)
})
