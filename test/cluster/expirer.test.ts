/** The expirers of a cluster in memory: what is due goes, what has another time stays, and the work is shared. */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { newInfo } from '#db/info.ts'
import { type ObjectRow, putRow } from '#db/object-row.ts'
import { createExpirer, type ExpirerOptions } from '#expirer/expirer.ts'
import { StoreQueue } from '#expirer/queue.ts'
import { StoreRemover } from '#expirer/remover.ts'
import type { Task } from '#expirer/task.ts'
import { bufferBody } from '#http/message.ts'
import type { ListedObject, ListedSubdir } from '#store/contract.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const ACCOUNT = 'AUTH_test'
const CONTAINER = 'c'
const QUEUE = '.expiring_objects'

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

function expirerOf(
  cluster: MemoryCluster,
  device: MemoryDevice,
  options: Partial<ExpirerOptions> = {},
): Worker {
  const { parts, store } = cluster
  const clock = options.clock ?? realClock
  return createExpirer({
    clock,
    log: silentLogger,
    foreground: new Foreground(clock),
    queue: new StoreQueue({
      clock,
      log: silentLogger,
      parts,
      store,
      index: device.containers,
      isSelf: (node) => node.device === device.name,
    }),
    remover: new StoreRemover({ parts, containers: store.containers, log: silentLogger }),
    concurrency: 4,
    intervalMs: 1000,
    ...options,
  })
}

/** One pass of the expirers of these devices, at once. */
async function pass(
  cluster: MemoryCluster,
  devices = cluster.devices,
  options: Partial<ExpirerOptions> = {},
): Promise<readonly PassReport[]> {
  for (const device of cluster.devices) {
    await device.objects.deliverPending()
    await device.reportContainers()
  }
  const how = { pace: 'full', signal: new AbortController().signal } as const
  return Promise.all(devices.map((device) => expirerOf(cluster, device, options).runOnce(how)))
}

function sum(reports: readonly PassReport[], part: 'found' | 'repaired' | 'waiting', figure: string): number {
  return reports.reduce((total, report) => total + (report[part][figure] ?? 0), 0)
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

/** Live rows of the queue, on all replicas together. */
async function tasksLeft(cluster: MemoryCluster): Promise<number> {
  let count = 0
  const names = await cluster.store.accounts.read(
    cluster.context,
    { account: QUEUE },
    { listing: { limit: 1000, reverse: false } },
  )
  const containers = names.kind === 'found' ? (names.page?.entries() ?? []) : []
  for (const entry of containers) {
    if (entry.kind !== 'container') continue
    for (const device of cluster.devices) {
      const query = { limit: 100_000, direction: 'forward', reservedNames: 'shown' } as const
      count += (await device.containers.list({ account: QUEUE, container: entry.name }, 0, query)).length
    }
  }
  return count
}

async function untilExpired(deleteAt: number): Promise<void> {
  while (realClock.wallMs() < deleteAt * 1000 + 20) await realClock.sleep(20)
}

t.test('what is due is gone for clients at once, and soon for good; the rest stays', async (t) => {
  const cluster = await started(t)
  const soon = Math.floor(realClock.wallMs() / 1000) + 2
  const names = Array.from({ length: 40 }, (_, at) => `o${at}`)
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
  const soon = Math.floor(realClock.wallMs() / 1000) + 2
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
    const soon = Math.floor(realClock.wallMs() / 1000) + 2
    const names = Array.from({ length: 30 }, (_, at) => `o${at}`)
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

t.test('twenty thousand tasks due in the same second drain in pages, shared by all devices', async (t) => {
  const cluster = await started(t)
  const due = 1_700_000_000
  const count = 20_000
  const containers = Array.from({ length: 20 }, (_, at) => String(due - 86_400 - at))
  const name = (at: number): string => `${due}-${ACCOUNT}/${CONTAINER}/o${at}`
  for (const [shard, container] of containers.entries()) {
    const rows: ObjectRow[] = []
    for (let at = shard; at < count; at += containers.length) {
      rows.push(
        putRow({
          name: name(at),
          policyIndex: 0,
          timestamp: second(due - 10),
          sizeBytes: 0,
          etag: '',
          contentType: 'text/plain',
        }),
      )
    }
    const owner = { account: QUEUE, container }
    const { primaries } = cluster.parts.containerPlacement(QUEUE, container)
    for (const node of primaries) {
      await cluster.deviceAt(node.port).containers.apply(owner, rows, () => ({
        result: undefined,
        info: newInfo(owner, second(due - 10), 0),
        rows: 'merge',
      }))
    }
  }
  const done = new Map<string, number>()
  let underWay = 0
  let most = 0
  const remover = {
    remove: async (task: Task) => {
      underWay += 1
      most = Math.max(most, underWay)
      await Promise.resolve()
      done.set(task.row, (done.get(task.row) ?? 0) + 1)
      underWay -= 1
      return 'deleted' as const
    },
  }
  const reports = await pass(cluster, cluster.devices, { remover, clock: clockAt(due + 5) })
  t.equal(done.size, count)
  t.ok(
    [...done.values()].every((times) => times === 1),
    'each once',
  )
  t.ok(most <= 16, `${most} at a time`)
  t.equal(await tasksLeft(cluster), 0)
  const shares = reports.map(({ repaired }) => repaired['deleted'] ?? 0)
  t.ok(
    shares.every((share) => share > count / 10),
    `shares ${shares.join(', ')}`,
  )
})

function second(seconds: number): Timestamp {
  return parseTimestamp(String(seconds)) as Timestamp
}

/** The real clock at another time of the wall. */
function clockAt(seconds: number): typeof realClock {
  const offsetMs = seconds * 1000 - realClock.wallMs()
  return {
    wallMs: () => realClock.wallMs() + offsetMs,
    monotonicMs: () => realClock.monotonicMs(),
    setTimer: (delayMs, callback) => realClock.setTimer(delayMs, callback),
    sleep: (delayMs, signal) => realClock.sleep(delayMs, signal),
  }
}
