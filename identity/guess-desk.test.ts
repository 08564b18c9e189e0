import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { onlyDesk } from '#store/desk/peer-desks.ts'
import { GuessDesk, isHeldUp, tellOutcome } from './guess-desk.ts'

function start(failures: number) {
  const clock = new VirtualClock()
  const desks = onlyDesk(new GuessDesk(clock, { failures, holdMs: 60_000 }).answer)
  const fail = async (user: string, address: string, times: number): Promise<void> => {
    for (let done = 0; done < times; done += 1) await tellOutcome(desks, { user, address }, 'failed')
  }
  const isHeld = (user: string, address: string) => isHeldUp(desks, { user, address })
  return { clock, desks, fail, isHeld }
}

t.test('one address is held up for one user, for a while', async (t) => {
  const { clock, fail, isHeld } = start(3)
  await fail('ada', 'here', 2)
  t.notOk(await isHeld('ada', 'here'))
  await fail('ada', 'here', 1)
  t.ok(await isHeld('ada', 'here'))
  t.notOk(await isHeld('ada', 'there'))
  t.notOk(await isHeld('bob', 'here'))
  await clock.advance(60_000)
  t.notOk(await isHeld('ada', 'here'))
})

t.test('a right password makes up for the wrong ones before it', async (t) => {
  const { desks, fail, isHeld } = start(3)
  await fail('ada', 'here', 2)
  await tellOutcome(desks, { user: 'ada', address: 'here' }, 'succeeded')
  await fail('ada', 'here', 2)
  t.notOk(await isHeld('ada', 'here'))
})

t.test('who guesses from many addresses is held up everywhere', async (t) => {
  const { fail, isHeld } = start(3)
  for (let address = 0; address < 15; address += 1) await fail('ada', String(address), 2)
  t.ok(await isHeld('ada', 'another'))
  t.notOk(await isHeld('bob', 'another'))
})

t.test('a name that is none shuts nobody out, and takes no room', async (t) => {
  const { fail, isHeld } = start(3)
  await fail('ada\0here', 'elsewhere', 5)
  t.notOk(await isHeld('ada', 'here'))
  const asked: string[] = []
  const ask = async (key: string, question: object): Promise<undefined> => {
    asked.push(key, JSON.stringify(question))
  }
  await isHeldUp({ ask }, { user: 'x'.repeat(100_000), address: 'here' })
  await tellOutcome({ ask }, { user: 'x'.repeat(100_000), address: 'here' }, 'failed')
  t.ok(asked.length === 4 && asked.every(({ length }) => length < 1000))
})

t.test('where it is turned off nobody is held up', async (t) => {
  const { fail, isHeld } = start(0)
  await fail('ada', 'here', 50)
  t.notOk(await isHeld('ada', 'here'))
})
