import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { DiskGate } from '#disk/disk-gate.ts'
import { realDisk } from '#disk/real-disk.ts'
import { onEveryFilesystem } from '#disk/test-mounts.ts'
import { levelEngine } from '#kv/open-level.ts'
import { conditionalContract } from './conditional-contract.ts'
import { DiskEngine } from './disk-engine.ts'
import { bodyOf, engineContract, putObject, second } from './engine-contract.ts'
import { NO_CACHE, newMachine, startEngine, TEST_SALT } from './test-engine.ts'

await t.test('over the twins', (t) => engineContract(t, async () => (await startEngine()).engine))

await t.test('conditional writes over the twins', (t) =>
  conditionalContract(t, async () => (await startEngine()).engine),
)

await t.test('conditional writes over the twins, without attributes', (t) =>
  conditionalContract(t, async () => (await startEngine(newMachine({ xattrBytesMax: 0 }))).engine),
)

await t.test('over the twins, nothing remembered', (t) =>
  engineContract(t, async () => (await startEngine(newMachine(), { cacheLimits: NO_CACHE })).engine),
)

await t.test('over the twins, without attributes', (t) =>
  engineContract(t, async () => {
    const machine = newMachine({ xattrBytesMax: 0 })
    return (await startEngine(machine, { cacheLimits: NO_CACHE })).engine
  }),
)

await onEveryFilesystem(t, async (t, base) => {
  const open = async (devicePath: string, clock: Clock = realClock): Promise<DiskEngine> => {
    const health = new DeviceHealth(() => 0)
    const disk = new DiskGate({ clock: realClock, health, operationsMax: 3 }).guard(realDisk)
    const kv = levelEngine(realDisk, realClock)
    const parts = { disk, kv, clock, health, log: silentLogger, salt: TEST_SALT }
    return (await DiskEngine.open({ ...parts, devicePath, policyIndex: 0 })).engine
  }
  let count = 0
  const openNew = async (clock?: Clock): Promise<DiskEngine> => {
    count += 1
    const devicePath = join(base, `device-${count}`)
    await mkdir(join(devicePath, 'tmp'), { recursive: true })
    return await open(devicePath, clock)
  }
  await engineContract(t, () => openNew())
  await conditionalContract(t, () => openNew(new VirtualClock()))
  await t.test('everything is there after a restart', async (t) => {
    const devicePath = join(base, 'restart')
    await mkdir(join(devicePath, 'tmp'), { recursive: true })
    const engine = await open(devicePath)
    const large = { 'x-object-meta-large': 'x'.repeat(100_000) }
    await putObject(engine, second(1), 'small')
    await putObject(engine, second(1), 'large metadata', { name: '/a/c/large', headers: large })
    await t.rejects(open(devicePath), { code: 'LEVEL_LOCKED' }, 'a device belongs to one process')
    await engine.close()
    const again = await open(devicePath)
    t.equal(await bodyOf(again), 'small')
    t.equal(await bodyOf(again, '/a/c/large'), 'large metadata')
    const found = await again.lookUp('/a/c/large', { at: second(9), expired: 'hide' })
    t.match(found, { kind: 'found', object: { headers: large } })
    await again.close()
  })
})
