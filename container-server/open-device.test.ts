import t from 'tap'
import { ts } from '#backend/test-twins.ts'
import type { Random } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { openContainerDevice } from './open-device.ts'
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
  await after.device.replicaStates.set(7, 'synced')
  t.equal((await after.send('GET', '/a/c')).headers['x-backend-martlet-replica-state'], 'synced')
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
