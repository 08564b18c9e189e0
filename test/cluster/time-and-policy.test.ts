/** Timestamps that collide, containers that change under a write, accounts that come and go, proxies that remember. */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { type Timestamp, ticksOf, timestampFromTicks } from '#base/timestamp.ts'
import { bufferBody } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import { expirerContainer } from '#store/expirer-container.ts'
import type { SharedCache } from '#store/info-cache.ts'
import { invalidationHandler, PeerInvalidations } from '#store/invalidations.ts'
import { CONTAINER, get, list, makeContainer, named, pattern, put, streamed } from './actions.ts'
import { MemoryCluster, type MemoryClusterOptions } from './memory-cluster.ts'

async function start(t: Test, options: MemoryClusterOptions = {}): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start(options)
  t.teardown(() => cluster.close())
  await makeContainer(cluster)
  return cluster
}

/** So many seconds from now. */
async function later(cluster: MemoryCluster, seconds: number): Promise<Timestamp> {
  return timestampFromTicks(ticksOf(await cluster.timestamps.next()) + seconds * 100_000)
}

t.test(
  'a write that something newer has overtaken gets a later timestamp, while its body is at hand',
  async (t) => {
    const cluster = await start(t)
    for (const [name, body] of [
      ['small', 'mine'],
      ['large', streamed(pattern(200_000))],
    ] as const) {
      const theirs = await later(cluster, 30)
      t.match(await put(cluster, name, 'theirs', { timestamp: theirs }), {
        kind: 'created',
        timestamp: theirs,
      })
      const mine = await put(cluster, name, body)
      t.match(mine, { kind: 'created' })
      if (mine.kind === 'created') t.ok(mine.timestamp > theirs)
      t.not(String((await get(cluster, name)).bytes), 'theirs')
    }
  },
)

t.test('what two who stand in took, and the one primary has newer, gets a later timestamp too', async (t) => {
  const cluster = await start(t, { devices: 6, nodeTimeoutMs: 200 })
  const theirs = await later(cluster, 30)
  t.match(await put(cluster, 'o', 'theirs', { timestamp: theirs }), { kind: 'created' })
  const [, ...others] = cluster.parts.objectPlacement(0, named('o'))?.primaries ?? []
  for (const { port } of others) cluster.stop(cluster.deviceAt(port), 'object')
  const mine = await put(cluster, 'o', 'mine')
  t.match(mine, { kind: 'created' })
  if (mine.kind === 'created') t.ok(mine.timestamp > theirs)
  t.equal(String((await get(cluster, 'o')).bytes), 'mine')
})

t.test('what they took of a DELETE is not done when it may not be tried again', async (t) => {
  const cluster = await start(t, { devices: 6, nodeTimeoutMs: 200 })
  const placement = cluster.parts.objectPlacement(0, named('o'))
  const [first, ...others] = placement?.primaries ?? []
  if (placement === undefined || first === undefined) return void t.fail('no primaries')
  for (const { port } of others) cluster.stop(cluster.deviceAt(port), 'object')
  t.match(await put(cluster, 'o', 'old'), { kind: 'created' })
  const timestamp = await cluster.timestamps.next()
  const newer = await cluster.client.send(first, {
    server: 'object',
    method: 'PUT',
    partition: placement.partition,
    path: `/${CONTAINER.account}/${CONTAINER.container}/o`,
    query: '',
    headers: {
      'x-timestamp': await cluster.timestamps.next(),
      'x-backend-storage-policy-index': '0',
      'content-type': 'a/b',
      'content-length': '6',
    },
    body: bufferBody(Buffer.from('theirs')),
    signal: undefined,
  })
  t.match(newer, { kind: 'answered', response: { status: 201 } })
  const mine = await cluster.store.objects.delete(cluster.context, named('o'), { timestamp })
  t.match(mine, { kind: 'conflict' })
})

t.test('deletes and changes of metadata are tried again with a later timestamp too', async (t) => {
  const cluster = await start(t)
  await put(cluster, 'o', 'x', { timestamp: await later(cluster, 20) })
  const posted = await cluster.store.objects.post(cluster.context, named('o'), {
    metadata: { 'x-object-meta-colour': 'blue' },
    contentType: undefined,
  })
  t.match(posted, { kind: 'accepted' })
  t.match((await get(cluster, 'o')).headers, { 'x-object-meta-colour': 'blue' })
  await put(cluster, 'p', 'x', { timestamp: await later(cluster, 40) })
  t.match(await cluster.store.objects.delete(cluster.context, named('p'), {}), { kind: 'deleted' })
  t.equal((await get(cluster, 'p')).kind, 'no_such_object')
})

