/** What all three storage servers promise, and how the object server says what state a replica and its device are in. */
import t from 'tap'
import { hashName } from '#base/names.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { at, OBJECT_PATH, put, send, startTestServer, TEST_SALT } from './test-server.ts'

await t.test('OPTIONS names the server and what it allows', async (t) => {
  const server = await startTestServer()
  const answer = await send(server, 'OPTIONS')
  t.equal(answer.status, 200)
  t.match(answer.headers, {
    allow: 'ACCEPT, COMMIT, DELETE, GET, HEAD, OPTIONS, POST, PROMISE, PUT, REPLICATE',
    server: 'object-server/0.0.0',
    'x-backend-martlet-capabilities': 'replica-state,container-update-status,index-probe,block-crcs',
  })
  t.equal((await send(server, 'PATCH')).status, 405)
  await server.device.close()
})

await t.test('the replication of rsync is refused by name', async (t) => {
  const server = await startTestServer()
  const answer = await send(server, 'REPLICATE', { path: '/sda/0/abc' })
  t.equal(answer.status, 501)
  t.match(answer.text, /Rsync-style replication is not supported/)
  await server.device.close()
})

await t.test('healthcheck answers', async (t) => {
  const server = await startTestServer()
  t.match(await send(server, 'GET', { path: '/healthcheck' }), { status: 200, text: 'OK' })
  await server.device.close()
})

await t.test(
  'paths, timestamps and policies that make no sense are refused with Swift’s words',
  async (t) => {
    const server = await startTestServer()
    for (const method of ['PUT', 'GET', 'HEAD', 'POST', 'DELETE']) {
      const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
        (
          await send(server, method, {
            path,
            headers: { 'x-timestamp': at(1), 'content-type': 'a/b', ...headers },
          })
        ).status
      t.equal(await status('/sda/0/a/c'), 400, `${method} without an object`)
      t.equal(await status('/sda/x/a/c/o'), 400, `${method} with a bad partition`)
      t.equal(await status('/sda/0/a/c/%ff'), 412, `${method} with bad UTF-8`)
      t.equal(await status('/sda/0/a/c/o%00'), 400, `${method} with a hidden NUL`)
      t.equal(
        await status(OBJECT_PATH, { 'x-timestamp': 'yesterday' }),
        400,
        `${method} with a bad timestamp`,
      )
      t.equal(await status(OBJECT_PATH, { 'x-timestamp': at(61) }), 400, `${method} from the future`)
      t.equal(
        await status(OBJECT_PATH, { 'x-backend-storage-policy-index': '9' }),
        503,
        `${method} of no policy`,
      )
      t.equal(await status('/sdb/0/a/c/o'), 507, `${method} of another device`)
    }
    const text = async (headers: Record<string, string>): Promise<string> =>
      (await put(server, 1, 'x', headers)).text
    t.equal(await text({ 'x-backend-storage-policy-index': '9' }), 'No policy with index 9')
    t.match(await text({ 'x-timestamp': at(61) }), /more than 60 seconds ahead/)
    t.equal((await put(server, 59, 'x')).status, 201)
    await server.device.close()
  },
)

await t.test('reserved names are objects like others', async (t) => {
  const server = await startTestServer()
  const path = '/sda/0/a/%00c/%00o%00x'
  t.equal((await put(server, 1, 'reserved', {}, path)).status, 201)
  t.equal((await send(server, 'GET', { path })).text, 'reserved')
  await server.device.close()
})

await t.test('policies keep their objects apart', async (t) => {
  const server = await startTestServer()
  const silver = { 'x-backend-storage-policy-index': '1' }
  await put(server, 1, 'gold')
  await put(server, 2, 'silver', silver)
  t.equal((await send(server, 'GET')).text, 'gold')
  t.equal((await send(server, 'GET', { headers: silver })).text, 'silver')
  const files = server.disk.files().filter((path) => path.endsWith('.data'))
  t.equal(files.filter((path) => path.startsWith('/devices/sda/objects/')).length, 1)
  t.equal(files.filter((path) => path.startsWith('/devices/sda/objects-1/')).length, 1)
  await server.device.close()
})

await t.test(
  'a full disk answers 507 to a PUT, goes on reading, and lets what is there be deleted',
  async (t) => {
    const server = await startTestServer({ diskOptions: { reserveBytes: 1_000_000 } })
    await put(server, 1, 'x')
    await put(server, 1, 'x', {}, '/sda/0/a/c/other')
    server.disk.setSpace('full')
    await server.clock.advance(2000)
    t.equal((await put(server, 2, 'y')).status, 507)
    t.equal((await send(server, 'GET')).text, 'x')
    t.equal((await send(server, 'POST', { headers: { 'x-timestamp': at(2) } })).status, 202)
    t.equal((await send(server, 'DELETE', { headers: { 'x-timestamp': at(3) } })).status, 204)
    server.disk.setSpace('normal')
    await server.clock.advance(2000)
    t.equal((await put(server, 4, 'y')).status, 201)
    await server.device.close()
  },
)

await t.test('a disk that fills up during a write answers 507 and keeps the old object', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'old')
  for (const operation of ['createExclusive', 'writeAll'] as const) {
    server.disk.addFault({ operation, effect: 'ENOSPC', times: 1 })
    const answer = await put(server, 2, 'new')
    t.equal(answer.status, 507, operation)
    t.match(answer.text, /There was not enough space to save the resource. Drive: sda/)
    t.equal((await send(server, 'GET')).text, 'old')
  }
  t.same(
    server.disk.files().filter((path) => path.includes('/tmp/')),
    [],
  )
  t.equal((await put(server, 2, 'new')).status, 201)
  await server.device.close()
})

