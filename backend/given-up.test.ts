/** Until when deletions were given up: never less than was noted, over restarts and growing part powers. */
import t from 'tap'
import { MemoryKv } from '#kv/memory-kv.ts'
import { GivenUp, oldEnoughMs, suspectUntilMs } from './given-up.ts'

const PREFIX = Buffer.from('given up/')
const DAY_MS = 86_400_000
const P = (partition: number, partPower = 4): { partPower: number; partition: number } => ({
  partPower,
  partition,
})

t.test('what was noted is durable, and never goes back', async (t) => {
  const kv = new MemoryKv()
  const store = await kv.open('/state')
  const noted = await GivenUp.open(store, PREFIX, 0)
  t.equal(noted.untilMs(P(3)), 0)
  await noted.note(P(3), 500)
  await noted.note(P(3), 400)
  t.equal(noted.untilMs(P(3)), 500)
  t.equal(noted.untilMs(P(4)), 0)
  await store.close()
  const again = await GivenUp.open(await kv.open('/state'), PREFIX, 9_000)
  t.equal(again.untilMs(P(3)), 500)
  t.equal(again.untilMs(P(4)), 0, 'a later start assumes nothing new')
})

t.test('of a device that noted nothing before, everything of before may have been given up', async (t) => {
  const noted = await GivenUp.open(await new MemoryKv().open('/state'), PREFIX, 700)
  t.equal(noted.untilMs(P(3)), 700)
  await noted.takeOver(P(3), 100)
  t.equal(noted.untilMs(P(3)), 100, 'those know better from whom it has learnt everything')
})

t.test('a range knows of the ranges within it, and they of it', async (t) => {
  const noted = await GivenUp.open(await new MemoryKv().open('/state'), PREFIX, 0)
  await noted.note(P(6, 5), 300)
  t.equal(noted.untilMs(P(3)), 300)
  t.equal(noted.untilMs(P(7, 5)), 0)
  await noted.note(P(3), 400)
  t.same([noted.untilMs(P(6, 5)), noted.untilMs(P(7, 5)), noted.untilMs(P(13, 6))], [400, 400, 400])
})

t.test('suspect is what one of them may have forgotten, and nothing that is too young for that', (t) => {
  const oldMs = oldEnoughMs(100 * DAY_MS, 7 * DAY_MS)
  t.equal(oldMs, 93 * DAY_MS + 60_000)
  t.equal(suspectUntilMs([10, 20], oldMs), 20)
  t.equal(suspectUntilMs([10, undefined], oldMs), oldMs, 'one does not say')
  t.equal(suspectUntilMs([10, oldMs + 1], oldMs), oldMs)
  t.end()
})
