/**
 * Container sync from a cluster in memory to a proxy in memory: what changes here comes to be there, at the same time, in
 * whatever order and however often things fail.
 */
import t, { type Test } from 'tap'
import { parseRealms } from '#auth/container-sync/realms.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import type { Turn } from '#container-server/follow-changes.ts'
import { RemoteContainer } from '#container-sync/remote-container.ts'
import { StoreRowSender } from '#container-sync/row-sender.ts'
import { createSyncWorker } from '#container-sync/sync-worker.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import type { Request } from '#http/message.ts'
import { type Received, send, type TestProxy, testProxy, tokenFor } from '#proxy/testing/test-proxy.ts'
import type { Store } from '#store/contract.ts'
import { symlinks } from '#store/symlinks/symlinks.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { CONTAINER, named, pattern, put, streamed } from './actions.ts'
import { asDeath, DyingProcess } from './dying-store.ts'
import { MemoryCluster, type MemoryDevice } from './memory-cluster.ts'

const REALMS = parseRealms('[realm]\nkey = realmkey\ncluster_there = http://there:8080/v1/\n')
const THERE = { host: 'there', port: 8080 } as const
const LARGE = pattern(300_000)

interface Pair {
  readonly cluster: MemoryCluster
  readonly store: Store
  readonly context: MemoryCluster['context']
  readonly network: MemoryTransport
  /** Requests that reached the other cluster. */
  readonly asked: string[]
  readonly workers: readonly Worker[]
  there(path: string, method?: string): Promise<Received>
}

async function startPair(t: Test): Promise<Pair> {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const proxy = testProxy({}, { syncRealms: { realms: () => REALMS, current: undefined } })
  const token = await tokenFor(proxy.handler, 'test:tester', 'testing')
  const network = new MemoryTransport({ clock: realClock, log: silentLogger })
  const asked: string[] = []
  network.register(THERE, (request: Request) => {
    asked.push(`${request.method} ${request.path}`)
    return proxy.handler(request)
  })
  const store = symlinks(cluster.store)
  const { context } = cluster
  await makeBoth(cluster, proxy, token)
  const workers = cluster.devices.map((device) => workerOf(cluster, device, network, store))
  const headers = { 'X-Auth-Token': token }
  const there = (path: string, method = 'GET'): Promise<Received> =>
    send(proxy.handler, {
      method,
      target: `/v1/AUTH_test/c${path}`,
      headers,
      ...(method === 'PUT' ? { body: 'written there' } : {}),
    })
  return { cluster, store, context, network, asked, workers, there }
}

async function makeBoth({ store, context }: MemoryCluster, proxy: TestProxy, token: string): Promise<void> {
  const changes = { 'x-container-sync-to': '//realm/there/AUTH_test/c', 'x-container-sync-key': 'userkey' }
  await store.containers.put(context, CONTAINER, { changes, policyIndex: undefined })
  const headers = { 'X-Auth-Token': token, 'X-Container-Sync-Key': 'userkey' }
  await send(proxy.handler, { method: 'PUT', target: '/v1/AUTH_test/c', headers })
}

function workerOf(
  cluster: MemoryCluster,
  device: MemoryDevice,
  network: MemoryTransport,
  store: Store,
  index: MemoryDevice['containers'] = device.containers,
): Worker {
  const { primaries } = cluster.parts.containerPlacement(CONTAINER.account, CONTAINER.container)
  const place = primaries.findIndex(({ port }) => port === device.ports.container)
  const turn: Turn | undefined = place < 0 ? undefined : { place, primaries: primaries.length }
  const options = {
    clock: realClock,
    random: new SeededRandom(place + 10),
    transport: () => network,
    connectTimeoutMs: 1_000,
    responseTimeoutMs: 10_000,
  }
  return createSyncWorker({
    clock: realClock,
    log: silentLogger,
    index,
    realms: () => REALMS,
    turn: () => turn,
    remote: (target, userKey) => new RemoteContainer(options, target, userKey),
    sender: new StoreRowSender(store.objects, cluster.context),
    pauseMs: 1,
    containerMs: 60_000,
  })
}

/** One pass of every device. */
async function pass({ workers }: Pair): Promise<readonly PassReport[]> {
  const reports: PassReport[] = []
  for (const worker of workers) {
    reports.push(await worker.runOnce({ pace: 'full', signal: new AbortController().signal }))
  }
  return reports
}

