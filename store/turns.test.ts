import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { Turns } from './turns.ts'

await t.test('who wants the same name comes one after the other, others at once', async (t) => {
  const clock = new VirtualClock()
  const turns = new Turns(clock)
  const seen: string[] = []
  const first = await turns.take('o', 100)
  const second = turns.take('o', 100).then((turn) => (seen.push('second'), turn))
  const third = turns.take('o', 100).then((turn) => (seen.push('third'), turn))
  ;(await turns.take('p', 100)).end()
  await clock.advance(10)
  t.same(seen, [])
  first.end()
  first.end()
  ;(await second).end()
  ;(await third).end()
  t.same(seen, ['second', 'third'])
  ;(await turns.take('o', 100)).end()
  t.equal(clock.waiting, 0)
})

await t.test('who has waited long enough goes ahead, and keeps nobody waiting', async (t) => {
  const clock = new VirtualClock()
  const turns = new Turns(clock)
  const first = await turns.take('o', 100)
  const impatient = turns.take('o', 50)
  const patient = turns.take('o', 100)
  await clock.advance(60)
  ;(await impatient).end()
  first.end()
  ;(await patient).end()
  t.equal(clock.waiting, 0)
})
