/** A whole cluster with replicators: what clients put and delete while devices are away ends on every primary, and stays. */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { createObjectReplicator, type ObjectReplicator } from '#replicator/objects-worker.ts'
import { RepairQueue } from '#replicator/repair-queue.ts'
import { get, makeContainer, named, pattern, put } from './actions.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

interface Replicated {
  readonly cluster: MemoryCluster
  readonly replicators: ReadonlyMap<MemoryDevice, ObjectReplicator>
}

async function start(t: Test): Promise<Replicated> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  const replicators = new Map<MemoryDevice, ObjectReplicator>()
  for (const device of cluster.devices) {
    const replicator = replicatorOf(cluster, device)
    await replicator.learnRings()
    replicators.set(device, replicator)
  }
  return { cluster, replicators }
}

function replicatorOf(cluster: MemoryCluster, memoryDevice: MemoryDevice): ObjectReplicator {
  const { device } = memoryDevice.objects
  return createObjectReplicator({
    clock: realClock,
    random: new SeededRandom(1),
    log: silentLogger,
    transport: cluster.network,
    drive: device.drive,
    self: { host: memoryDevice.host, device: memoryDevice.name },
    repairs: new RepairQueue(),
    policies: [...device.engines].flatMap(([index]) => {
      const [replica, ledger] = [device.replica(index), device.ledger(index)]
      if (replica === undefined || ledger === undefined) return []
      return [{ index, replica, ledger, rings: () => ({ ring: cluster.rings.object, previous: undefined }) }]
    }),
  })
}

async function passes({ replicators }: Replicated): Promise<void> {
  for (const replicator of replicators.values()) {
    const report = await replicator.runOnce({ pace: 'full', signal: new AbortController().signal })
    if (report.ended !== 'complete') throw new Error(`a pass ended ${report.ended}`)
  }
}

/** What each device has under a name: `found`, `deleted`, `missing`. */
async function held(
  { cluster }: Replicated,
  object: string,
): Promise<Record<'primaries' | 'others', string[]>> {
  const placement = cluster.parts.objectPlacement(0, named(object))
  const ports = new Set(placement?.primaries.map(({ port }) => port))
  const found: Record<'primaries' | 'others', string[]> = { primaries: [], others: [] }
  for (const { objects, ports: own } of cluster.devices) {
    const probe = await objects.device.engine(0)?.probe(`/AUTH_test/c/${object}`)
    found[ports.has(own.object) ? 'primaries' : 'others'].push(probe?.kind ?? 'none')
  }
  return found
}

t.test(
  'what was written and deleted while each device was away ends on every primary, and nowhere else',
  async (t) => {
    const replicated = await start(t)
    const { cluster } = replicated
    const body = pattern(200_000)
    for (const device of cluster.devices) {
      await put(cluster, `kept ${device.name}`, 'old')
      await put(cluster, `gone ${device.name}`, 'old')
      cluster.stop(device, 'object')
      await put(cluster, `kept ${device.name}`, body)
      await put(cluster, `new ${device.name}`, body)
      await cluster.store.objects.delete(cluster.context, named(`gone ${device.name}`), {})
      cluster.restart(device)
    }
    await passes(replicated)
    await passes(replicated)
    for (const { name } of cluster.devices) {
      const everywhere = { primaries: ['found', 'found', 'found'], others: ['missing'] }
      t.same(await held(replicated, `kept ${name}`), everywhere)
      t.same(await held(replicated, `new ${name}`), everywhere)
      t.same((await held(replicated, `gone ${name}`)).primaries, ['deleted', 'deleted', 'deleted'])
      t.ok((await get(cluster, `kept ${name}`)).bytes.equals(body))
      t.equal((await get(cluster, `gone ${name}`)).kind, 'no_such_object')
    }
  },
)

t.test('the silence of a device that the ring does not name proves nothing', async (t) => {
  const { cluster } = await start(t)
  const placement = cluster.parts.objectPlacement(0, named('o'))
  const [first, second] = placement?.primaries.map(({ port }) => cluster.deviceAt(port)) ?? []
  if (first === undefined || second === undefined) return void t.fail('no primaries')
  cluster.stop(first, 'object')
  cluster.stop(second, 'object')
  t.equal((await get(cluster, 'o')).kind, 'unavailable')
})
