/** The object servers of one device with their replication, over twins in memory. */
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import type { MemoryDisk } from '#disk/memory-disk.ts'
import type { MemoryKv } from '#kv/memory-kv.ts'
import { type ObjectService, type ObjectServiceOptions, openObjectService } from './main.ts'
import { TEST_SALT, TestContainerServers } from './test-server.ts'

/** On a machine that starts, for the first time or again. */
export async function openTestService(
  disk: MemoryDisk,
  kv: MemoryKv,
  replication: NonNullable<ObjectServiceOptions['replication']>,
): Promise<ObjectService> {
  const mounted = disk.remount()
  await mounted.mkdir('/devices/sda', { recursive: true })
  return await openObjectService({
    environment: { clock: new VirtualClock(), random: new SeededRandom(1), disk: mounted, kv },
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
    replication,
  })
}