await t.test('objects, their metadata and their deletions come to be there, at their times', async (t) => {
  const pair = await startPair(t)
  const metadata = { 'x-object-meta-colour': 'blue', 'content-encoding': 'gzip', 'x-object-sysmeta-own': 'x' }
  const receipt = await put(pair, 'o', 'body', { metadata })
  await put(pair, 'large', streamed(LARGE))
  await put(pair, 'n\u00e4me/with slash', '')
  t.ok((await pass(pair)).every(({ ended }) => ended === 'complete'))
  const read = await pair.there('/o')
  t.match(read, {
    status: 200,
    body: 'body',
    headers: { 'x-object-meta-colour': 'blue', 'content-encoding': 'gzip' },
  })
  t.equal(read.headers['x-timestamp'], receipt.kind === 'created' ? receipt.timestamp : '')
  t.equal((await pair.there('/large', 'HEAD')).headers['content-length'], String(LARGE.length))
  t.equal((await pair.there('/n%C3%A4me/with%20slash')).status, 200)
  await pair.store.objects.post(pair.context, named('o'), {
    metadata: { 'x-object-meta-colour': 'red' },
    contentType: undefined,
  })
  await pair.store.objects.delete(pair.context, named('large'), {})
  await pass(pair)
  t.equal((await pair.there('/o')).headers['x-object-meta-colour'], 'red')
  t.equal((await pair.there('/large')).status, 404)
})

await t.test('a link stays a link', async (t) => {
  const pair = await startPair(t)
  await put(pair, 'target', 'at the end')
  await put(pair, 'link', '', {
    link: { target: { container: 'c', object: 'target' }, contentType: 'given' },
  })
  await pass(pair)
  t.equal((await pair.there('/link')).body, 'at the end')
  t.equal((await pair.there('/link?symlink=get', 'HEAD')).headers['x-symlink-target'], 'c/target')
})

await t.test('what failed is sent later, and one bad object holds up no other', async (t) => {
  const pair = await startPair(t)
  for (let at = 0; at < 12; at += 1) await put(pair, `o${at}`, `body ${at}`)
  pair.network.inject(() => ({ kind: 'refuse' }))
  t.ok((await pass(pair)).some(({ waiting }) => (waiting['objects'] ?? 0) > 0))
  pair.network.inject((_target, request) =>
    request.path.endsWith('/o3') ? { kind: 'drop_answer' } : undefined,
  )
  await pass(pair)
  for (let at = 0; at < 12; at += 1) {
    if (at !== 3) t.equal((await pair.there(`/o${at}`)).body, `body ${at}`)
  }
  pair.network.inject(() => undefined)
  await pass(pair)
  t.equal((await pair.there('/o3')).body, 'body 3')
})

/** The index as a process has it that dies before it has stored so many points. */
function dyingAtPoint(index: MemoryDevice['containers'], point: number): MemoryDevice['containers'] {
  const dying = new DyingProcess(point)
  return new Proxy(index, {
    get(target, property) {
      if (property === 'setSyncPoint')
        return (...given: Parameters<typeof target.setSyncPoint>) =>
          dying.step(() => target.setSyncPoint(...given))
      const value: unknown = Reflect.get(target, property)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

await t.test(
  'killed between sending a row and storing the point, it sends again and changes nothing',
  async (t) => {
    for (let point = 1; point <= 3; point += 1) {
      const pair = await startPair(t)
      for (let at = 0; at < 6; at += 1) await put(pair, `o${at}`, `body ${at}`)
      for (const device of pair.cluster.devices) {
        const index = dyingAtPoint(device.containers, point)
        const worker = workerOf(pair.cluster, device, pair.network, pair.store, index)
        await worker.runOnce({ pace: 'full', signal: new AbortController().signal }).catch(asDeath)
      }
      t.ok(
        pair.asked.some((line) => line.startsWith('PUT')),
        `point ${point}: it had sent`,
      )
      // Between two lives of the process things change here and there.
      await pair.store.objects.delete(pair.context, named('o0'), {})
      await put(pair, 'o1', 'newer here')
      await pair.there('/o2', 'DELETE')
      await pair.there('/o2', 'PUT')
      await pass(pair)
      await pass(pair)
      t.equal((await pair.there('/o0')).status, 404, `point ${point}: a deletion`)
      t.equal((await pair.there('/o1')).body, 'newer here', `point ${point}: a newer object`)
      t.equal((await pair.there('/o2')).body, 'written there', `point ${point}: what is newer there`)
      for (let at = 3; at < 6; at += 1) t.equal((await pair.there(`/o${at}`)).body, `body ${at}`)
      const before = pair.asked.length
      await pass(pair)
      t.equal(pair.asked.slice(before).length, 0, `point ${point}: then it is over`)
    }
  },
)

await t.test('what is newer there stays', async (t) => {
  const pair = await startPair(t)
  await put(pair, 'o', 'older')
  await pair.there('/o', 'DELETE')
  await pair.there('/o', 'PUT')
  await pass(pair)
  t.equal((await pair.there('/o')).body, 'written there')
})

await t.test('when all is there, a pass says nothing to the other cluster', async (t) => {
  const pair = await startPair(t)
  await put(pair, 'o', 'body')
  await pass(pair)
  await pass(pair)
  const before = pair.asked.length
  await pass(pair)
  t.equal(pair.asked.length, before)
  t.equal(pair.asked.filter((line) => line.startsWith('PUT')).length, 1, 'nor was it sent twice')
})

await t.test('a container that names no key, or is deleted, is left alone', async (t) => {
  const pair = await startPair(t)
  await put(pair, 'o', 'body')
  await pair.store.containers.post(pair.context, CONTAINER, { 'x-container-sync-key': '' })
  await pass(pair)
  t.same(pair.asked, [])
})