await t.test('a read-only disk answers 507 to writes', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'x')
  server.disk.setSpace('read_only')
  t.equal((await put(server, 2, 'y')).status, 507)
  await server.clock.advance(2000)
  t.equal((await put(server, 3, 'y')).status, 507)
})

await t.test(
  'a failed sync is never retried: the object is not there, the device is out of use',
  async (t) => {
    for (const operation of ['sync', 'syncDirectory'] as const) {
      const server = await startTestServer()
      await put(server, 1, 'old')
      server.disk.addFault({ operation, effect: 'EIO', times: 1 })
      t.equal((await put(server, 2, 'new')).status, 507, operation)
      t.equal((await send(server, 'GET')).status, 507)
      t.equal((await put(server, 3, 'newer')).status, 507)
      t.match(server.device.health.failure?.reason, /failed with EIO/)
      await server.device.close()
      const { disk, kv, clock } = server
      const again = await startTestServer({ disk, kv, clock })
      const { text } = await send(again, 'GET')
      t.ok(text === 'old' || (operation === 'syncDirectory' && text === 'new'), `${operation}: ${text}`)
      await again.device.close()
    }
  },
)

await t.test('a disk that hangs answers 507 after its deadline, and at once from then on', async (t) => {
  const server = await startTestServer()
  await put(server, 1, 'x')
  server.disk.addFault({ operation: 'sync', effect: 'hang', times: 1 })
  const hanging = put(server, 2, 'y')
  await server.clock.advance(19_000)
  t.equal(
    (await put(server, 3, 'z', {}, '/sda/0/a/c/other')).status,
    201,
    'one hanging operation stops no other',
  )
  await server.clock.advance(2000)
  t.equal((await hanging).status, 507)
  t.match(server.device.health.failure?.reason, /sync did not end within 20000 ms/)
  t.equal((await send(server, 'GET')).status, 507)
})

await t.test('an index that cannot be written takes the device out of use', async (t) => {
  const server = await startTestServer()
  server.kv.breakWrites('/devices/sda/index', new Error('no more'))
  t.equal((await put(server, 1, 'x')).status, 507)
  t.equal((await send(server, 'GET')).status, 507)
  await server.device.close()
})

await t.test('a new device of a new cluster may vote, one that may have held data may not', async (t) => {
  const state = async (newDevice: 'part_of_new_cluster' | 'may_have_held_data'): Promise<unknown> => {
    const server = await startTestServer({ newDevice })
    const answer = await send(server, 'GET')
    await server.device.close()
    return [answer.status, answer.headers['x-backend-martlet-replica-state']]
  }
  t.same(await state('part_of_new_cluster'), [404, 'synced'])
  t.same(await state('may_have_held_data'), [404, 'joining'])
})

await t.test(
  'the state of a replica outlives a restart, and a lost index or state makes it joining',
  async (t) => {
    const first = await startTestServer()
    await put(first, 1, 'x')
    const head = Number.parseInt(
      hashName({ account: 'a', container: 'c', object: 'joining' }, TEST_SALT).slice(0, 8),
      16,
    )
    await first.device.replicaStates(0)?.set({ partPower: 8, partition: head >>> 24 }, 'joining')
    await first.device.close()
    const stateOf = async (
      server: Awaited<ReturnType<typeof startTestServer>>,
      path: string,
    ): Promise<unknown> => (await send(server, 'GET', { path })).headers['x-backend-martlet-replica-state']
    const { disk, kv, clock } = first

    const second = await startTestServer({ disk, kv, clock })
    t.equal(await stateOf(second, '/sda/0/a/c/o'), 'synced')
    t.equal(await stateOf(second, '/sda/0/a/c/joining'), 'joining')
    t.equal(await stateOf(second, `/sda/${head >>> 24}/a/c/o`), 'synced', 'the hash counts, not the number')
    await second.device.close()

    kv.corrupt('/devices/sda/index')
    const third = await startTestServer({ disk, kv, clock })
    t.equal(third.device.reports.get(0)?.kind, 'rebuilt')
    t.equal(await stateOf(third, '/sda/0/a/c/o'), 'joining')
    t.equal((await send(third, 'GET')).text, 'x')
    await third.device.replicaStates(0)?.setAll('synced')
    await third.device.close()

    kv.corrupt('/devices/sda/state')
    const fourth = await startTestServer({ disk, kv, clock })
    t.equal(
      await stateOf(fourth, '/sda/0/a/c/o'),
      'joining',
      'although the option says that the cluster is new',
    )
    await fourth.device.close()
  },
)

await t.test('a new cluster killed in its very first moments starts synced all the same', async (t) => {
  for (let changes = 0; changes < 14; changes += 1) {
    const { disk, kv, clock } = await freshMachine()
    disk.stopAfter(changes)
    await startTestServer({ disk, kv, clock }).catch(() => {})
    disk.kill()
    await kv.crash('kept')
    const server = await startTestServer({ disk, kv, clock })
    const answer = await send(server, 'GET', { headers: { 'x-backend-storage-policy-index': '1' } })
    t.equal(answer.headers['x-backend-martlet-replica-state'], 'synced', `after ${changes} changes`)
    await server.device.close()
  }
})

async function freshMachine(): Promise<{ disk: MemoryDisk; kv: MemoryKv; clock: VirtualClock }> {
  const disk = new MemoryDisk()
  await disk.remount().mkdir('/devices/sda', { recursive: true })
  return { disk, kv: new MemoryKv(), clock: new VirtualClock() }
}

await t.test('a device belongs to one process', async (t) => {
  const server = await startTestServer()
  const { disk, kv, clock } = server
  await t.rejects(startTestServer({ disk, kv, clock }), { code: 'LEVEL_LOCKED' })
  t.equal((await put(server, 1, 'x')).status, 201, 'and whoever tried did no harm')
  await server.device.close()
})
