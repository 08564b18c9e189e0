import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { Drive } from '#backend/drive-state.ts'
import { timeOf, ts } from '#backend/test-twins.ts'
import type { Disk, Environment, KvEngine, Random } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { putContainer } from '#db/container-rules.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { type ContainerDevice, openContainerDevice } from './open-device.ts'
import { startContainerServer } from './testing.ts'

const ROW = { 'x-size': '10', 'x-etag': 'e', 'x-content-type': 'text/plain' }
const STORE = '/srv/node/sda1/containers'

t.test('what was answered is there after the machine lost power, with the right counts', async (t) => {
  const before = await startContainerServer()
  await before.send('PUT', '/a/c', ts(1, { 'x-container-meta-a': '1' }))
  const writes = Array.from({ length: 50 }, (_, at) => before.send('PUT', `/a/c/o${at}`, ts(2, ROW)))
  await Promise.all(writes.slice(0, 25))
  await before.kv.crash()
  await Promise.allSettled(writes)
  const after = await startContainerServer(before)
  const { headers } = await after.send('HEAD', '/a/c')
  const names = String((await after.send('GET', '/a/c')).body)
    .trim()
    .split('\n')
  t.equal(headers['x-container-object-count'], String(names.length))
  t.equal(headers['x-container-bytes-used'], String(10 * names.length))
  t.equal(headers['x-container-meta-a'], '1')
  for (let at = 0; at < 25; at += 1) t.ok(names.includes(`o${at}`))
})

t.test('a damaged index is moved away whole, and the device is joining', async (t) => {
  const before = await startContainerServer()
  await before.send('PUT', '/a/c', ts(1))
  await before.device.close()
  before.kv.corrupt(STORE)
  const after = await startContainerServer(before)
  const response = await after.send('GET', '/a/c')
  t.equal(response.status, 404)
  t.equal(response.headers['x-backend-martlet-replica-state'], 'joining')
  t.same(after.kv.paths(), [STORE, '/srv/node/sda1/quarantined/containers/1700000000.00000'])
  t.equal((await after.send('PUT', '/a/c', ts(2))).status, 201, 'a joining replica takes writes')
  await after.device.replicaStates.setAll('synced')
  t.equal((await after.send('GET', '/a/c')).headers['x-backend-martlet-replica-state'], 'synced')
})

interface OneDevice {
  readonly disk: Disk
  readonly kv: MemoryKv
  /** Opens the device as that of a new cluster, with other stores if need be. */
  readonly open: (parts?: Partial<Pick<Environment, 'kv'>>) => Promise<ContainerDevice>
}

async function oneDevice(): Promise<OneDevice> {
  const disk = new MemoryDisk().remount()
  await disk.mkdir('/srv/node/sda1', { recursive: true })
  const kv = new MemoryKv()
  const clock = new VirtualClock()
  const open: OneDevice['open'] = async (parts) => {
    const environment = { clock, random: {} as Random, disk, kv, ...parts }
    const place = { devicesPath: '/srv/node', device: 'sda1', mountCheck: 'any_directory' } as const
    const device = await openContainerDevice({
      environment,
      log: silentLogger,
      drive: new Drive({ ...environment, ...place }),
      salt: { prefix: '', suffix: 'test' },
      newDevice: 'part_of_new_cluster',
    })
    if (device.kind === 'locked') throw new Error('locked')
    return device
  }
  return { disk, kv, open }
}

