/** A disk engine over twins in memory, for tests that look behind it. */
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { DiskGate } from '#disk/disk-gate.ts'
import { MemoryDisk, type MemoryDiskOptions } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { DiskEngine } from './disk-engine.ts'
import type { CacheLimits } from './object-cache.ts'
import type { RecoveryReport } from './recovery.ts'

export interface TestMachine {
  readonly disk: MemoryDisk
  readonly kv: MemoryKv
}

export interface TestEngine extends TestMachine {
  readonly engine: DiskEngine
  readonly report: RecoveryReport
  readonly health: DeviceHealth
}

/** Nothing is remembered: every read goes to index and files. */
export const NO_CACHE: CacheLimits = { statesBytes: 0, bodiesBytes: 0, openFiles: 0 }

export const TEST_SALT = { prefix: 'a', suffix: 'b' }

export function newMachine(options?: MemoryDiskOptions): TestMachine {
  return { disk: new MemoryDisk(options), kv: new MemoryKv() }
}

/** Starts an engine on a machine, as a process does after a crash or for the first time. */
export async function startEngine(
  machine: TestMachine = newMachine(),
  options: {
    readonly cacheLimits?: CacheLimits
    readonly clock?: VirtualClock
    readonly reclaimAgeSeconds?: number | undefined
  } = {},
): Promise<TestEngine> {
  const clock = options.clock ?? new VirtualClock()
  const health = new DeviceHealth(() => clock.wallMs())
  const disk = new DiskGate({ clock, health, operationsMax: 3 }).guard(machine.disk.remount())
  await disk.mkdir('/sda/tmp', { recursive: true })
  await disk.syncDirectory('/')
  await disk.syncDirectory('/sda')
  for (const name of await disk.readdir('/sda/tmp')) await disk.unlink(`/sda/tmp/${name}`)
  const { engine, report } = await DiskEngine.open({
    disk,
    kv: machine.kv,
    clock,
    health,
    log: silentLogger,
    salt: TEST_SALT,
    devicePath: '/sda',
    policyIndex: 0,
    reclaimAgeSeconds: options.reclaimAgeSeconds,
    ...(options.cacheLimits === undefined ? {} : { cacheLimits: options.cacheLimits }),
  })
  return { ...machine, engine, report, health }
}
