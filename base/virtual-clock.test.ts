import fc from 'fast-check'
import t from 'tap'
import { SeededRandom, VirtualClock } from './virtual-clock.ts'

void t.test('timers run in the order of their times, then in the order they were made', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 50 }), async (delays) => {
      const clock = new VirtualClock()
      const ran: [number, number][] = []
      for (const [order, delay] of delays.entries()) {
        clock.setTimer(delay, () => ran.push([clock.monotonicMs(), order]))
      }
      await clock.advance(20)
      const expected = [...delays.entries()]
        .map(([order, delay]): [number, number] => [delay, order])
        .sort((left, right) => left[0] - right[0] || left[1] - right[1])
      t.same(ran, expected)
      t.equal(clock.monotonicMs(), 20)
    }),
  )
})

void t.test('nothing happens until time is let pass', async (t) => {
  const clock = new VirtualClock({ startMs: 5000 })
  let woke = false
  const sleeping = clock.sleep(100).then(() => {
    woke = true
  })
  await clock.advance(99)
  t.notOk(woke)
  t.equal(clock.wallMs(), 5099)
  await clock.advance(1)
  t.ok(woke)
  await sleeping
})

void t.test('what follows from one timer happens before the next one', async (t) => {
  const clock = new VirtualClock()
  const seen: string[] = []
  const loop = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(10)
      seen.push(`${clock.monotonicMs()}`)
    }
  }
  const looping = loop()
  await clock.runUntilIdle()
  await looping
  t.same(seen, ['10', '20', '30'])
})

void t.test('a cancelled timer does not run and does not wait', async (t) => {
  const clock = new VirtualClock()
  const timer = clock.setTimer(10, () => t.fail('ran'))
  timer.cancel()
  timer.cancel()
  t.equal(clock.waiting, 0)
  await clock.runUntilIdle()
  t.equal(clock.monotonicMs(), 0)
})

void t.test('sleep rejects with the reason of the signal', async (t) => {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(10, controller.signal)
  controller.abort(new Error('enough'))
  await t.rejects(sleeping, { message: 'enough' })
  await t.rejects(clock.sleep(10, AbortSignal.abort(new Error('before'))), { message: 'before' })
  t.equal(clock.waiting, 0)
})

void t.test('something that schedules itself for ever is noticed', async (t) => {
  const clock = new VirtualClock()
  const again = (): void => {
    clock.setTimer(1000, again)
  }
  again()
  await t.rejects(clock.runUntilIdle(10_000), { message: 'not idle after 10000 ms: 1 timers still wait' })
})

void t.test('the wall clock can jump without disturbing timers', async (t) => {
  const clock = new VirtualClock({ startMs: 1000 })
  let ran = false
  clock.setTimer(10, () => {
    ran = true
  })
  clock.jumpWall(-500)
  t.equal(clock.wallMs(), 500)
  t.equal(clock.monotonicMs(), 0)
  await clock.advance(10)
  t.ok(ran)
})

void t.test('the same seed gives the same chance, another seed another', async (t) => {
  const draw = (seed: number): string => {
    const random = new SeededRandom(seed)
    return `${random.bytes(8).toString('hex')} ${random.below(1000)} ${random.below(1000)}`
  }
  t.equal(draw(42), draw(42))
  t.not(draw(42), draw(43))
})

void t.test('seeded numbers spread evenly below their limit', async (t) => {
  const random = new SeededRandom(1)
  const counts = [0, 0, 0, 0]
  for (let turn = 0; turn < 4000; turn += 1) {
    const number = random.below(4)
    counts[number] = (counts[number] ?? 0) + 1
  }
  t.ok(counts.every((count) => count > 900 && count < 1100))
})