t.test('a write with a time that the client dictates is a conflict, never dropped in silence', async (t) => {
  const cluster = await start(t)
  const old = await cluster.timestamps.next()
  const receipt = await put(cluster, 'o', 'new')
  t.match(receipt, { kind: 'created' })
  const newest = receipt.kind === 'created' ? receipt.timestamp : undefined
  t.same(await put(cluster, 'o', 'old', { timestamp: old }), { kind: 'conflict', newest })
  t.same(await put(cluster, 'o', streamed(pattern(200_000)), { timestamp: old }), {
    kind: 'conflict',
    newest,
  })
  t.match(await cluster.store.objects.delete(cluster.context, named('o'), { timestamp: old }), {
    kind: 'conflict',
  })
  t.equal(String((await get(cluster, 'o')).bytes), 'new')
})

t.test('what an earlier attempt at the same time left on one copy is not there', async (t) => {
  const cluster = await start(t, { devices: 3 })
  const timestamp = await cluster.timestamps.next()
  const [, ...away] = cluster.devices
  for (const device of away) cluster.stop(device, 'object')
  t.match(await put(cluster, 'o', 'replica', { timestamp }), { kind: 'unavailable' })
  for (const device of away) cluster.restart(device)
  const again = { store: await cluster.anotherProxy(), context: cluster.context }
  const body = streamed(pattern(200_000))
  t.match(await put(again, 'o', body, { timestamp }), { kind: 'unavailable' }, 'refused before the body')
  t.match(await put(again, 'o', 'replica', { timestamp }), { kind: 'created' })
  t.match(await put(again, 'o', body, { timestamp }), { kind: 'conflict', newest: timestamp }, 'there by now')
  t.equal(String((await get(again, 'o')).bytes), 'replica')
})

t.test('only one of many writers that want the object to be new succeeds when nobody races', async (t) => {
  const cluster = await start(t)
  t.match(await put(cluster, 'o', 'first', { condition: { kind: 'absent' } }), { kind: 'created' })
  t.match(await put(cluster, 'o', 'second', { condition: { kind: 'absent' } }), {
    kind: 'precondition_failed',
  })
  t.match(await put(cluster, 'o', streamed(pattern(200_000)), { condition: { kind: 'absent' } }), {
    kind: 'precondition_failed',
  })
  t.equal(String((await get(cluster, 'o')).bytes), 'first')
})

