import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { type NewDevice, ReplicaStates } from './replica-state.ts'

const DAY_MS = 24 * 3600 * 1000

function open(
  store: KvStore,
  clock: VirtualClock,
  newDevice: NewDevice = 'may_have_held_data',
): Promise<ReplicaStates> {
  return ReplicaStates.open(store, { clock, keyPrefix: Buffer.from([7]), newDevice })
}

t.test('a device without any state is joining, unless its cluster is new', async (t) => {
  const clock = new VirtualClock()
  t.equal((await open(await new MemoryKv().open('/d'), clock)).of(1), 'joining')
  t.equal((await open(await new MemoryKv().open('/d'), clock, 'part_of_new_cluster')).of(1), 'synced')
})

t.test('states survive a crash', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const before = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  await before.set(3, 'joining')
  await before.set(5, 'joining')
  await before.set(5, 'synced')
  await kv.crash()
  const after = await open(await kv.open('/d'), clock)
  t.same(
    [1, 3, 5].map((partition) => after.of(partition)),
    ['synced', 'joining', 'synced'],
  )
})

t.test('all partitions at once forget what was said of single ones', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const states = await open(await kv.open('/d'), clock)
  await states.set(3, 'synced')
  await states.setAll('joining')
  t.equal(states.of(3), 'joining')
  await states.setAll('synced')
  await kv.crash()
  const after = await open(await kv.open('/d'), clock)
  t.same(after.summary(), { device: 'synced', exceptions: new Map() })
})

t.test('a device that was away for too long is joining again', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const states = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  await clock.advance(6 * DAY_MS)
  await states.stampAlive()
  await kv.crash()
  await clock.advance(6 * DAY_MS)
  const soon = await open(await kv.open('/d'), clock)
  t.equal(soon.of(1), 'synced')
  await soon.set(2, 'synced')
  await kv.crash()
  await clock.advance(7 * DAY_MS + 1)
  const late = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  t.same([late.of(1), late.of(2)], ['joining', 'joining'])
  await kv.crash()
  t.equal((await open(await kv.open('/d'), clock)).of(1), 'joining', 'and stays so')
})

t.test('states of a format that is not known are not guessed at', async (t) => {
  const store = await new MemoryKv().open('/d')
  await store.put(Buffer.from([7, 0]), Buffer.from('{"version":9}'))
  await t.rejects(open(store, new VirtualClock()), { message: /version 9/ })
})
