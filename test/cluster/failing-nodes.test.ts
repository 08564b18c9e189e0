/** A cluster of four devices and three replicas goes on while devices fail, and says so when it cannot. */
import { hash } from 'node:crypto'
import t, { type Test } from 'tap'
import { headerOf } from '#http/message.ts'
import { TransportError } from '#http/transport.ts'
import { CONTAINER, get, list, makeContainer, named, pattern, put, streamed } from './actions.ts'
import { MemoryCluster, type MemoryClusterOptions, type MemoryDevice } from './memory-cluster.ts'

async function start(t: Test, options: MemoryClusterOptions = {}): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start(options)
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

function primariesOf(cluster: MemoryCluster, object: string): readonly MemoryDevice[] {
  const placement = cluster.parts.objectPlacement(0, named(object))
  return (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
}

async function probe(device: MemoryDevice, object: string): Promise<string | undefined> {
  const engine = new Map(device.objects.device.engines).get(0)
  return (await engine?.probe(`/AUTH_test/c/${object}`))?.kind
}

t.test('with any one device gone everything goes on, and comes back with it', async (t) => {
  const cluster = await start(t)
  for (const device of cluster.devices) {
    const name = `written without ${device.name}`
    t.match(await put(cluster, `before ${device.name}`, 'old'), { kind: 'created' })
    cluster.stop(device)
    t.match(await put(cluster, name, 'new'), { kind: 'created' })
    t.equal(String((await get(cluster, name)).bytes), 'new')
    t.equal(String((await get(cluster, `before ${device.name}`)).bytes), 'old')
    t.equal((await get(cluster, 'never')).kind, 'no_such_object')
    const { names } = await list(cluster)
    t.ok(names.includes(name), `${name} is listed`)
    t.match(await cluster.store.objects.delete(cluster.context, named(`before ${device.name}`), {}), {
      kind: 'deleted',
    })
    t.equal((await get(cluster, `before ${device.name}`)).kind, 'no_such_object')
    cluster.restart(device)
    t.equal(String((await get(cluster, name)).bytes), 'new')
    t.equal((await get(cluster, `before ${device.name}`, { newest: true })).kind, 'no_such_object')
  }
})

t.test('with three devices, one of them gone, what was written is listed at once', async (t) => {
  const cluster = await start(t, { devices: 3 })
  for (const device of cluster.devices) {
    cluster.stop(device)
    for (let at = 0; at < 20; at += 1) {
      const name = `${at} without ${device.name}`
      t.match(await put(cluster, name, 'new'), { kind: 'created', listingPending: false }, name)
      t.match(
        await cluster.store.objects.delete(cluster.context, named(name), {}),
        { kind: 'deleted', listingPending: false },
        name,
      )
    }
    t.same((await list(cluster)).names, [])
    cluster.restart(device)
  }
})

t.test('with two of three replicas gone an absence cannot be proven, a copy still be read', async (t) => {
  const cluster = await start(t)
  await put(cluster, 'o', 'here')
  const [first, second] = primariesOf(cluster, 'o') as [MemoryDevice, MemoryDevice]
  cluster.stop(first, 'object')
  cluster.stop(second, 'object')
  t.equal(String((await get(cluster, 'o')).bytes), 'here')
  let unavailable = 0
  for (let at = 0; at < 20; at += 1) {
    const { kind } = await get(cluster, `never ${at}`)
    t.ok(kind === 'unavailable' || kind === 'no_such_object', kind)
    if (kind === 'unavailable') unavailable += 1
  }
  t.ok(unavailable > 0, 'where two primaries are among the dead, nobody knows')
})

t.test('large bodies go to a handoff when a primary refuses, and arrive whole', async (t) => {
  const cluster = await start(t)
  const bytes = pattern(3_000_001)
  const [first] = primariesOf(cluster, 'big') as [MemoryDevice]
  cluster.stop(first, 'object')
  const etag = hash('md5', bytes)
  for (const lengthBytes of [bytes.length, undefined]) {
    const outcome = await put(cluster, 'big', streamed(bytes, lengthBytes))
    t.match(outcome, { kind: 'created', etag, sizeBytes: bytes.length, listingPending: false })
    t.ok((await get(cluster, 'big')).bytes.equals(bytes))
  }
  const copies = await Promise.all(
    cluster.devices.filter((device) => device !== first).map((device) => probe(device, 'big')),
  )
  t.same(copies, ['found', 'found', 'found'])
})

t.test('a body that does not have the expected MD5 leaves nothing behind', async (t) => {
  const cluster = await start(t)
  const expectedEtag = hash('md5', 'something else')
  t.match(await put(cluster, 'small', 'bytes', { expectedEtag }), { kind: 'etag_mismatch' })
  t.match(await put(cluster, 'big', streamed(pattern(200_000)), { expectedEtag }), { kind: 'etag_mismatch' })
  t.equal((await get(cluster, 'small')).kind, 'no_such_object')
  t.equal((await get(cluster, 'big')).kind, 'no_such_object')
  t.same((await list(cluster)).names, [])
})

t.test('a body that breaks off or is too long leaves nothing behind', async (t) => {
  const cluster = await start(t)
  t.match(await put(cluster, 'short', streamed(pattern(100_000), 200_000)), { kind: 'client_gone' })
  t.match(await put(cluster, 'long', streamed(pattern(300_000)), { limitBytes: 200_000 }), {
    kind: 'too_large',
  })
  t.match(await put(cluster, 'told', streamed(pattern(300_000), 300_000), { limitBytes: 200_000 }), {
    kind: 'too_large',
  })
  for (const name of ['short', 'long', 'told']) t.equal((await get(cluster, name)).kind, 'no_such_object')
})

t.test('a read whose replica dies in mid-body goes on from another', async (t) => {
  const bytes = pattern(2_500_000)
  for (const range of [undefined, 'bytes=100000-2400000', 'bytes=0-99999,1200000-1399999,2000000-2499999']) {
    const cluster = await start(t)
    await put(cluster, 'big', streamed(bytes))
    const whole = await get(cluster, 'big', { conditions: { range } })
    const asked: number[] = []
    cluster.network.inject(({ port }, { method, path }) => {
      if (method !== 'GET' || !path.endsWith('/big')) return undefined
      asked.push(port)
      return asked.length === 1 ? { kind: 'drop_body', afterBytes: 150_000 } : undefined
    })
    const broken = await get(cluster, 'big', { conditions: { range } })
    t.equal(new Set(asked).size, 2, 'two replicas were asked')
    t.equal(withoutBoundary(broken.bytes, broken.headers), withoutBoundary(whole.bytes, whole.headers))
  }
})

function withoutBoundary(bytes: Buffer, headers: Readonly<Record<string, string | undefined>>): string {
  const boundary = /boundary=(\w+)/.exec(headers['content-type'] ?? '')?.[1]
  const text = bytes.toString('latin1')
  return hash('md5', boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'))
}

t.test('a body that breaks at one byte everywhere is an error, never a short body', async (t) => {
  const cluster = await start(t)
  await put(cluster, 'big', streamed(pattern(1_000_000)))
  let reads = 0
  cluster.network.inject((_, { method }) => {
    if (method !== 'GET') return undefined
    reads += 1
    return { kind: 'drop_body', afterBytes: reads === 1 ? 1000 : 0 }
  })
  await t.rejects(get(cluster, 'big'), TransportError)
})

t.test('a device that is full or silent is replaced by a handoff', async (t) => {
  const cluster = await start(t, { nodeTimeoutMs: 300 })
  const [first, second] = primariesOf(cluster, 'o') as [MemoryDevice, MemoryDevice]
  first.disk.setSpace('full')
  cluster.network.inject(({ port }) => (port === second.ports.object ? { kind: 'hang' } : undefined))
  t.match(await put(cluster, 'o', 'small'), { kind: 'created' })
  t.match(await put(cluster, 'o', streamed(pattern(300_000))), { kind: 'created', sizeBytes: 300_000 })
  t.equal((await get(cluster, 'o')).bytes.length, 300_000)
})

t.test('listings are complete while writes go on, and say when they may not be', async (t) => {
  const cluster = await start(t)
  const [first, second] = cluster.parts.containerPlacement(CONTAINER.account, CONTAINER.container).primaries
  t.match(await put(cluster, 'a', '1'), { kind: 'created', listingPending: false })
  t.same(await list(cluster), { names: ['a'], consistency: 'complete' })
  cluster.stop(cluster.deviceAt(first?.port ?? 0), 'container')
  t.match(await put(cluster, 'b', '1'), { kind: 'created', listingPending: false })
  t.same(await list(cluster), { names: ['a', 'b'], consistency: 'complete' })
  cluster.stop(cluster.deviceAt(second?.port ?? 0), 'container')
  t.match(await put(cluster, 'c', '1'), { kind: 'created', listingPending: true })
  t.match(await list(cluster), { consistency: 'eventual' })
  t.match(await cluster.store.objects.delete(cluster.context, named('a'), {}), {
    kind: 'deleted',
    listingPending: true,
  })
  for (const device of cluster.devices) cluster.restart(device)
  for (const device of cluster.devices) await device.objects.deliverPending()
  t.same(await list(cluster), { names: ['b', 'c'], consistency: 'complete' })
})

t.test('a joining replica is read when nobody better answers, and proves nothing', async (t) => {
  const cluster = await start(t)
  await put(cluster, 'o', 'here')
  const [first, second, third] = primariesOf(cluster, 'o') as [MemoryDevice, MemoryDevice, MemoryDevice]
  await first.objects.device.replicaStates(0)?.setAll('joining')
  t.equal(String((await get(cluster, 'o')).bytes), 'here')
  cluster.stop(second, 'object')
  cluster.stop(third, 'object')
  t.equal(String((await get(cluster, 'o')).bytes), 'here')
  cluster.restart(second)
  const placement = cluster.parts.objectPlacement(0, named('o'))
  for (let at = 0; at < 30; at += 1) {
    const other = cluster.parts.objectPlacement(0, named(`x${at}`))
    if (other?.partition !== placement?.partition) continue
    t.equal((await get(cluster, `x${at}`)).kind, 'unavailable', 'one vote of three is no majority')
  }
})

t.test('a container with the wrong word of its replica is not taken for absent', async (t) => {
  const cluster = await start(t)
  const { primaries } = cluster.parts.containerPlacement(CONTAINER.account, CONTAINER.container)
  for (const node of primaries.slice(0, 2)) cluster.stop(cluster.deviceAt(node.port), 'container')
  const proxy = await cluster.anotherProxy()
  t.match(await proxy.containers.info(cluster.context, CONTAINER), { policyIndex: 0 })
  t.equal(await proxy.containers.info(cluster.context, { ...CONTAINER, container: 'other' }), undefined)
})

t.test('what a node answers is passed on with the headers of the object', async (t) => {
  const cluster = await start(t)
  await put(cluster, 'o', '0123456789', { metadata: { 'x-object-meta-colour': 'red' } })
  const { headers, kind } = await get(cluster, 'o', { conditions: { range: 'bytes=2-4' } })
  t.equal(kind, 'found')
  t.match(headers, { 'content-range': 'bytes 2-4/10', 'x-object-meta-colour': 'red', 'content-length': '3' })
  t.equal(
    headerOf({ status: 200, headers, body: undefined }, 'etag')?.includes('781e5e245d69b566979b86e28d23f2c7'),
    true,
  )
  t.equal((await get(cluster, 'o', { conditions: { range: 'bytes=20-' } })).kind, 'range_unsatisfiable')
  t.equal((await get(cluster, 'o', { conditions: { 'if-match': '"x"' } })).kind, 'precondition_failed')
  t.equal((await get(cluster, 'o', { conditions: { 'if-none-match': '*' } })).kind, 'not_modified')
  t.equal((await get(cluster, 'none', { conditions: { 'if-match': '*' } })).kind, 'precondition_failed')
  t.equal((await get(cluster, 'none', { conditions: { 'if-match': '"x"' } })).kind, 'no_such_object')
})
