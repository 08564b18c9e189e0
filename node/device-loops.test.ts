/** When a device notes that it is alive. */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { startDeviceLoops } from './device-loops.ts'

const MINUTE_MS = 60_000

t.test('a device notes that it is alive every hour, and soon after its clock was set back', async (t) => {
  const clock = new VirtualClock()
  const stamps: number[] = []
  const device = {
    stampAlive: async (): Promise<void> => {
      stamps.push(clock.monotonicMs())
    },
  }
  const loops = startDeviceLoops({ clock, log: silentLogger, device })
  t.teardown(() => Promise.all(loops.map((loop) => loop.stop())))
  for (let minutes = 0; minutes < 59; minutes += 1) await clock.advance(MINUTE_MS)
  t.equal(stamps.length, 0)
  for (let minutes = 0; minutes < 2; minutes += 1) await clock.advance(MINUTE_MS)
  t.equal(stamps.length, 1)
  clock.jumpWall(-7 * 24 * 60 * MINUTE_MS)
  await clock.advance(MINUTE_MS)
  t.equal(stamps.length, 2)
  for (let minutes = 0; minutes < 30; minutes += 1) await clock.advance(MINUTE_MS)
  t.equal(stamps.length, 2, 'once')
})
