import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { Retries } from './retries.ts'

t.test('what failed waits, twice as long each time and not for ever, until it is forgotten', async (t) => {
  const clock = new VirtualClock()
  const retries = new Retries(clock, { firstMs: 1_000, mostMs: 3_000 })
  t.equal(retries.isTooEarly('a'), false)
  for (const waitMs of [1_000, 2_000, 3_000, 3_000]) {
    retries.later('a')
    await clock.advance(waitMs - 1)
    t.equal(retries.isTooEarly('a'), true, `${waitMs} ms are not over`)
    await clock.advance(1)
    t.equal(retries.isTooEarly('a'), false, `${waitMs} ms are over`)
  }
  retries.later('a')
  retries.forget('a')
  t.equal(retries.isTooEarly('a'), false)
  t.equal(retries.isTooEarly('b'), false, 'others do not wait')
})