t.test('an index that could not be read is quarantined when the device is opened again', async (t) => {
  const { kv, open } = await oneDevice()
  const before = await open()
  kv.breakWrites(STORE, Object.assign(new Error('bad block'), { code: 'LEVEL_CORRUPTION' }))
  const put = { name: { account: 'a', container: 'c' }, timestamp: timeOf(1) as Timestamp }
  const rule = putContainer({ ...put, requestedPolicy: 0, defaultPolicy: 0, metadata: new Map() })
  await t.rejects(before.index.apply(put.name, [], rule))
  await setImmediate()
  kv.breakWrites(STORE, undefined)
  await kv.crash()
  const after = await open()
  t.equal(after.replicaStates.ofAll, 'joining')
  t.same(kv.paths(), [STORE, '/srv/node/sda1/quarantined/containers/1700000000.00000'])
  await after.index.apply(put.name, [], rule)
  await after.close()
  t.ok(await (await open()).index.state(put.name), 'once is enough')
})

t.test('an index whose damage shows only when the device is opened is quarantined at once', async (t) => {
  const { disk, kv, open } = await oneDevice()
  await (await open()).close()
  let isThere = true
  const damaged: KvEngine = {
    open: async (path) => {
      const store = await kv.open(path)
      if (isThere)
        store.get = () => Promise.reject(Object.assign(new Error('bad block'), { code: 'LEVEL_CORRUPTION' }))
      return store
    },
    move: async (path, target) => {
      await kv.move(path, target)
      isThere = false
    },
  }
  const device = await open({ kv: damaged })
  t.equal(device.replicaStates.ofAll, 'joining')
  t.same(kv.paths(), [STORE, '/srv/node/sda1/quarantined/containers/1700000000.00000'])
  await t.rejects(disk.stat(`${STORE}.damaged`), { code: 'ENOENT' })
})

t.test(
  'a start cut short between the quarantine of an index and the note of it does not vote either',
  async (t) => {
    const { disk, kv, open } = await oneDevice()
    await (await open()).close()
    await (await disk.createExclusive(`${STORE}.damaged`)).close()
    const cutShort: KvEngine = {
      open: (path) => kv.open(path),
      move: async (path, target) => {
        await kv.move(path, target)
        kv.breakWrites(STORE, new Error('EIO'))
      },
    }
    await t.rejects(open({ kv: cutShort }), { message: 'EIO' })
    kv.breakWrites(STORE, undefined)
    t.equal((await open()).replicaStates.ofAll, 'joining')
    await t.rejects(disk.stat(`${STORE}.damaged`), { code: 'ENOENT' })
  },
)

t.test('an index without replica states beside a quarantined one is joining', async (t) => {
  const { disk, open } = await oneDevice()
  await disk.mkdir('/srv/node/sda1/quarantined/containers/1600000000.00000', { recursive: true })
  t.equal((await open()).replicaStates.ofAll, 'joining')
})

t.test('a device is not opened when it cannot be told whether its index is damaged', async (t) => {
  const { disk, open } = await oneDevice()
  const stat = disk.stat.bind(disk)
  disk.stat = async (path) => {
    if (path.endsWith('.damaged')) throw Object.assign(new Error('bad sector'), { code: 'EIO' })
    return await stat(path)
  }
  await t.rejects(open(), { code: 'EIO' })
})

t.test('a device belongs to one process', async (t) => {
  const server = await startContainerServer()
  const second = await openContainerDevice({
    environment: { clock: server.clock, random: {} as Random, disk: server.disk, kv: server.kv },
    log: silentLogger,
    drive: server.drive,
    salt: { prefix: '', suffix: 'test' },
    newDevice: 'part_of_new_cluster',
  })
  t.same(second, { kind: 'locked' })
  await server.device.close()
  await startContainerServer(server)
})

t.test('a disk that cannot be opened at all rejects', async (t) => {
  const server = await startContainerServer()
  const failing = { open: async () => Promise.reject(new Error('EIO')), move: async () => {} }
  const opening = openContainerDevice({
    environment: { clock: server.clock, random: {} as Random, disk: server.disk, kv: failing },
    log: silentLogger,
    drive: server.drive,
    salt: { prefix: '', suffix: 'test' },
    newDevice: 'part_of_new_cluster',
  })
  await t.rejects(opening, { message: 'EIO' })
})
