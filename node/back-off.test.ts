import t from 'tap'
import { BackOff } from './back-off.ts'

t.test('pauses double as long as a process keeps dying, up to ten seconds', async (t) => {
  const backOff = new BackOff()
  t.same(
    Array.from({ length: 9 }, () => backOff.nextDelayMs(50)),
    [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000],
  )
})

t.test('a process that ran well starts again soon', async (t) => {
  const backOff = new BackOff()
  for (let death = 0; death < 5; death += 1) backOff.nextDelayMs(50)
  t.equal(backOff.nextDelayMs(30_000), 100)
})
