import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { DiskGate } from '#disk/disk-gate.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'
import { DiskEngine } from './disk-engine.ts'
import { bodyOf, engineContract, putObject, second } from './engine-contract.ts'
import { NO_CACHE, newMachine, startEngine, TEST_SALT } from './test-engine.ts'

await t.test('over the twins', (t) => engineContract(t, async () => (await startEngine()).engine))

await t.test('over the twins, nothing remembered', (t) =>
  engineContract(t, async () => (await startEngine(newMachine(), { cacheLimits: NO_CACHE })).engine),
)

await t.test('over the twins, without attributes', (t) =>
  engineContract(t, async () => {
    const machine = newMachine({ xattrBytesMax: 0 })
    return (await startEngine(machine, { cacheLimits: NO_CACHE })).engine
  }),
)

async function onRealDirectory(t: Test, parent: string): Promise<void> {
  const base = await mkdtemp(join(parent, 'martlet-engine-'))
  t.teardown(() => rm(base, { recursive: true, force: true }))
  let count = 0
  const create = async (devicePath: string): Promise<DiskEngine> => {
    const health = new DeviceHealth(() => 0)
    const disk = new DiskGate({ clock: realClock, health, operationsMax: 3 }).guard(realDisk)
    const kv = levelEngine(realDisk)
    const parts = { disk, kv, clock: realClock, health, log: silentLogger, salt: TEST_SALT }
    return (await DiskEngine.open({ ...parts, devicePath, policyIndex: 0 })).engine
  }
  await engineContract(t, async () => {
    count += 1
    const devicePath = join(base, String(count))
    await mkdir(join(devicePath, 'tmp'), { recursive: true })
    return await create(devicePath)
  })
  await t.test('everything is there after a restart', async (t) => {
    const devicePath = join(base, 'restart')
    await mkdir(join(devicePath, 'tmp'), { recursive: true })
    const engine = await create(devicePath)
    const large = { 'x-object-meta-large': 'x'.repeat(20_000) }
    await putObject(engine, second(1), 'small')
    await putObject(engine, second(1), 'large metadata', { name: '/a/c/large', headers: large })
    await t.rejects(create(devicePath), { code: 'LEVEL_LOCKED' }, 'a device belongs to one process')
    await engine.close()
    const again = await create(devicePath)
    t.equal(await bodyOf(again), 'small')
    t.equal(await bodyOf(again, '/a/c/large'), 'large metadata')
    const found = await again.lookUp('/a/c/large', { at: second(9), expired: 'hide' })
    t.match(found, { kind: 'found', object: { headers: large } })
    await again.close()
  })
}

await t.test('over a real directory', (t) => onRealDirectory(t, tmpdir()))

await t.test('over a real directory on tmpfs', async (t) => {
  if (!existsSync('/dev/shm')) return void t.pass('runs here', { skip: 'no /dev/shm here' })
  await onRealDirectory(t, '/dev/shm')
})
