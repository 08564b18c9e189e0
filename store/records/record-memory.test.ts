import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { RecordRead } from './contract.ts'
import { RecordMemory } from './record-memory.ts'

const ABSENT: RecordRead<unknown> = { kind: 'absent' }
const LOST: RecordRead<unknown> = { kind: 'unavailable', reason: 'lost' }

function start() {
  const clock = new VirtualClock()
  const memory = new RecordMemory(clock)
  const reads: ((found: RecordRead<unknown>) => void)[] = []
  const get = () =>
    memory.get('k', () => {
      const { promise, resolve } = Promise.withResolvers<RecordRead<unknown>>()
      reads.push(resolve)
      return promise
    })
  return { clock, memory, reads, get }
}

t.test('those who ask at the same moment share one read, and it is remembered for a second', async (t) => {
  const { clock, reads, get } = start()
  const both = Promise.all([get(), get()])
  t.equal(reads.length, 1)
  reads[0]?.(ABSENT)
  t.same(await both, [ABSENT, ABSENT])
  await clock.advance(499)
  t.same(await get(), ABSENT)
  t.equal(reads.length, 1)
  await clock.advance(501)
  void get()
  t.equal(reads.length, 2, 'after a second somebody has to wait')
})

t.test('what is used is read anew before its time is over, and nobody waits for it', async (t) => {
  const { clock, reads, get } = start()
  void get()
  reads[0]?.(ABSENT)
  await clock.advance(600)
  t.same(await get(), ABSENT)
  t.same(await get(), ABSENT)
  t.equal(reads.length, 2)
  reads[1]?.(LOST)
  await clock.advance(399)
  t.same(await get(), ABSENT, 'what could not be read anew is believed until its time is over')
})

t.test('what was forgotten while it was being read is not remembered', async (t) => {
  const { memory, reads, get } = start()
  const early = get()
  memory.forget('k')
  const late = get()
  t.equal(reads.length, 2)
  reads[1]?.({ kind: 'unreadable', reason: 'later' })
  reads[0]?.(ABSENT)
  t.same(await early, ABSENT)
  t.match(await late, { kind: 'unreadable' })
  t.match(await get(), { kind: 'unreadable' })
})

t.test('the time of a slow read counts: what comes late is already old', async (t) => {
  const { clock, reads, get } = start()
  const slow = get()
  await clock.advance(1000)
  reads[0]?.(ABSENT)
  t.same(await slow, ABSENT)
  void get()
  t.equal(reads.length, 2)
})

t.test('that nobody could tell is not remembered', async (t) => {
  const { reads, get } = start()
  const first = get()
  reads[0]?.(LOST)
  t.same(await first, LOST)
  void get()
  t.equal(reads.length, 2)
})
