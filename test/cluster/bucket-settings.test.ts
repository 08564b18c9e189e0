/**
 * Settings of buckets on real storage servers: no change is lost between two proxies, each sees what the other made, and a
 * proxy that dies before any step of a change or of a deletion leaves nothing that a later bucket of that name would inherit.
 */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { BucketDocuments } from '#store/bucket-settings/documents.ts'
import { bucketSettingsLayer } from '#store/bucket-settings/settings-layer.ts'
import type { Store } from '#store/contract.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { CONTAINER, makeContainer } from './actions.ts'
import { DIED, dyingAt } from './dying-store.ts'
import { MemoryCluster } from './memory-cluster.ts'

interface Proxy {
  readonly store: Store
  readonly settings: BucketSettings
}

function proxyOver(store: Store): Proxy {
  const records = new ClusterRecords({ store, clock: realClock }).of(BUCKET_SETTINGS)
  const settings = new BucketSettings(store.containers, records)
  return { store: bucketSettingsLayer(settings)(store), settings }
}

async function start(t: Test, options: { readonly devices: number; readonly replicas: number }) {
  const cluster = await MemoryCluster.start(options)
  t.teardown(() => cluster.close())
  const { context } = cluster
  const set = ({ settings }: Proxy, change: BucketDocuments) =>
    settings.change(context, CONTAINER, (there) => ({
      kind: 'documents',
      documents: { ...there, ...change },
    }))
  const documents = async ({ settings }: Proxy) => {
    const read = await settings.of(context, CONTAINER)
    return read.kind === 'settings' ? read.documents : read
  }
  return { cluster, set, documents }
}

const EACH_SUBRESOURCE: readonly BucketDocuments[] = [
  { policy: '{}' },
  { accelerate: 'Enabled' },
  { tagging: [{ key: 'a', value: 'b' }] },
  { requestPayment: 'Requester' },
]

await t.test('changes that two proxies make at once are all there', async (t) => {
  const { cluster, set, documents } = await start(t, { devices: 4, replicas: 3 })
  await makeContainer(cluster)
  const one = proxyOver(cluster.store)
  const other = proxyOver(await cluster.anotherProxy())
  t.same(await documents(one), {}, 'nothing is set, and nothing is asked')
  const changed = await Promise.all(
    EACH_SUBRESOURCE.map((change, at) => set(at % 2 === 0 ? one : other, change)),
  )
  t.same(
    changed.map(({ kind }) => kind),
    EACH_SUBRESOURCE.map(() => 'changed'),
  )
  t.same(await documents(proxyOver(await cluster.anotherProxy())), Object.assign({}, ...EACH_SUBRESOURCE))
})

await t.test('a change that is refused changes nothing', async (t) => {
  const { cluster, documents } = await start(t, { devices: 1, replicas: 1 })
  await makeContainer(cluster)
  const proxy = proxyOver(cluster.store)
  const refused = await proxy.settings.change(cluster.context, CONTAINER, () => ({
    kind: 'refused',
    refusal: 'no',
  }))
  t.match(refused, { kind: 'refused', refusal: 'no' })
  t.same(await documents(proxy), {})
})

await t.test('a proxy dies while settings are changed, and while their bucket is deleted', async (t) => {
  const { cluster, set, documents } = await start(t, { devices: 1, replicas: 1 })
  const proxy = proxyOver(cluster.store)
  for (let step = 1, deaths = 2; deaths > 0; step += 1) {
    deaths = 0
    await makeContainer(cluster)
    const changed = await orDeath(set(proxyOver(dyingAt(cluster.store, step)), { accelerate: 'Enabled' }))
    deaths += changed === 'died' ? 1 : 0
    const seen = await documents(proxy)
    const isWhole = changed === 'died' ? Object.keys(seen).length <= 1 : 'accelerate' in seen
    t.ok(isWhole, `step ${step}: the change is made or not`)
    t.equal((await set(proxy, { policy: '{}' })).kind, 'changed', `step ${step}: another change can be made`)
    const dying = proxyOver(dyingAt(cluster.store, step)).store
    const deleted = await orDeath(dying.containers.delete(cluster.context, CONTAINER))
    deaths += deleted === 'died' ? 1 : 0
    await proxy.store.containers.delete(cluster.context, CONTAINER)
    await makeContainer(cluster)
    t.same(await documents(proxy), {}, `step ${step}: the next bucket of that name begins with nothing`)
    await set(proxy, { requestPayment: 'Requester' })
    t.same(await documents(proxy), { requestPayment: 'Requester' }, `step ${step}: and inherits nothing`)
    await proxy.store.containers.delete(cluster.context, CONTAINER)
  }
  const records = new ClusterRecords({ store: cluster.store, clock: realClock }).of(BUCKET_SETTINGS)
  t.match(await records.list(cluster.context), { kind: 'listed', records: [] }, 'no record is left')
})

await t.test('a record that outlived its bucket is nobody’s', async (t) => {
  const { cluster, set, documents } = await start(t, { devices: 1, replicas: 1 })
  await makeContainer(cluster)
  const proxy = proxyOver(cluster.store)
  await set(proxy, { policy: 'old' })
  await cluster.store.containers.delete(cluster.context, CONTAINER)
  await makeContainer(cluster)
  await set(proxy, { accelerate: 'Enabled' })
  t.same(await documents(proxy), { accelerate: 'Enabled' })
})

async function orDeath<Outcome>(work: Promise<Outcome>): Promise<Outcome | 'died'> {
  try {
    return await work
  } catch (error) {
    if (error !== DIED) throw error
    return 'died'
  }
}
