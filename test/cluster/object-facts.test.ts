/**
 * Goal: tags, the access list and user metadata of one object that are changed at the same moment, through different
 * proxies and with a storage server away, are all changed, and every read after an answer shows them. Method: races over
 * three replicas of which another one is away in each, and reads with another one away.
 */
import t, { type Test } from 'tap'
import { FACT_PREFIX } from '#base/extensions.ts'
import type { ObjectRead, Store } from '#store/contract.ts'
import { changeFacts } from '#store/object-facts/object-facts.ts'
import { makeContainer, named, put } from './actions.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const TAGS = `${FACT_PREFIX}tags`
const ACL = `${FACT_PREFIX}acl`
const COLOUR = 'x-object-meta-colour'

interface Started {
  readonly cluster: MemoryCluster
  readonly proxies: readonly [Store, Store, Store]
  /** The devices that hold the object. */
  readonly holders: readonly MemoryDevice[]
}

async function start(t: Test): Promise<Started> {
  const cluster = await MemoryCluster.start({ devices: 3 })
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  await put(cluster, 'o', 'data', { metadata: { [COLOUR]: 'none', [TAGS]: 'put=1' } })
  const placement = cluster.parts.objectPlacement(0, named('o'))
  const holders = (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
  const proxies = [cluster.store, await cluster.anotherProxy(), await cluster.anotherProxy()] as const
  return { cluster, proxies: [...proxies], holders }
}

async function changed(
  { cluster }: Started,
  store: Store,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  const outcome = await changeFacts(store, cluster.context, named('o'), facts)
  if (outcome.kind !== 'changed') throw new Error(`facts: ${outcome.kind}`)
}

/** As a POST of a Swift client comes to the storage servers where S3 has to do with the container. */
async function posted({ cluster }: Started, store: Store, colour: string): Promise<void> {
  const metadata = { [COLOUR]: colour }
  const post = { metadata, contentType: undefined, fields: 'metadata' } as const
  const outcome = await store.objects.post(cluster.context, named('o'), post)
  if (outcome.kind !== 'accepted') throw new Error(`post: ${outcome.kind}`)
}

async function headOf(
  { cluster }: Started,
  store: Store,
  how: { readonly newest: boolean },
): Promise<ObjectRead['headers']> {
  const options = { method: 'HEAD', conditions: {}, certainty: 'confirmed', ...how } as const
  const read = await store.objects.read(cluster.context, named('o'), options)
  if (read.kind !== 'found') throw new Error(`read: ${read.kind}`)
  return read.headers
}

await t.test('changes of different fields at the same moment all stay, whoever is away', async (t) => {
  const started = await start(t)
  const { cluster, proxies, holders } = started
  for (const [round, away] of holders.entries()) {
    cluster.stop(away, 'object')
    const value = `round=${round}`
    await Promise.all([
      changed(started, proxies[0], { [TAGS]: value }),
      changed(started, proxies[1], { [ACL]: value }),
      posted(started, proxies[2], value),
    ])
    cluster.restart(away)
    for (const absent of holders) {
      cluster.stop(absent, 'object')
      for (const store of proxies) {
        for (const newest of [false, true]) {
          const headers = await headOf(started, store, { newest })
          const all = { [TAGS]: value, [ACL]: value, [COLOUR]: value }
          t.match(headers, all, `round ${round}, ${absent.name} is away`)
        }
      }
      cluster.restart(absent)
    }
  }
})

await t.test('what each replica has of another field is shown together', async (t) => {
  const started = await start(t)
  const { cluster, proxies, holders } = started
  const [first, second, third] = holders as [MemoryDevice, MemoryDevice, MemoryDevice]
  cluster.stop(third, 'object')
  await changed(started, proxies[0], { [TAGS]: 'a=b' })
  cluster.restart(third)
  cluster.stop(first, 'object')
  await posted(started, proxies[1], 'blue')
  cluster.restart(first)
  cluster.stop(second, 'object')
  // The first has the tags, the third the colour, and nobody both.
  for (const store of proxies) {
    const headers = await headOf(started, store, { newest: false })
    t.match(headers, { [TAGS]: 'a=b', [COLOUR]: 'blue' })
    const read = await store.objects.read(cluster.context, named('o'), {
      method: 'GET',
      conditions: {},
      newest: true,
    })
    t.match(read, { kind: 'found', headers: { [TAGS]: 'a=b', [COLOUR]: 'blue', 'content-length': '4' } })
  }
})

await t.test('a fact changes neither the time of the object nor its other metadata', async (t) => {
  const started = await start(t)
  const [store] = started.proxies
  const before = await headOf(started, store, { newest: true })
  await changed(started, store, { [ACL]: 'x' })
  const after = await headOf(started, store, { newest: true })
  t.match(after, { [TAGS]: 'put=1', [ACL]: 'x', [COLOUR]: 'none' })
  t.equal(after['x-timestamp'], before['x-timestamp'])
  t.equal(after['last-modified'], before['last-modified'])
  await changed(started, store, { [TAGS]: '' })
  t.equal((await headOf(started, store, { newest: true }))[TAGS], undefined)
  await posted(started, store, 'blue')
  const posting = await headOf(started, store, { newest: true })
  t.match(posting, { [ACL]: 'x', [COLOUR]: 'blue' })
  t.not(posting['x-timestamp'], before['x-timestamp'])
  await put(started.cluster, 'o', 'again', {})
  const fresh = await headOf(started, store, { newest: true })
  t.same([fresh[ACL], fresh[TAGS], fresh[COLOUR]], [undefined, undefined, undefined])
})
