import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { failStop, WRITE_DEADLINE_MS } from './fail-stop.ts'
import { GroupCommit, writeSynced } from './group-commit.ts'

const operation = { type: 'del', key: Buffer.from('a') } as const

/** A store whose batches end when the test says so. */
function slowStore(): { readonly store: KvStore; readonly batches: PromiseWithResolvers<void>[] } {
  const batches: PromiseWithResolvers<void>[] = []
  const nothing = async (): Promise<void> => {}
  const batch = (): Promise<void> => {
    const one = Promise.withResolvers<void>()
    batches.push(one)
    return one.promise
  }
  return { store: { batch, put: nothing, del: nothing, clear: nothing } as unknown as KvStore, batches }
}

t.test('writes pass one at a time, so that none can land behind one that is about to fail', async (t) => {
  const { store, batches } = slowStore()
  failStop(store)
  const first = writeSynced(store, [operation])
  const second = new GroupCommit(store).commit([operation])
  await new Promise(setImmediate)
  t.equal(batches.length, 1)
  batches[0]?.reject(Object.assign(new Error('no space'), { code: 'LEVEL_IO_ERROR' }))
  await t.rejects(first, { code: 'LEVEL_IO_ERROR' })
  await t.rejects(second, { code: 'LEVEL_WRITES_REFUSED', message: /no space/ })
  t.equal(batches.length, 1)
})

t.test('a write that hangs fails after its deadline, and what waits behind it too', async (t) => {
  const clock = new VirtualClock()
  const { store, batches } = slowStore()
  failStop(store, clock)
  const hung = writeSynced(store, [operation])
  const behind = writeSynced(store, [operation])
  await new Promise(setImmediate)
  await clock.advance(WRITE_DEADLINE_MS - 1)
  t.equal(clock.waiting, 1)
  const outcomes = Promise.allSettled([hung, behind])
  await clock.advance(1)
  t.match(await outcomes, [
    { reason: { code: 'LEVEL_WRITE_TIMEOUT' } },
    { reason: { code: 'LEVEL_WRITES_REFUSED' } },
  ])
  batches[0]?.resolve()
  await t.rejects(writeSynced(store, [operation]), { code: 'LEVEL_WRITES_REFUSED' })
})

t.test('time in which the process stood still does not count', async (t) => {
  const clock = new VirtualClock()
  const { store, batches } = slowStore()
  failStop(store, clock)
  const write = writeSynced(store, [operation])
  await new Promise(setImmediate)
  clock.suspend(10 * WRITE_DEADLINE_MS)
  await clock.advance(WRITE_DEADLINE_MS - 1)
  batches[0]?.resolve()
  await write
  t.equal(clock.waiting, 0)
})

t.test('a write in time leaves no timer behind', async (t) => {
  const clock = new VirtualClock()
  const { store, batches } = slowStore()
  failStop(store, clock)
  const write = writeSynced(store, [operation])
  await new Promise(setImmediate)
  batches[0]?.resolve()
  await write
  t.equal(clock.waiting, 0)
})
