import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import type { PartitionRange } from './range-states.ts'
import { type NewDevice, ReplicaStates } from './replica-state.ts'

const DAY_MS = 24 * 3600 * 1000
const SALT = { prefix: 'p', suffix: 's' }

/** A partition of a ring of 256. */
function part(partition: number): PartitionRange {
  return { partPower: 8, partition }
}

function open(
  store: KvStore,
  clock: VirtualClock,
  newDevice: NewDevice = 'may_have_held_data',
): Promise<ReplicaStates> {
  return ReplicaStates.open(store, { clock, keyPrefix: Buffer.from([7]), newDevice, salt: SALT })
}

t.test('a device without any state is joining, unless its cluster is new', async (t) => {
  const clock = new VirtualClock()
  t.equal((await open(await new MemoryKv().open('/d'), clock)).of(part(1)), 'joining')
  t.equal((await open(await new MemoryKv().open('/d'), clock, 'part_of_new_cluster')).of(part(1)), 'synced')
})

t.test('states survive a crash', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const before = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  await before.set(part(3), 'joining')
  await before.set(part(5), 'joining')
  await before.set(part(5), 'synced')
  await kv.crash()
  const after = await open(await kv.open('/d'), clock)
  t.same(
    [1, 3, 5].map((partition) => after.of(part(partition))),
    ['synced', 'joining', 'synced'],
  )
})

t.test('all partitions at once forget what was said of single ones', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const states = await open(await kv.open('/d'), clock)
  await states.set(part(3), 'synced')
  await states.setAll('joining')
  t.equal(states.of(part(3)), 'joining')
  await states.setAll('synced')
  await kv.crash()
  const after = await open(await kv.open('/d'), clock)
  t.same(after.summary(), { device: 'synced', exceptions: [] })
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
  t.equal(soon.of(part(1)), 'synced')
  await soon.set(part(2), 'synced')
  await kv.crash()
  await clock.advance(7 * DAY_MS + 1)
  const late = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  t.same([late.of(part(1)), late.of(part(2))], ['joining', 'joining'])
  t.ok(late.hasHeld(part(1)) && late.hasHeld(part(2)), 'it held everything once')
  await kv.crash()
  t.equal((await open(await kv.open('/d'), clock)).of(part(1)), 'joining', 'and stays so')
})

t.test('a device whose last sign of life lies in the future may have been away for any time', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  await kv.crash()
  clock.jumpWall(-30 * 60_000)
  t.equal((await open(await kv.open('/d'), clock)).of(part(1)), 'synced', 'half an hour is nothing')
  await kv.crash()
  clock.jumpWall(-DAY_MS)
  const states = await open(await kv.open('/d'), clock)
  t.equal(states.of(part(1)), 'joining')
  t.ok(states.hasHeld(part(1)))
})

t.test('states of a format that is not known are not guessed at', async (t) => {
  const store = await new MemoryKv().open('/d')
  await store.put(Buffer.from([7, 0]), Buffer.from('{"version":9}'))
  await t.rejects(open(store, new VirtualClock()), { message: /version 9/ })
})

t.test('a partition keeps its state when a ring of twice as many partitions numbers it anew', async (t) => {
  const clock = new VirtualClock()
  const kv = new MemoryKv()
  const before = await open(await kv.open('/d'), clock, 'part_of_new_cluster')
  await before.set(part(3), 'joining')
  await kv.crash()
  const states = await open(await kv.open('/d'), clock)
  const half = (partition: number): PartitionRange => ({ partPower: 9, partition })
  t.same(
    [3, 5, 6, 7, 8].map((partition) => states.of(half(partition))),
    ['synced', 'synced', 'joining', 'joining', 'synced'],
  )
  await states.set(half(6), 'synced')
  t.same(
    [states.ofHash(`030${'0'.repeat(29)}`), states.ofHash(`038${'0'.repeat(29)}`)],
    ['synced', 'joining'],
  )
  t.equal(states.of(part(3)), 'joining', 'as a whole, while one half is')
  await states.set(part(3), 'synced')
  await kv.crash()
  const after = await open(await kv.open('/d'), clock)
  t.same(
    after.summary(),
    { device: 'synced', exceptions: [[part(3), 'synced']] },
    'halves are said no more of',
  )
})

t.test('nobody makes synced what became joining while it was compared', async (t) => {
  const states = await open(await new MemoryKv().open('/d'), new VirtualClock(), 'part_of_new_cluster')
  const hash: PartitionRange = { partPower: 32, partition: 3 * 2 ** 24 + 5 }
  await states.set(part(3), 'joining')
  const before = states.joinings
  const release = await states.holdJoining(hash)
  t.equal(await states.join(part(3), before), 'not_now')
  t.equal(await states.join(part(3), states.joinings), 'not_now', 'it is about to lose what it has')
  t.equal(await states.join(part(4), states.joinings), 'synced', 'others may')
  const during = states.joinings
  release()
  t.equal(await states.join(part(3), during), 'not_now', 'it was compared before')
  t.equal(await states.join(part(3), states.joinings), 'synced')
  t.equal(states.of(part(3)), 'synced')
})
