/** When the process of a device that failed is started anew. */
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { DeviceHealth } from '#disk/device-health.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { failureKind } from '#disk/passing-failure.ts'
import { startDeviceReturn } from './device-return.ts'

const PATH = '/srv/d1'
const MINUTE_MS = 60_000
/** As LevelDB says it. */
const NO_ROOM = Object.assign(new Error('IO error: /srv/d1/state/000032.log: No space left on device'), {
  code: 'LEVEL_IO_ERROR',
})

async function scene(t: Test) {
  const clock = new VirtualClock()
  const machine = new MemoryDisk()
  const disk = machine.remount()
  await disk.mkdir(`${PATH}/tmp`, { recursive: true })
  const health = new DeviceHealth(() => clock.wallMs())
  const starts: number[] = []
  const loop = startDeviceReturn({
    disk,
    clock,
    log: silentLogger,
    path: PATH,
    health,
    startAnew: () => starts.push(clock.monotonicMs()),
  })
  t.teardown(() => loop.stop())
  return { clock, machine, disk, health, starts }
}

t.test('a device without room is started anew when there is some, once', async (t) => {
  const { clock, machine, disk, health, starts } = await scene(t)
  await clock.advance(MINUTE_MS)
  t.same(starts, [], 'not while it is well')
  machine.setSpace('full')
  health.fail('its state could not be written', failureKind(NO_ROOM))
  await clock.advance(MINUTE_MS)
  t.same(starts, [], 'not while there is no room')
  machine.setSpace('normal')
  await clock.advance(MINUTE_MS)
  t.equal(starts.length, 1)
  t.same(await disk.readdir(`${PATH}/tmp`), [], 'nothing is left of the trial')
})

t.test('a device that was read-only is started anew when it can be written', async (t) => {
  const { clock, machine, health, starts } = await scene(t)
  machine.setSpace('read_only')
  health.fail(
    'write failed with EROFS',
    failureKind(Object.assign(new Error('EROFS: write'), { code: 'EROFS' })),
  )
  await clock.advance(MINUTE_MS)
  t.same(starts, [])
  machine.setSpace('normal')
  await clock.advance(MINUTE_MS)
  t.equal(starts.length, 1)
})

t.test('after an I/O error somebody has to look first, whatever failed before it', async (t) => {
  const { clock, health, starts } = await scene(t)
  health.fail('its state could not be written', failureKind(NO_ROOM))
  health.fail('sync failed', failureKind(Object.assign(new Error('EIO: fsync'), { code: 'EIO' })))
  await clock.advance(MINUTE_MS)
  t.same(starts, [])
})

t.test('what was refused because an earlier write found no room is the same failure', async (t) => {
  const refused = Object.assign(new Error(`an earlier write failed: ${NO_ROOM}`, { cause: NO_ROOM }), {
    code: 'LEVEL_WRITES_REFUSED',
  })
  t.equal(failureKind(refused), 'passing')
  t.equal(failureKind(new Error('a wrapper', { cause: NO_ROOM })), 'passing')
  t.equal(failureKind(Object.assign(new Error('no'), { code: 'LEVEL_IO_ERROR' })), 'lasting')
  t.equal(failureKind(undefined), 'lasting')
})
