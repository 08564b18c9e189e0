import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { RecordCollection } from '#store/records/contract.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { ImageViewCache } from './image-view-cache.ts'

const CONTEXT = { txId: 'tx', signal: undefined, log: silentLogger }

/** A registry without images whose list takes its time. */
function slow(
  clock: VirtualClock,
  takesMs: number,
): { readonly records: RecordCollection<ImageRecord>; count: number } {
  const never = (): never => {
    throw new Error('nothing but lists is asked for')
  }
  const registry = {
    count: 0,
    records: {
      read: never,
      create: never,
      replace: never,
      remove: never,
      list: async () => {
        registry.count += 1
        await clock.sleep(takesMs)
        return { kind: 'listed', records: [], next: undefined } as const
      },
    },
  }
  return registry
}

t.test('whoever asks waits for two refreshes at most, however long they take', async (t) => {
  const clock = new VirtualClock()
  const registry = slow(clock, 5000)
  const view = new ImageViewCache({ records: registry.records, clock })
  const first = view.all(CONTEXT)
  await clock.advance(2000)
  const second = view.all(CONTEXT)
  let isAnswered = false
  const answered = second.then(() => (isAnswered = true))
  await clock.advance(3000)
  t.same([...((await first) as Iterable<ImageRecord>)], [])
  t.notOk(isAnswered, 'the refresh began before the question')
  await clock.advance(5000)
  await answered
  t.equal(registry.count, 2)
})

t.test('a view that is fresh is given at once, and renewed meanwhile', async (t) => {
  const clock = new VirtualClock()
  const registry = slow(clock, 0)
  const view = new ImageViewCache({ records: registry.records, clock })
  const first = view.all(CONTEXT)
  await clock.advance(1)
  await first
  await clock.advance(300)
  await view.all(CONTEXT)
  t.equal(registry.count, 1)
  await clock.advance(300)
  await view.all(CONTEXT)
  t.equal(registry.count, 2)
})
