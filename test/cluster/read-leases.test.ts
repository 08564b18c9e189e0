/** Reads by leases in a whole cluster: they spare the looks at other replicas, and are never older than what was acknowledged. */
import t, { type Test } from 'tap'
import type { Request, Response } from '#http/message.ts'
import { type Endpoint, type SendOptions, type Transport, TransportError } from '#http/transport.ts'
import { get, makeContainer, named, put } from './actions.ts'
import { MemoryCluster, type MemoryClusterOptions } from './memory-cluster.ts'

const CONFIRMED = { store: { rules: { objectReads: 'confirmed' } } } as const

async function start(t: Test, options: MemoryClusterOptions = {}): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ ...CONFIRMED, ...options })
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

/** The network as it is from one proxy: what it sends is counted, and some servers it cannot reach. */
class View implements Transport {
  readonly methods: string[] = []
  readonly unreachable = new Set<number>()
  readonly #network: Transport

  constructor(network: Transport) {
    this.#network = network
  }

  async send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    this.methods.push(request.method)
    if (this.unreachable.has(target.port)) throw new TransportError('CONNECT_FAILED', target)
    return await this.#network.send(target, request, options)
  }

  async close(): Promise<void> {}
}

/** Reads again and again until leases are there, and then for another while. */
async function readFor(cluster: MemoryCluster, durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) {
    await get(cluster, 'o')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

t.test('what is read often is read without looks at other replicas', async (t) => {
  let view: View | undefined
  const cluster = await start(t, {
    transport: (network) => {
      view = new View(network)
      return view
    },
  })
  await put(cluster, 'o', 'x')
  const looks = (): number =>
    view?.methods.filter((method) => method === 'HEAD' || method === 'PROBES').length ?? 0
  await readFor(cluster, 1_000)
  const before = looks()
  t.ok(before > 0, 'before there were leases')
  await readFor(cluster, 500)
  t.ok(looks() - before < 10, `${looks() - before} looks`)
  await put(cluster, 'o', 'y')
  t.equal(String((await get(cluster, 'o')).bytes), 'y')
})

t.test('what a reader missed is not acknowledged before it knows', async (t) => {
  const cluster = await start(t)
  let view: View | undefined
  const writer = await cluster.anotherProxy({
    ...CONFIRMED,
    transport: (network) => {
      view = new View(network)
      return view
    },
  })
  const [missing] = cluster.parts.objectPlacement(0, named('o'))?.primaries ?? []
  await put(cluster, 'o', 'version 0')
  for (let version = 1; version <= 4; version += 1) {
    await readFor(cluster, 700)
    view?.unreachable.add(missing?.port ?? 0)
    const from = { store: writer, context: cluster.context }
    t.match(await put(from, 'o', `version ${version}`), { kind: 'created' })
    for (let read = 0; read < 8; read += 1)
      t.equal(String((await get(cluster, 'o')).bytes), `version ${version}`)
    view?.unreachable.clear()
    await put(from, 'o', `version ${version}, to all`)
  }
})
