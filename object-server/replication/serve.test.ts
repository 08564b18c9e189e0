/** Whom a device fetches from when it is asked to. */
import t from 'tap'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { bufferBody, ownRequest } from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { openObjectService } from '../main.ts'
import { TEST_SALT, TestContainerServers } from '../test-server.ts'
import { encodeFetch, SYNC_METHOD } from './messages.ts'

const FROM = { host: '10.0.0.9', port: 6200, device: 'sdz' }

t.test('who was taken out of the ring is fetched from when it asks for it itself', async (t) => {
  const disk = new MemoryDisk().remount()
  await disk.mkdir('/devices/sda', { recursive: true })
  const service = await openObjectService({
    environment: { clock: new VirtualClock(), random: new SeededRandom(1), disk, kv: new MemoryKv() },
    devicesPath: '/devices',
    device: 'sda',
    mountCheck: 'any_directory',
    policies: parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies,
    salt: TEST_SALT,
    log: silentLogger,
    newDevice: 'part_of_new_cluster',
    operationsMax: 3,
    version: 'test',
    transport: new TestContainerServers(),
    placement: () => ({ partition: '0', targets: [] }),
    objectPlacement: () => undefined,
    replication: { isPeer: (_policy, { host }) => host === '10.0.0.1', repairs: NO_REPAIRS },
  })
  const body = encodeFetch({ partition: { partPower: 8, partition: 1 }, from: FROM, entries: [] })
  const asked = async (remoteAddress: string): Promise<number> => {
    const request = ownRequest({
      method: SYNC_METHOD,
      path: '/sda/sync/0/fetch',
      body: bufferBody(body),
      remoteAddress,
    })
    return (await service.handler(request)).status
  }
  t.equal(await asked(''), 403)
  t.equal(await asked('10.0.0.1'), 403, 'another may not send us there')
  t.equal(await asked('10.0.0.9'), 200)
  t.equal(await asked('::ffff:10.0.0.9'), 200)
  await service.close()
})

const NO_REPAIRS = { repair: async () => 'failed' as const, hurry: () => {}, spread: () => {} }
