import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { onlyDesk } from '#store/desk/peer-desks.ts'
import { askForTurn, RateDesk, type RateQuestion } from './rate-desk.ts'
import { parseRateStep, rateFor } from './rates.ts'

const STEPS = [
  { objects: 100, perSecond: 100 },
  { objects: 200, perSecond: 50 },
]

t.test('the rate falls evenly between two sizes, and stays after the last', async (t) => {
  t.equal(rateFor(STEPS, 0), undefined)
  t.equal(rateFor(STEPS, 99), undefined)
  t.equal(rateFor(STEPS, 100), 100)
  t.equal(rateFor(STEPS, 150), 75)
  t.equal(rateFor(STEPS, 200), 50)
  t.equal(rateFor(STEPS, 1e9), 50)
  t.equal(rateFor([], 100), undefined)
  t.equal(rateFor([{ objects: 0, perSecond: 5 }], 1), 5)
})

t.test('a step is written as a size and a rate', async (t) => {
  t.same(parseRateStep('100:20'), { objects: 100, perSecond: 20 })
  t.same(parseRateStep('100 = 0.5'), { objects: 100, perSecond: 0.5 })
  for (const wrong of ['', '100', ':', 'a:1', '1:-1', '1:2:3'])
    t.equal(parseRateStep(wrong), undefined, wrong)
})

const QUESTION: RateQuestion = { key: 'k', perSecond: 10, maxWaitMs: 1000, bufferMs: 500 }

t.test('requests get places in time one behind the other, until the wait is too long', async (t) => {
  const clock = new VirtualClock()
  const desk = new RateDesk(clock)
  const waits = Array.from({ length: 10 }, () => desk.take(QUESTION))
  t.same(
    waits.map(({ ms }) => ms),
    [0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
  )
  t.equal(desk.take(QUESTION).kind, 'refused')
  t.equal(desk.take({ ...QUESTION, key: 'other' }).ms, 0)
  await clock.advance(500)
  t.same(desk.take(QUESTION), { kind: 'wait', ms: 500 })
})

t.test('a quiet key has saved up some time, and no more', async (t) => {
  const clock = new VirtualClock()
  const desk = new RateDesk(clock)
  desk.take(QUESTION)
  await clock.advance(500)
  const waits = Array.from({ length: 6 }, () => desk.take(QUESTION).ms)
  t.same(waits, [0, 0, 0, 0, 0, 100].slice(0, 6))
  await clock.advance(60_000)
  t.equal(desk.take(QUESTION).ms, 0)
  t.equal(desk.take(QUESTION).ms, 100, 'a long silence begins anew')
})

t.test('a desk that cannot be asked holds nobody up', async (t) => {
  const desk = new RateDesk(new VirtualClock())
  t.same(await askForTurn(onlyDesk(desk.answer), QUESTION), { kind: 'wait', ms: 0 })
  t.same(
    await askForTurn(
      onlyDesk(async () => undefined),
      QUESTION,
    ),
    { kind: 'wait', ms: 0 },
  )
  t.equal(await desk.answer({ kind: 'rate', key: 'k', perSecond: 0, maxWaitMs: 1, bufferMs: 1 }), undefined)
  t.equal(await desk.answer({ kind: 'other' }), undefined)
})
