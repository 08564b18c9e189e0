/** The part power of all rings grows under clients, while some proxies and servers have the new ring and some the old. */
import t, { type Test } from 'tap'
import { type Builder, builderFromRing, ringOf } from '#ring/builder.ts'
import { finishIncrease, increasePartPower, prepareIncrease } from '#ring/part-power.ts'
import type { Ring } from '#ring/ring.ts'
import type { CreatedStore } from '#store/create-store.ts'
import { get, list, makeContainer, named, put } from './actions.ts'
import { MemoryCluster, type ServerKind } from './memory-cluster.ts'

type Rings = Readonly<Record<ServerKind, Ring>>
type Step = (builder: Builder) => Builder | { readonly kind: 'refused' }

/** A proxy with rings of its own, as `actions.ts` wants it. */
interface Proxy {
  readonly store: CreatedStore
  readonly context: MemoryCluster['context']
}

const STEPS: readonly Step[] = [prepareIncrease, increasePartPower, finishIncrease]

async function started(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ devices: 5 })
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

/** Every ring after one step. */
function stepped(rings: Rings, step: Step): Rings {
  const next = (ring: Ring): Ring => {
    const builder = step(builderFromRing(ring, 0))
    if (builder.kind === 'refused') throw new Error('refused')
    return ringOf(builder) as Ring
  }
  return { account: next(rings.account), container: next(rings.container), object: next(rings.object) }
}

async function proxyWith(cluster: MemoryCluster, rings: Rings): Promise<Proxy> {
  const store = await cluster.anotherProxy({
    store: {
      rings: { account: () => rings.account, container: () => rings.container, object: () => rings.object },
    },
  })
  return { store, context: cluster.context }
}

t.test(
  'reads, writes, listings and deletes go on through every step of an increase, with mixed rings',
  async (t) => {
    const cluster = await started(t)
    let rings: Rings = cluster.rings
    let before: Proxy = cluster
    const kept: string[] = []
    for (const [at, step] of STEPS.entries()) {
      rings = stepped(rings, step)
      const after = await proxyWith(cluster, rings)
      for (const [writer, reader, name] of [
        [before, after, `old-${at}`],
        [after, before, `new-${at}`],
      ] as const) {
        t.match(await put(writer, name, 'first'), { kind: 'created', listingPending: false })
        t.equal(String((await get(reader, name)).bytes), 'first', 'the other proxy reads it')
        t.match(await put(reader, name, 'second'), { kind: 'created' }, 'and overwrites it')
        t.equal(String((await get(writer, name)).bytes), 'second')
        t.match(await put(writer, `${name}-gone`, 'x'), { kind: 'created' })
        t.match(await reader.store.objects.delete(cluster.context, named(`${name}-gone`), {}), {
          kind: 'deleted',
        })
        t.equal((await get(writer, `${name}-gone`)).kind, 'no_such_object')
        kept.push(name)
      }
      const listing = { names: kept.toSorted(), consistency: 'complete' }
      t.same([await list(before), await list(after)], [listing, listing])
      before = after
    }
    t.equal(rings.object.partPower, cluster.rings.object.partPower + 1)
    for (const name of kept)
      t.equal(String((await get(before, name)).bytes), 'second', `${name} did not move`)
  },
)

t.test('a replica that may not vote does not, whichever ring the proxy has', async (t) => {
  const cluster = await started(t)
  const bigger = stepped(stepped(cluster.rings, prepareIncrease), increasePartPower)
  const after = await proxyWith(cluster, bigger)
  const placement = cluster.parts.objectPlacement(0, named('nothing'))
  if (placement === undefined) throw new Error('no placement')
  const [first, second] = placement.primaries
  const { partPower } = cluster.rings.object
  const range = { partPower, partition: placement.partition }
  await cluster
    .deviceAt(first?.port ?? 0)
    .objects.device.replicaStates(0)
    ?.set(range, 'joining')
  t.same(
    [(await get(cluster, 'nothing')).kind, (await get(after, 'nothing')).kind],
    ['no_such_object', 'no_such_object'],
  )
  cluster.stop(cluster.deviceAt(second?.port ?? 0), 'object')
  t.same(
    [(await get(cluster, 'nothing')).kind, (await get(after, 'nothing')).kind],
    ['unavailable', 'unavailable'],
    'one vote of three is no majority',
  )
})
