/** Quotas over a whole cluster in memory: many uploads at once, through one proxy and through several. */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bufferBody, type HeaderMap, type RequestBody } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import type { ObjectPutReceipt, Store } from '#store/contract.ts'
import type { CreatedStore } from '#store/create-store.ts'
import { type Desk, deskHandler, PeerDesks } from '#store/desk/peer-desks.ts'
import type { StoreFailure } from '#store/failure.ts'
import { quotaDeskOver, withFeatures } from '#store/features.ts'
import { MemoryCluster } from './memory-cluster.ts'

const ACCOUNT = { account: 'AUTH_test' }
const CONTAINER = { ...ACCOUNT, container: 'c' }
const LIMIT_BYTES = 1_000_000

type Outcome = ObjectPutReceipt | StoreFailure

async function clusterOf(t: Test, changes: HeaderMap): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const put = await cluster.store.containers.put(cluster.context, CONTAINER, {
    changes,
    policyIndex: undefined,
  })
  t.equal(put.kind, 'created')
  return cluster
}

function depsOf({ timestamps }: MemoryCluster, seed: number): Parameters<typeof withFeatures>[1] {
  return { environment: { clock: realClock, random: new SeededRandom(seed) }, timestamps }
}

/** A store like that of one more proxy process; all of them know each other. */
function proxyAt(
  cluster: MemoryCluster,
  core: CreatedStore,
  at: number,
  members: readonly Endpoint[],
): Store {
  const deps = depsOf(cluster, at)
  const own: Desk = quotaDeskOver(core, deps)
  const self = members[at] as Endpoint
  cluster.network.register(self, deskHandler(own))
  const desks = new PeerDesks({
    transport: cluster.network,
    clock: realClock,
    log: silentLogger,
    members: () => members,
    isSelf: (endpoint) => endpoint === self,
    own,
  })
  return withFeatures(core, { ...deps, desks })
}

async function proxies(cluster: MemoryCluster, count: number): Promise<readonly Store[]> {
  const members = Array.from({ length: count }, (_, at) => ({ host: '10.0.0.2', port: 6300 + at }))
  const stores: Store[] = []
  for (const at of members.keys()) stores.push(proxyAt(cluster, await cluster.anotherProxy(), at, members))
  return stores
}

function put(
  { context }: MemoryCluster,
  store: Store,
  object: string,
  body: Buffer | RequestBody,
): Promise<Outcome> {
  return putObject({ context, store }, object, body)
}

function putObject(
  { context, store }: Pick<MemoryCluster, 'context'> & { readonly store: Store },
  object: string,
  body: Buffer | RequestBody,
  container = 'c',
): Promise<Outcome> {
  return store.objects.put(
    context,
    { ...ACCOUNT, container, object },
    {
      body: Buffer.isBuffer(body) ? bufferBody(body) : body,
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: {},
      limitBytes: 2 ** 40,
    },
  )
}

/** A body whose length nobody knows beforehand. */
function flowing(bytes: number): RequestBody {
  return {
    lengthBytes: undefined,
    sendContinue: () => {},
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      for (let left = bytes; left > 0; left -= 50_000) yield Buffer.alloc(Math.min(left, 50_000))
    },
  }
}

async function used(cluster: MemoryCluster): Promise<{ readonly bytes: number; readonly count: number }> {
  const read = await cluster.store.containers.read(cluster.context, CONTAINER, { newest: true })
  if (read.kind !== 'found') throw new Error(read.kind)
  return { bytes: read.info.bytesUsed, count: read.info.objectCount }
}

