import t from 'tap'
import type { Clock, DiskFile, MadeFile, ManyFiles, NewFile } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { DeviceHealth } from './device-health.ts'
import { diskContract } from './disk-contract.ts'
import { DiskGate } from './disk-gate.ts'
import { createFiles, readFiles, renameFiles } from './many-files.ts'
import { MemoryDisk } from './memory-disk.ts'

function gated(options: { clock?: Clock; operationsMax?: number; deadlineMs?: number } = {}) {
  const memory = new MemoryDisk()
  const health = new DeviceHealth(() => 1000)
  const gate = new DiskGate({
    clock: options.clock ?? realClock,
    health,
    operationsMax: options.operationsMax ?? 3,
    deadlineMs: options.deadlineMs ?? 1000,
  })
  return { memory, health, gate, disk: gate.guard(memory.remount()) }
}

await t.test('a disk behind the gate is still a disk', (t) =>
  diskContract(t, async () => {
    const { disk } = gated()
    await disk.mkdir('/device')
    return { disk, directory: '/device', xattrs: 'supported' }
  }),
)

await t.test('no more operations are under way than allowed; the rest wait in order', async (t) => {
  const { gate } = gated({ operationsMax: 2 })
  const order: number[] = []
  let underWay = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      gate.pass('read', '/file', 'reads', async () => {
        underWay += 1
        most = Math.max(most, underWay)
        order.push(at)
        await realClock.sleep(1)
        underWay -= 1
      }),
    ),
  )
  t.equal(most, 2)
  t.same(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.same(gate.figures, { underWay: 0, waiting: 0 })
})

await t.test('a queue that is full refuses what begins, not the sync that ends a change', async (t) => {
  const { gate } = gated({ operationsMax: 1 })
  const done = Promise.withResolvers<void>()
  const queued = [gate.pass('read', '/file', 'reads', () => done.promise)]
  for (let n = 0; n < 10_000; n += 1) queued.push(gate.pass('read', '/file', 'reads', () => done.promise))
  await t.rejects(
    gate.pass('rename', '/file', 'changes', () => done.promise),
    { code: 'EDISKBUSY' },
  )
  await t.rejects(
    gate.pass('openRead', '/', 'reads', () => done.promise),
    { code: 'EDISKBUSY' },
  )
  queued.push(gate.pass('syncDirectory', '/', 'syncs', () => done.promise))
  done.resolve()
  await Promise.all(queued)
  t.same(gate.figures, { underWay: 0, waiting: 0 })
})

await t.test('an operation past its deadline fails and takes the device out of use', async (t) => {
  const { memory, health, gate, disk } = gated({ operationsMax: 1, deadlineMs: 20 })
  await disk.mkdir('/device')
  memory.addFault({ operation: 'readdir', effect: 'hang', times: 1 })
  const hung = disk.readdir('/device')
  const waiting = disk.stat('/device')
  // The gate's timer does not keep the process alive; this one does.
  const alive = setInterval(() => {}, 5)
  await Promise.all([t.rejects(hung, { code: 'EDISKTIMEOUT' }), t.rejects(waiting, { code: 'EDISKFAILED' })])
  clearInterval(alive)
  t.match(health.failure, { reason: /readdir did not end within 20 ms/, sinceMs: 1000 })
  await t.rejects(disk.stat('/device'), { code: 'EDISKFAILED' })
  t.equal(gate.figures.underWay, 1, 'the hung operation still holds its slot')
})

await t.test('time in which the process stood still does not count', async (t) => {
  const clock = new VirtualClock()
  const { memory, health, disk } = gated({ clock, operationsMax: 1, deadlineMs: 20_000 })
  await disk.mkdir('/device')
  memory.addFault({ operation: 'readdir', effect: 'hang', times: 1 })
  const hung = t.rejects(disk.readdir('/device'), { code: 'EDISKTIMEOUT' })
  clock.suspend(60_000)
  await clock.advance(19_000)
  t.equal(health.failure, undefined)
  await clock.advance(1_000)
  await hung
  t.match(health.failure, { reason: /readdir did not end/ })
})

