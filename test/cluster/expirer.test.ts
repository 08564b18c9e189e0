/** The expirers of a cluster in memory: what is due goes, what has another time stays, and the work is shared. */
import t, { type Test } from 'tap'
import { realClock } from '#base/real-clock.ts'
import { bufferBody } from '#http/message.ts'
import type { ListedObject, ListedSubdir } from '#store/listing.ts'
import { pass, sum, tasksLeft } from './expirers.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

/** On a busy machine most of the time is spent waiting for a turn. */
t.setTimeout(600_000)

const ACCOUNT = 'AUTH_test'
const CONTAINER = 'c'

async function started(t: Test): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  await cluster.store.containers.put(
    cluster.context,
    { account: ACCOUNT, container: CONTAINER },
    {
      changes: {},
      policyIndex: undefined,
    },
  )
  return cluster
}

async function put(cluster: MemoryCluster, object: string, deleteAt: number | undefined): Promise<void> {
  const outcome = await cluster.store.objects.put(
    cluster.context,
    { account: ACCOUNT, container: CONTAINER, object },
    {
      body: bufferBody(Buffer.from(object)),
      contentType: 'text/plain',
      expectedEtag: undefined,
      metadata: deleteAt === undefined ? {} : { 'x-delete-at': String(deleteAt) },
      limitBytes: 1000,
    },
  )
  if (outcome.kind !== 'created') throw new Error(outcome.kind)
}

async function listed(cluster: MemoryCluster): Promise<readonly string[]> {
  const read = await cluster.store.containers.read(
    cluster.context,
    { account: ACCOUNT, container: CONTAINER },
    { listing: { limit: 10_000, reverse: false } },
  )
  const entries: readonly (ListedObject | ListedSubdir)[] =
    read.kind === 'found' ? (read.page?.entries() ?? []) : []
  return entries.map((entry) => (entry.kind === 'object' ? entry.name : entry.prefix))
}

async function statusOf(
  cluster: MemoryCluster,
  object: string,
  { newest } = { newest: true },
): Promise<string> {
  const read = await cluster.store.objects.read(
    cluster.context,
    { account: ACCOUNT, container: CONTAINER, object },
    { method: 'HEAD', conditions: {}, newest },
  )
  return read.kind
}

/** Copies that are on disks, expired or not. */
async function copies(cluster: MemoryCluster, object: string): Promise<number> {
  let count = 0
  for (const device of cluster.devices) {
    const probe = await device.objects.device.engine(0)?.probe(`/${ACCOUNT}/${CONTAINER}/${object}`)
    if (probe?.kind === 'found') count += 1
  }
  return count
}

/**
 * A second by which so many objects are surely written, on a slow machine too: it is tried first, without expiry. Seconds
 * since the epoch.
 */
async function secondAfterPuts(cluster: MemoryCluster, names: readonly string[]): Promise<number> {
  const startedMs = realClock.wallMs()
  for (const name of names) await put(cluster, name, undefined)
  const nowMs = realClock.wallMs()
  return Math.ceil((nowMs + 4 * (nowMs - startedMs)) / 1000) + 2
}

async function untilExpired(deleteAt: number): Promise<void> {
  while (realClock.wallMs() < deleteAt * 1000 + 20) await realClock.sleep(20)
}

t.test('what is due is gone for clients at once, and soon for good; the rest stays', async (t) => {
  const cluster = await started(t)
  const names = Array.from({ length: 40 }, (_, at) => `o${at}`)
  const soon = await secondAfterPuts(cluster, [...names, 'kept', 'extended', 'freed', 'replaced'])
  for (const name of names) await put(cluster, name, soon)
  await put(cluster, 'kept', soon + 1000)
  await put(cluster, 'extended', soon)
  await put(cluster, 'freed', soon)
  await put(cluster, 'replaced', soon)
  const post = (object: string, metadata: Record<string, string>): Promise<unknown> =>
    cluster.store.objects.post(
      cluster.context,
      { account: ACCOUNT, container: CONTAINER, object },
      {
        metadata,
        contentType: undefined,
      },
    )
  await post('extended', { 'x-delete-at': String(soon + 1000) })
  await post('freed', {})
  await put(cluster, 'replaced', undefined)
  t.equal((await listed(cluster)).length, 44)
  await untilExpired(soon)

  t.same(await listed(cluster), ['extended', 'freed', 'kept', 'replaced'], 'before any expirer has run')
  t.equal(await statusOf(cluster, 'o0'), 'no_such_object')
  t.equal(await copies(cluster, 'o0'), 3)

  const reports = await pass(cluster)
  t.ok(reports.every(({ ended }) => ended === 'complete'))
  t.equal(sum(reports, 'repaired', 'deleted'), 40, JSON.stringify(reports))
  for (const name of names) t.equal(await copies(cluster, name), 0, name)
  for (const name of ['extended', 'freed', 'kept', 'replaced'])
    t.equal(await statusOf(cluster, name), 'found', name)
  t.same(await listed(cluster), ['extended', 'freed', 'kept', 'replaced'])
  const again = await pass(cluster)
  t.equal(sum(again, 'repaired', 'deleted'), 0)
  t.equal(await tasksLeft(cluster), 2 * 3, 'only the tasks of what is to come')
  const shares = reports.map(({ repaired }) => repaired['deleted'] ?? 0)
  t.ok(shares.filter((share) => share > 0).length >= 3, `the work is shared: ${shares.join(', ')}`)
})

t.test('a replica that missed the POST cannot bury what was extended', async (t) => {
  const cluster = await started(t)
  const soon = await secondAfterPuts(cluster, ['o'])
  await put(cluster, 'o', soon)
  const holders =
    cluster.parts.objectPlacement(0, { account: ACCOUNT, container: CONTAINER, object: 'o' })?.primaries ?? []
  const asleep = cluster.deviceAt(holders[0]?.port ?? 0)
  cluster.stop(asleep, 'object')
  await cluster.store.objects.post(
    cluster.context,
    { account: ACCOUNT, container: CONTAINER, object: 'o' },
    { metadata: { 'x-delete-at': String(soon + 1000) }, contentType: undefined },
  )
  await untilExpired(soon)
  cluster.restart(asleep)
  await realClock.sleep(50)
  const reports = await pass(cluster)
  t.equal(sum(reports, 'repaired', 'deleted'), 0)
  t.equal(await copies(cluster, 'o'), 3)
  for (let turn = 0; turn < 6; turn += 1) {
    t.equal(await statusOf(cluster, 'o', { newest: turn % 2 === 0 }), 'found', 'whoever is asked first')
  }
})

t.test(
  'with too few replicas nothing is decided; tasks of a device that is away fall to others',
  async (t) => {
    const cluster = await started(t)
    const names = Array.from({ length: 30 }, (_, at) => `o${at}`)
    const soon = await secondAfterPuts(cluster, names)
    for (const name of names) await put(cluster, name, soon)
    for (const device of cluster.devices) await device.reportContainers()
    await untilExpired(soon)
    const [gone, ...others] = cluster.devices as readonly [MemoryDevice, ...MemoryDevice[]]
    cluster.stop(gone)
    const reports = await pass(cluster, others)
    t.equal(sum(reports, 'repaired', 'deleted'), 30, JSON.stringify(reports))
    cluster.stop(others[0] as MemoryDevice, 'object')
    cluster.restart(gone)
    await realClock.sleep(50)
    const late = await pass(cluster)
    t.ok(late.every(({ ended }) => ended === 'complete'))
  },
)