t.test('the newest version is found wherever it is', async (t) => {
  const cluster = await start(t)
  const placement = cluster.parts.objectPlacement(0, named('o'))
  const [first, second, third] = (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
  await put(cluster, 'o', 'old')
  if (first !== undefined) cluster.stop(first, 'object')
  await put(cluster, 'o', 'new')
  if (first !== undefined) cluster.restart(first)
  t.equal(String((await get(cluster, 'o', { newest: true })).bytes), 'new')
  t.match((await get(cluster, 'o', { newest: true, method: 'HEAD' })).headers, { 'content-length': '3' })
  for (const device of [second, third]) if (device !== undefined) cluster.stop(device, 'object')
  t.equal(String((await get(cluster, 'o', { newest: true })).bytes), 'new', 'from the handoff')
})

t.test('confirmed reads never give a version older than an acknowledged one', async (t) => {
  const cluster = await start(t, { store: { rules: { objectReads: 'confirmed' } } })
  const placement = cluster.parts.objectPlacement(0, named('o'))
  const devices = (placement?.primaries ?? []).map(({ port }) => cluster.deviceAt(port))
  let version = 0
  for (const away of devices) {
    version += 1
    cluster.stop(away, 'object')
    await put(cluster, 'o', `version ${version}`)
    cluster.restart(away)
    for (let read = 0; read < 5; read += 1) {
      t.equal(String((await get(cluster, 'o')).bytes), `version ${version}`)
    }
  }
  for (const device of devices.slice(1)) cluster.stop(device, 'object')
  t.equal((await get(cluster, 'o')).kind, 'unavailable')
})

t.test(
  'a container that was deleted and made again with another policy is noticed by the writer',
  async (t) => {
    const cluster = await start(t)
    const other = await cluster.anotherProxy()
    await cluster.store.containers.info(cluster.context, CONTAINER)
    t.match(await other.containers.delete(cluster.context, CONTAINER), { kind: 'deleted' })
    t.match(await other.containers.put(cluster.context, CONTAINER, { changes: {}, policyIndex: 1 }), {
      kind: 'created',
    })
    t.match(await put(cluster, 'o', 'body'), { kind: 'created' })
    t.match(await cluster.store.containers.info(cluster.context, CONTAINER), { policyIndex: 1 })
    t.equal(String((await get(cluster, 'o')).bytes), 'body')
    t.equal(String((await get({ store: other, context: cluster.context }, 'o')).bytes), 'body')
    t.same((await list(cluster)).names, ['o'])
  },
)

t.test('an object put into a container that was deleted meanwhile brings it back, as in Swift', async (t) => {
  const cluster = await start(t)
  const other = await cluster.anotherProxy()
  await cluster.store.containers.info(cluster.context, CONTAINER)
  t.match(await other.containers.delete(cluster.context, CONTAINER), { kind: 'deleted' })
  t.match(await put(cluster, 'o', 'body'), { kind: 'created' })
  t.equal(String((await get({ store: other, context: cluster.context }, 'o')).bytes), 'body')
  t.same((await list(cluster)).names, ['o'])
})

t.test('an object put into a container that is not there is refused, and removed', async (t) => {
  const remembered = new Map<string, string>()
  const shared: SharedCache = {
    get: async (key) => remembered.get(key),
    add: async () => {},
    forget: async (key) => void remembered.delete(key),
  }
  const cluster = await start(t, { store: { shared } })
  const info = await cluster.store.containers.info(cluster.context, CONTAINER)
  remembered.set('container/AUTH_test/ghost', JSON.stringify({ kind: 'exists', info }))
  const name = { ...CONTAINER, container: 'ghost', object: 'o' }
  const outcome = await cluster.store.objects.put(cluster.context, name, {
    body: bufferBody(Buffer.from('x')),
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: 100,
  })
  t.match(outcome, { kind: 'no_such_container' })
  const placement = cluster.parts.objectPlacement(0, name)
  for (const { port } of placement?.primaries ?? []) {
    const engine = new Map(cluster.deviceAt(port).objects.device.engines).get(0)
    t.match(await engine?.probe('/AUTH_test/ghost/o'), { kind: 'deleted' })
  }
})

t.test(
  'an object put into a container that is there again stays when a straggler is taken back',
  async (t) => {
    const ghost = { ...CONTAINER, container: 'ghost' }
    const name = { ...ghost, object: 'o' }
    const key = 'container/AUTH_test/ghost'
    let remembered: string | undefined
    let meanwhile: (() => Promise<unknown>) | undefined
    const shared: SharedCache = {
      // By the time that the straggler has learnt that there is no such container, there is one again.
      get: async (asked) => {
        if (asked !== key || remembered !== undefined) return asked === key ? remembered : undefined
        await meanwhile?.()
        return JSON.stringify({ kind: 'absent' })
      },
      add: async () => {},
      forget: async (asked) => {
        if (asked === key) remembered = undefined
      },
    }
    const cluster = await start(t, { store: { shared } })
    const { store, context } = cluster
    const other = await cluster.anotherProxy()
    remembered = JSON.stringify({ kind: 'exists', info: await store.containers.info(context, CONTAINER) })
    const putBy = (proxy: Pick<MemoryCluster['store'], 'objects'>, body: string): Promise<{ kind: string }> =>
      proxy.objects.put(context, name, {
        body: bufferBody(Buffer.from(body)),
        contentType: 'text/plain',
        expectedEtag: undefined,
        metadata: {},
        limitBytes: 100,
      })
    meanwhile = async () => {
      meanwhile = undefined
      await other.containers.put(context, ghost, { changes: {}, policyIndex: undefined })
      t.match(await putBy(other, 'theirs'), { kind: 'created' })
    }
    t.match(await putBy(store, 'a straggler'), { kind: 'no_such_container' })
    const read = await other.objects.read(context, name, { method: 'HEAD', conditions: {}, newest: true })
    t.match(read, { kind: 'found', headers: { 'content-length': '6' } })
  },
)

t.test('an account comes into being with its first container, and is empty before', async (t) => {
  const cluster = await start(t)
  const { store, context } = cluster
  const account = { account: 'AUTH_new' }
  t.match(await store.accounts.read(context, account, { listing: { limit: 10, reverse: false } }), {
    kind: 'found',
    info: { containerCount: 0 },
  })
  t.match(await store.accounts.info(context, account), { containerCount: 0 })
  t.match(
    await store.containers.put(
      context,
      { ...account, container: 'b' },
      { changes: {}, policyIndex: undefined },
    ),
    { kind: 'created' },
  )
  t.match(
    await store.containers.put(
      context,
      { ...account, container: 'a' },
      { changes: {}, policyIndex: undefined },
    ),
    { kind: 'created' },
  )
  const read = await store.accounts.read(context, account, { listing: { limit: 10, reverse: false } })
  t.match(read, { kind: 'found', info: { containerCount: 2 } })
  if (read.kind === 'found') {
    t.match(read.page?.entries(), [
      { kind: 'container', name: 'a', objectCount: 0 },
      { kind: 'container', name: 'b', objectCount: 0 },
    ])
  }
  t.match(await store.accounts.post(context, account, { 'x-account-meta-colour': 'red' }), {
    kind: 'updated',
  })
  t.match(await store.accounts.info(context, account), { metadata: { 'x-account-meta-colour': 'red' } })
  t.match(await store.accounts.post(context, { account: 'AUTH_other' }, { 'x-account-meta-a': 'b' }), {
    kind: 'updated',
  })
  t.match(await store.accounts.delete(context, account), { kind: 'deleted' })
  t.match(await store.accounts.read(context, account, {}), { kind: 'account_deleted' })
  t.equal(await store.accounts.info(context, account), undefined)
  t.match(await store.containers.read(context, { ...account, container: 'a' }, {}), {
    kind: 'no_such_account',
  })
})

t.test('without auto-creation a missing account is missing', async (t) => {
  const cluster = await start(t)
  const strict = await cluster.anotherProxy({ store: { rules: { autoCreateAccounts: false } } })
  const { context } = cluster
  const name = { account: 'AUTH_nobody', container: 'c' }
  t.match(await strict.accounts.read(context, { account: 'AUTH_nobody' }, {}), { kind: 'no_such_account' })
  t.match(await strict.accounts.post(context, { account: 'AUTH_nobody' }, {}), { kind: 'no_such_account' })
  t.match(await strict.containers.put(context, name, { changes: {}, policyIndex: undefined }), {
    kind: 'no_such_account',
  })
  t.match(await strict.containers.read(context, name, {}), { kind: 'no_such_account' })
  t.match(await strict.accounts.put(context, { account: 'AUTH_nobody' }, {}), { kind: 'created' })
  t.match(await strict.containers.put(context, name, { changes: {}, policyIndex: undefined }), {
    kind: 'created',
  })
})

t.test('containers are created, changed, refused and deleted', async (t) => {
  const cluster = await start(t)
  const { store, context } = cluster
  const name = { account: 'AUTH_test', container: 'd' }
  const silver = { changes: { 'x-container-read': '.r:*', 'x-container-meta-a': '1' }, policyIndex: 1 }
  t.match(await store.containers.post(context, name, {}), { kind: 'no_such_container' })
  t.match(await store.containers.put(context, name, silver), { kind: 'created' })
  t.match(await store.containers.put(context, name, silver), { kind: 'updated' })
  t.match(await store.containers.put(context, name, { changes: {}, policyIndex: 0 }), { kind: 'conflict' })
  t.match(await store.containers.info(context, name), {
    policyIndex: 1,
    readAcl: '.r:*',
    metadata: { 'x-container-meta-a': '1' },
  })
  t.match(await store.containers.post(context, name, { 'x-container-read': '', 'x-container-meta-b': '2' }), {
    kind: 'updated',
  })
  const info = await store.containers.info(context, name)
  t.equal(info?.readAcl, undefined)
  t.match(info?.metadata, { 'x-container-meta-a': '1', 'x-container-meta-b': '2' })
  t.match(await store.containers.read(context, name, { newest: true }), {
    kind: 'found',
    info: { policyIndex: 1 },
  })
  await put(cluster, 'o', 'x')
  t.match(await store.containers.delete(context, CONTAINER), { kind: 'not_empty' })
  t.match(await store.containers.delete(context, name), { kind: 'deleted' })
  t.match(await store.containers.delete(context, name), { kind: 'no_such_container' })
  t.match(await store.containers.read(context, name, {}), { kind: 'no_such_container' })
  t.match(
    await store.objects.read(
      context,
      { ...name, object: 'o' },
      { method: 'GET', conditions: {}, newest: false },
    ),
    { kind: 'no_such_container' },
  )
})

t.test('what one proxy takes away is gone for the others before it answers', async (t) => {
  const cluster = await start(t)
  const { context, network } = cluster
  const peer: Endpoint = { host: '10.0.0.9', port: 6000 }
  const remembering = await cluster.anotherProxy()
  network.register(
    peer,
    invalidationHandler((stale) => remembering.forget(stale)),
  )
  const dead: Endpoint = { host: '10.0.0.9', port: 6001 }
  const invalidations = new PeerInvalidations({
    transport: network,
    clock: realClock,
    log: silentLogger,
    peers: () => [peer, dead],
  })
  const changing = await cluster.anotherProxy({ store: { invalidations } })
  await changing.containers.post(context, CONTAINER, { 'x-container-read': '.r:*' })
  t.match(await remembering.containers.info(context, CONTAINER), { readAcl: '.r:*' })
  await changing.containers.post(context, CONTAINER, { 'x-container-read': '' })
  t.equal((await remembering.containers.info(context, CONTAINER))?.readAcl, undefined)
  const other = { ...CONTAINER, container: 'made elsewhere' }
  t.equal(await remembering.containers.info(context, other), undefined)
  await changing.containers.put(context, other, { changes: {}, policyIndex: undefined })
  t.ok(await remembering.containers.info(context, other), 'the memory of its absence is gone too')
})

t.test('an object with a time to be deleted at is in the queue of the expirer', async (t) => {
  const cluster = await start(t)
  const { store, context } = cluster
  const seconds = Math.floor(realClock.wallMs() / 1000) + 86_400
  await put(cluster, 'o', 'x', { metadata: { 'x-delete-at': String(seconds) } })
  for (const device of cluster.devices) await device.objects.deliverPending()
  t.match((await get(cluster, 'o')).headers, { 'x-delete-at': String(seconds) })
  const { rules, salt } = cluster.parts
  const queue = expirerContainer(seconds, rules.expirerDivisorSeconds, named('o'), salt)
  const tasks = await store.containers.read(
    context,
    { account: rules.expirerAccount, container: queue },
    { listing: { limit: 10, reverse: false } },
  )
  t.match(tasks.kind === 'found' ? tasks.page?.entries() : undefined, [{ name: `${seconds}-AUTH_test/c/o` }])
})

t.test('an account that is remembered but gone is made again with its next container', async (t) => {
  const remembered = new Map<string, string>()
  const shared: SharedCache = {
    get: async (key) => remembered.get(key),
    add: async () => {},
    forget: async (key) => void remembered.delete(key),
  }
  const cluster = await start(t, { store: { shared } })
  remembered.set('account/AUTH_ghost', JSON.stringify({ kind: 'exists', info: { metadata: {} } }))
  const name = { account: 'AUTH_ghost', container: 'c' }
  const made = await cluster.store.containers.put(cluster.context, name, {
    changes: {},
    policyIndex: undefined,
  })
  t.match(made, { kind: /^(created|updated)$/ })
  t.match(await cluster.store.accounts.info(cluster.context, { account: 'AUTH_ghost' }), {
    containerCount: 1,
  })
})

t.test('a deleted account takes nothing before it is emptied', async (t) => {
  const cluster = await start(t)
  const { store, context } = cluster
  const account = { account: 'AUTH_gone' }
  await store.accounts.put(context, account, {})
  t.match(await store.accounts.delete(context, account), { kind: 'deleted' })
  t.match(await store.accounts.put(context, account, {}), { kind: 'account_deleted' })
  t.match(await store.accounts.post(context, account, { 'x-account-meta-a': 'b' }), {
    kind: 'account_deleted',
  })
  const put = store.containers.put(
    context,
    { ...account, container: 'c' },
    { changes: {}, policyIndex: undefined },
  )
  t.match(await put, { kind: 'unavailable' })
})

t.test('a replica that missed a change of the access list does not bring the old one back', async (t) => {
  const cluster = await start(t)
  const { store, context } = cluster
  await store.containers.post(context, CONTAINER, { 'x-container-read': '.r:*' })
  for (const node of cluster.parts.containerPlacement(CONTAINER.account, CONTAINER.container).primaries) {
    const device = cluster.deviceAt(node.port)
    cluster.stop(device, 'container')
    await store.containers.post(context, CONTAINER, { 'x-container-read': '' })
    cluster.restart(device)
    for (let at = 0; at < 4; at += 1) {
      const proxy = await cluster.anotherProxy()
      t.equal((await proxy.containers.info(context, CONTAINER))?.readAcl, undefined)
    }
    await store.containers.post(context, CONTAINER, { 'x-container-read': '.r:*' })
  }
})