function counted(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

t.test(
  'many uploads at once, through several proxies, fill a container to its quota and no further',
  async (t) => {
    const cluster = await clusterOf(t, { 'x-container-meta-quota-bytes': String(LIMIT_BYTES) })
    const stores = await proxies(cluster, 3)
    const uploads = Array.from({ length: 30 }, (_, at) =>
      put(cluster, stores[at % 3] as Store, `o${at}`, Buffer.alloc(100_000)),
    )
    t.same(counted(await Promise.all(uploads)), { created: 10, over_quota: 20 })
    t.same(await used(cluster), { bytes: LIMIT_BYTES, count: 10 })
    const [store] = stores as [Store]
    await store.objects.delete(cluster.context, { ...CONTAINER, object: await firstObject(cluster) }, {})
    await new Promise((resolve) => setTimeout(resolve, 150))
    t.equal((await put(cluster, store, 'again', Buffer.alloc(100_000))).kind, 'created')
  },
)

async function firstObject(cluster: MemoryCluster): Promise<string> {
  const listing = { limit: 1, reverse: false }
  const read = await cluster.store.containers.read(cluster.context, CONTAINER, { listing })
  const [entry] = read.kind === 'found' ? (read.page?.entries() ?? []) : []
  return entry?.kind === 'object' ? entry.name : ''
}

t.test('the number of objects has a quota of its own', async (t) => {
  const cluster = await clusterOf(t, { 'x-container-meta-quota-count': '7' })
  const stores = await proxies(cluster, 2)
  const uploads = Array.from({ length: 20 }, (_, at) =>
    put(cluster, stores[at % 2] as Store, `o${at}`, Buffer.from('x')),
  )
  t.same(counted(await Promise.all(uploads)), { created: 7, over_quota: 13 })
  t.same(await used(cluster), { bytes: 7, count: 7 })
})

t.test('uploads of unknown length end where the room ends', async (t) => {
  const cluster = await clusterOf(t, { 'x-container-meta-quota-bytes': String(LIMIT_BYTES) })
  const [store] = (await proxies(cluster, 1)) as [Store]
  const outcomes = await Promise.all(
    [1, 2, 3, 4].map((at) => put(cluster, store, `o${at}`, flowing(600_000))),
  )
  t.equal(counted(outcomes)['created'] ?? 0, 1)
  t.ok((await used(cluster)).bytes <= LIMIT_BYTES)
  t.equal((await put(cluster, store, 'small', flowing(400_000))).kind, 'created')
  t.same(await put(cluster, store, 'more', flowing(1)), { kind: 'over_quota', scope: 'container' })
})

t.test('a desk that dies is followed by the next one', async (t) => {
  const cluster = await clusterOf(t, { 'x-container-meta-quota-bytes': '100' })
  const [first, second] = (await proxies(cluster, 2)) as [Store, Store]
  t.equal((await put(cluster, first, 'a', Buffer.alloc(60))).kind, 'created')
  cluster.network.unregister({ host: '10.0.0.2', port: 6300 })
  cluster.network.unregister({ host: '10.0.0.2', port: 6301 })
  for (const store of [first, second]) {
    t.equal((await put(cluster, store, 'b', Buffer.alloc(60))).kind, 'over_quota')
  }
})

t.test(
  'an account’s quotas hold over its containers, before they have reported, and not for resellers',
  async (t) => {
    const cluster = await clusterOf(t, {})
    const { context, store: core } = cluster
    await core.containers.put(
      context,
      { ...ACCOUNT, container: 'd' },
      { changes: {}, policyIndex: undefined },
    )
    await core.accounts.post(context, ACCOUNT, { 'x-account-meta-quota-bytes': '1000' })
    const stores = await proxies(cluster, 2)
    const uploads = Array.from({ length: 20 }, (_, at) => {
      const store = stores[at % 2] as Store
      return putObject({ context, store }, `o${at}`, Buffer.alloc(100), at % 4 < 2 ? 'c' : 'd')
    })
    t.same(counted(await Promise.all(uploads)), { created: 10, over_quota: 10 })
    const [store] = stores as [Store]
    await new Promise((resolve) => setTimeout(resolve, 150))
    t.same(await put(cluster, store, 'late', Buffer.alloc(1)), {
      kind: 'over_quota',
      scope: 'account',
    })
    const reseller = { ...context, accountQuotas: 'waived' as const }
    t.equal((await putObject({ context: reseller, store }, 'r', Buffer.alloc(9))).kind, 'created')
  },
)
