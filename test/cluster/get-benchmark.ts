/**
 * What a GET of 4 KiB costs from the store down, in one process: `node test/cluster/get-benchmark.ts`. Three figures:
 * with the real object server behind a local transport, with a handler that answers at once (the cost of store,
 * cluster and transport alone), and that handler called directly.
 */
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { LocalTransport } from '#http/local-transport.ts'
import { bufferBody, EMPTY_BODY, type Handler } from '#http/message.ts'
import type { ObjectName } from '#store/operation.ts'
import { MemoryCluster } from './memory-cluster.ts'

const OBJECTS = 1000
const WARM_UP = 20_000
const GETS = 100_000
const BODY = Buffer.alloc(4096, 'x')

let local: LocalTransport | undefined
const cluster = await MemoryCluster.start({
  transport: (network) =>
    (local = new LocalTransport({ inner: network, clock: realClock, log: silentLogger })),
  isLocal: () => true,
})
for (const device of cluster.devices) {
  for (const kind of ['account', 'container', 'object'] as const) {
    local?.register({ host: device.host, port: device.ports[kind] }, device.handlers[kind])
  }
}
const { store, context } = cluster
const container = { account: 'AUTH_bench', container: 'c' }
await store.containers.put(context, container, { changes: {}, policyIndex: undefined })
const names: ObjectName[] = Array.from({ length: OBJECTS }, (_, at) => ({
  ...container,
  object: `object-${at}`,
}))
for (const name of names) {
  await store.objects.put(context, name, {
    body: bufferBody(BODY),
    contentType: 'application/octet-stream',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: BODY.length,
  })
}

const signal = new AbortController().signal
const requestContext = { ...context, signal }

async function get(at: number): Promise<void> {
  const name = names[at % OBJECTS] as ObjectName
  const read = await store.objects.read(requestContext, name, {
    method: 'GET',
    conditions: {},
    newest: false,
  })
  if (read.kind !== 'found' || !Buffer.isBuffer(read.body)) throw new Error(`GET: ${read.kind}`)
}

async function measure(label: string, once: (at: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < WARM_UP; at += 1) await once(at)
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  for (let at = 0; at < GETS; at += 1) await once(at)
  const cpu = process.cpuUsage(startedCpu)
  const microseconds = ((performance.now() - startedMs) * 1000) / GETS
  const processor = (cpu.user + cpu.system) / GETS
  console.log(`${label}: ${microseconds.toFixed(1)} µs, processor ${processor.toFixed(1)} µs`)
}

const headers = {
  'content-length': '4096',
  'content-type': 'application/octet-stream',
  etag: '"0123456789abcdef0123456789abcdef"',
  'x-timestamp': '1700000000.00000',
  'x-backend-timestamp': '1700000000.00000',
  'x-backend-data-timestamp': '1700000000.00000',
  'x-backend-durable-timestamp': '1700000000.00000',
  'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
  'x-backend-martlet-capabilities': 'replica-state,index-probe',
  'x-backend-martlet-replica-state': 'synced',
}
const instant: Handler = async () => ({ status: 200, headers, body: BODY })

await measure('store, local transport, object server', get)
for (const device of cluster.devices)
  local?.register({ host: device.host, port: device.ports.object }, instant)
await measure('store, local transport, instant handler', get)
await measure('instant handler alone', async () => {
  await instant({
    method: 'GET',
    path: '/d1/1/a/c/o',
    query: '',
    headers: {},
    body: EMPTY_BODY,
    signal,
    remoteAddress: '',
    secure: false,
  })
})
await cluster.close()
