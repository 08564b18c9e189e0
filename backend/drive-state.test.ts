import t from 'tap'
import type { Disk } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { Drive, type DriveOptions, parseReserve } from './drive-state.ts'
import { directoriesDisk, roomySpace } from './test-twins.ts'

function driveOn(disk: Disk, clock: VirtualClock, more: Partial<DriveOptions> = {}): Drive {
  return new Drive({
    disk,
    clock,
    devicesPath: '/srv/node',
    device: 'sda1',
    mountCheck: 'any_directory',
    ...more,
  })
}

async function statuses(drive: Drive): Promise<readonly (number | undefined)[]> {
  const purposes = ['read', 'write', 'delete'] as const
  const refusals = await Promise.all(purposes.map((purpose) => drive.refuse('sda1', purpose)))
  return refusals.map((refusal) => refusal?.response.status)
}

t.test('a healthy device does everything; another device is not here', async (t) => {
  const drive = driveOn(directoriesDisk(roomySpace()), new VirtualClock())
  t.same(await statuses(drive), [undefined, undefined, undefined])
  const elsewhere = await drive.refuse('sdb1', 'read')
  t.equal(elsewhere?.response.status, 507)
  t.match(String(elsewhere?.response.body), 'Drive: sdb1')
})

t.test('a device with less than the reserve left takes no writes', async (t) => {
  const space = { ...roomySpace(), totalBytes: 1000, freeBytes: 10 }
  const clock = new VirtualClock()
  const drive = driveOn(directoriesDisk(space), clock)
  t.same(await statuses(drive), [undefined, undefined, undefined], 'one per cent is enough')
  t.equal((await drive.refuseWrite(1))?.response.status, 507, 'but not for this body')
  space.freeBytes = 9
  t.same(await statuses(drive), [undefined, undefined, undefined], 'not looked at again yet')
  await clock.advance(1000)
  t.same(await statuses(drive), [undefined, 507, undefined])
  t.same(await drive.state(), { kind: 'full', freeBytes: 9, totalBytes: 1000 })
  const inBytes = driveOn(directoriesDisk(space), clock, { reserve: { unit: 'bytes', amount: 9 } })
  t.same(await statuses(inBytes), [undefined, undefined, undefined])
})

t.test('a device of a machine whose clock is ahead of others is read and takes nothing', async (t) => {
  const drive = driveOn(directoriesDisk(roomySpace()), new VirtualClock())
  drive.doubtClock('ahead')
  t.same(await statuses(drive), [undefined, 507, 507])
  t.same(await drive.state(), { kind: 'clock_ahead' })
  drive.doubtClock('believed')
  t.same(await statuses(drive), [undefined, undefined, undefined])
})

t.test('a read-only device can be read', async (t) => {
  const drive = driveOn(directoriesDisk({ ...roomySpace(), readOnly: true }), new VirtualClock())
  t.same(await statuses(drive), [undefined, 507, 507])
})

t.test('a device that is not there, or is a file, is missing', async (t) => {
  const gone = { stat: async () => Promise.reject(Object.assign(new Error(), { code: 'ENOENT' })) }
  t.same(await statuses(driveOn(gone as unknown as Disk, new VirtualClock())), [507, 507, 507])
  const file = { stat: async () => ({ sizeBytes: 1, mtimeMs: 0, isDirectory: false }) }
  t.same(await driveOn(file as unknown as Disk, new VirtualClock()).state(), { kind: 'missing' })
  const odd = driveOn(directoriesDisk(roomySpace()), new VirtualClock(), { device: 'a b' })
  t.same(await odd.state(), { kind: 'missing' })
})

t.test('a device whose filesystem gives errors has failed', async (t) => {
  const broken = { stat: async () => Promise.reject(Object.assign(new Error(), { code: 'EIO' })) }
  t.same(await driveOn(broken as unknown as Disk, new VirtualClock()).state(), {
    kind: 'failed',
    reason: 'EIO',
  })
})

t.test('where a mount is required, a bare directory is refused', async (t) => {
  const filesystems = new Map([
    ['/srv/node', 1],
    ['/srv/node/sda1', 1],
  ])
  const disk: Disk = {
    ...directoriesDisk(roomySpace()),
    stat: async (path) => ({
      sizeBytes: 0,
      mtimeMs: 0,
      isDirectory: true,
      filesystemId: filesystems.get(path),
    }),
  }
  const clock = new VirtualClock()
  t.same(await statuses(driveOn(disk, clock)), [undefined, undefined, undefined])
  const strict = driveOn(disk, clock, { mountCheck: 'mount_point' })
  t.same(await strict.state(), { kind: 'unmounted' })
  filesystems.set('/srv/node/sda1', 2)
  await clock.advance(1000)
  t.same(await strict.state(), { kind: 'ready' })
})

t.test('a failed device stays so, with its first reason, until somebody mends it', async (t) => {
  const drive = driveOn(directoriesDisk(roomySpace()), new VirtualClock())
  drive.fail('fsync: EIO')
  drive.fail('later')
  t.same(await drive.state(), { kind: 'failed', reason: 'fsync: EIO' })
  t.same(await statuses(drive), [507, 507, 507])
  drive.mend()
  t.same(await statuses(drive), [undefined, undefined, undefined])
})

t.test('a reserve is a percentage or a number of bytes', async (t) => {
  t.same(parseReserve('1%'), { unit: 'percent', amount: 1 })
  t.same(parseReserve(' 2.5% '), { unit: 'percent', amount: 2.5 })
  t.same(parseReserve('1073741824'), { unit: 'bytes', amount: 1073741824 })
  t.equal(parseReserve('1.5'), undefined)
  t.equal(parseReserve('much'), undefined)
})

t.test(
  'bodies under way do not together go below the reserve, also where each alone would not',
  async (t) => {
    const space = { ...roomySpace(), totalBytes: 1000, freeBytes: 100 }
    const clock = new VirtualClock()
    const drive = driveOn(directoriesDisk(space), clock)
    const first = await drive.keepRoom(50)
    t.ok(first, 'the reserve is 10')
    t.equal(await drive.keepRoom(50), undefined)
    t.equal((await drive.refuseWrite(50))?.response.status, 507, 'nor is there room for a client')
    const second = await drive.keepRoom(40)
    t.ok(second)
    first?.release()
    t.equal(await drive.keepRoom(1), undefined, 'it is on the disk, and no look has shown it yet')
    space.freeBytes = 50
    await clock.advance(1_000)
    t.equal(await drive.keepRoom(1), undefined, 'the other one is still to come')
    second?.release()
    await clock.advance(1_000)
    t.ok(await drive.keepRoom(40), 'it was given up')
  },
)

t.test('there is room for nothing on a device that is not fit to be written', async (t) => {
  const drive = driveOn(directoriesDisk({ ...roomySpace(), readOnly: true }), new VirtualClock())
  t.equal(await drive.keepRoom(0), undefined)
})