await t.test('a failed sync takes the device out of use until somebody looked at it', async (t) => {
  const { memory, health, disk } = gated()
  const file = await disk.createExclusive('/file')
  memory.addFault({ operation: 'sync', effect: 'EIO', times: 1 })
  await t.rejects(file.sync(), { code: 'EIO' })
  await t.rejects(disk.createExclusive('/other'), { code: 'EDISKFAILED' })
  await file.close()
  health.clear()
  await disk.createExclusive('/other')
})

await t.test(
  'a full disk, a missing name or an unreadable block are no reason to give up the device',
  async (t) => {
    const { memory, health, disk } = gated()
    memory.setSpace('full')
    await t.rejects(disk.createExclusive('/file'), { code: 'ENOSPC' })
    await t.rejects(disk.unlink('/none'), { code: 'ENOENT' })
    memory.addFault({ operation: 'readdir', effect: 'EIO', times: 1 })
    await t.rejects(disk.readdir('/'), { code: 'EIO' })
    t.equal(health.failure, undefined)
  },
)

await t.test('a disk gone read-only is out of use', async (t) => {
  const { memory, health, disk } = gated()
  memory.setSpace('read_only')
  await t.rejects(disk.mkdir('/a'), { code: 'EROFS' })
  t.match(health.failure, { reason: /EROFS/ })
})

/** A disk that does many files in one go, as it is told to. */
function manyDisk(many: Partial<ManyFiles>) {
  const parts = gated({ deadlineMs: 20 })
  const disk = { ...parts.memory.remount(), many: many as ManyFiles }
  return { ...parts, disk: parts.gate.guard(disk) }
}

const FILES: readonly NewFile[] = ['/a', '/b', '/c', '/d'].map((path) => ({
  path,
  contents: [Buffer.from('x')],
  attribute: { name: 'user.x', value: Buffer.from('v'), otherwise: Buffer.from('v') },
}))

const failed = (code: string): Error => Object.assign(new Error(code), { code })

await t.test('one bad file among many is judged as if it were alone', async (t) => {
  for (const [code, isOut] of [
    ['ENOSPC', false],
    ['EEXIST', false],
    ['EIO', true],
    ['EROFS', true],
  ] as const) {
    const made = FILES.map(() => ({ kind: 'failed' as const, error: failed(code) }))
    const { disk, health } = manyDisk({ create: async () => made })
    t.same(await createFiles(disk, FILES), made)
    t.equal(health.failure !== undefined, isOut, code)
  }
  const renaming = manyDisk({ rename: async (moves) => moves.map(() => failed('EIO')) })
  await renameFiles(
    renaming.disk,
    FILES.map(({ path }) => ({ source: path, target: `${path}2` })),
  )
  t.match(renaming.health.failure, { reason: /rename failed with EIO/ })
  const reading = manyDisk({ read: async (files) => files.map(() => failed('EIO')) })
  await readFiles(
    reading.disk,
    FILES.map(({ path }) => ({ path, bytesMax: 1 })),
  )
  t.equal(reading.health.failure, undefined, 'an unreadable block is no reason to give up the device')
})

await t.test(
  'many files that do not come in time take the device out of use, and are closed when they come',
  async (t) => {
    const late = Promise.withResolvers<readonly MadeFile[]>()
    const { disk, health } = manyDisk({ create: () => late.promise })
    const alive = setInterval(() => {}, 5)
    await t.rejects(createFiles(disk, FILES), { code: 'EDISKTIMEOUT' })
    clearInterval(alive)
    t.match(health.failure, { reason: /create did not end within 20 ms/ })
    let closed = 0
    const file = { close: async () => void (closed += 1) } as unknown as DiskFile
    late.resolve(FILES.map(() => ({ kind: 'made', file, attribute: 'kept' })))
    await new Promise(setImmediate)
    t.equal(closed, FILES.length)
  },
)

await t.test('a sync of one of many files that fails takes the device out of use', async (t) => {
  const file = { sync: () => Promise.reject(failed('EIO')) } as unknown as DiskFile
  const { disk, health } = manyDisk({
    create: async (files) => files.map(() => ({ kind: 'made', file, attribute: 'kept' })),
  })
  const [first] = await createFiles(disk, FILES)
  await t.rejects(first?.kind === 'made' ? first.file.sync() : Promise.resolve(), { code: 'EIO' })
  t.match(health.failure, { reason: /sync failed with EIO/ })
})
