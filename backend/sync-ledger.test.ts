/** What a device knows of its syncs, over restarts, changes of the ring and long absences. */
import t from 'tap'
import type { KvStore } from '#base/environment.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { type NewDevice, ReplicaStates } from './replica-state.ts'
import { SyncLedger } from './sync-ledger.ts'
import { NO_STAMP } from './sync-stamp.ts'

const DAY_MS = 86_400_000
const P = (partition: number, partPower = 4): { partPower: number; partition: number } => ({
  partPower,
  partition,
})

class Device {
  readonly clock = new VirtualClock()
  readonly kv = new MemoryKv()
  #store: KvStore | undefined

  async open(
    unknownDevice: 'new' | 'may_have_been_away' = 'new',
    newDevice: NewDevice = 'part_of_new_cluster',
  ): Promise<SyncLedger> {
    await this.#store?.close()
    this.#store = await this.kv.open('/state')
    const states = await ReplicaStates.open(this.#store, {
      clock: this.clock,
      keyPrefix: Buffer.from('replicas/'),
      newDevice,
      salt: { prefix: 'a', suffix: 'b' },
    })
    const keyPrefix = Buffer.from('ledger/')
    return await SyncLedger.open(this.#store, { clock: this.clock, keyPrefix, states, unknownDevice })
  }
}

t.test('before a ring was seen everything is owned; what a ring newly gives is joining', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  t.ok(ledger.owns(P(3)))
  t.equal(ledger.voice(P(3)), 'synced')
  t.same(await ledger.own(4, [1, 2]), [], 'the first ring takes nothing for granted and nothing away')
  t.equal(ledger.voice(P(1)), 'synced')
  t.notOk(ledger.owns(P(3)))
  t.equal(ledger.voice(P(3)), 'joining', 'it never held it')
  t.same(await ledger.own(4, [2, 3]), [3])
  t.equal(ledger.voice(P(3)), 'joining')
  t.equal(ledger.voice(P(2)), 'synced')
  t.equal(ledger.role(P(1)), 'handoff')
  const again = await device.open()
  t.ok(again.owns(P(3)) && !again.owns(P(1)))
  t.equal(again.voice(P(3)), 'joining')
  t.same(await again.own(4, [2, 3]), [])
})

t.test('a part power that grows changes no ownership', async (t) => {
  const ledger = await new Device().open()
  await ledger.own(4, [1, 2])
  t.same(await ledger.own(5, [2, 3, 4, 5]), [])
  t.ok(ledger.owns(P(3, 5)) && ledger.owns(P(1, 4)))
  t.notOk(ledger.owns(P(0, 4)))
  t.notOk(ledger.owns(P(0, 3)), 'half of it is not')
  t.ok(ledger.ownsHash(`18${'0'.repeat(30)}`))
  t.notOk(ledger.ownsHash(`38${'0'.repeat(30)}`))
})

t.test(
  'what was said of a partition before the part power grew ends with what is said of its half',
  async (t) => {
    const device = new Device()
    const before = await device.open()
    await before.own(4, [1, 2])
    const nowMs = device.clock.wallMs()
    await before.write([
      { range: P(1), stamp: { ...NO_STAMP, touchedMs: nowMs, majorityMs: nowMs, allMs: nowMs } },
      { range: P(2), stamp: { ...NO_STAMP, stale: true } },
    ])
    await before.own(5, [2, 3, 4, 5])
    t.equal(before.stamp(P(3, 5)).allMs, nowMs)
    t.ok(before.isStale(P(4, 5)) && before.isStale(P(5, 5)))
    const ledger = await device.open()
    await ledger.own(5, [3, 4, 5])
    const over = ledger.leave(P(2, 5))
    await ledger.emptied(P(2, 5))
    over()
    t.same(ledger.stamp(P(2, 5)), NO_STAMP)
    t.equal(ledger.voice(P(2, 5)), 'joining', 'it has nothing any more')
    t.ok(ledger.noticeStray('10000000'.padEnd(32, '0')), 'what comes now is new to it')
    t.equal(ledger.stamp(P(3, 5)).allMs, nowMs, 'the other half is what it was')
    await ledger.write([{ range: P(4, 5), stamp: NO_STAMP }])
    t.ok(ledger.mayBeStale && !ledger.isStale(P(4, 5)) && ledger.isStale(P(5, 5)))
    await ledger.write([{ range: P(5, 5), stamp: NO_STAMP }])
    t.notOk(ledger.mayBeStale)
  },
)

t.test('a range that is being emptied says so until it is over', async (t) => {
  const ledger = await new Device().open()
  await ledger.own(4, [])
  const stay = ledger.leave(P(1))
  t.equal(ledger.role(P(1)), 'leaving')
  stay()
  t.equal(ledger.role(P(1)), 'handoff')
})

t.test('after a long absence every range is stale until it was made equal again', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [1, 2])
  const atMs = device.clock.wallMs()
  await ledger.write([{ range: P(1), stamp: { ...NO_STAMP, majorityMs: atMs, allMs: atMs } }])
  t.notOk(ledger.mayBeStale)
  await device.clock.advance(8 * DAY_MS)
  const back = await device.open()
  t.ok(back.mayBeStale && back.isStale(P(1)) && back.isStale(P(7)))
  t.equal(back.voice(P(1)), 'stale')
  t.ok(back.isWithheldHash(`1${'0'.repeat(31)}`))
  t.equal(back.lastEqualMs(P(1), 'everybody'), atMs)
  t.equal(back.lastEqualMs(P(2), 'everybody'), device.clock.wallMs() - 7 * DAY_MS)
  await back.write([{ range: P(1), stamp: { ...NO_STAMP, majorityMs: device.clock.wallMs() } }])
  t.notOk(back.isStale(P(1)))
  const again = await device.open()
  t.ok(again.isStale(P(2)), 'a restart is no cure')
  t.notOk(again.isStale(P(1)))
  await again.endAbsence()
  t.notOk(again.mayBeStale)
  t.notOk((await device.open()).mayBeStale)
})

t.test('what was never held does not become so by a long absence', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [1])
  const atMs = device.clock.wallMs()
  await ledger.write([
    { range: P(1), stamp: { ...NO_STAMP, touchedMs: atMs, majorityMs: atMs, allMs: atMs } },
  ])
  await ledger.own(4, [1, 2])
  t.equal(ledger.voice(P(2)), 'joining')
  await device.clock.advance(8 * DAY_MS)
  const back = await device.open()
  t.equal(back.voice(P(1)), 'stale', 'it was synced, and kept what it had')
  t.equal(back.voice(P(2)), 'stale_joining', 'it joined when it went away')
  await device.clock.advance(8 * DAY_MS)
  const again = await device.open()
  t.same([again.voice(P(1)), again.voice(P(2))], ['stale', 'stale_joining'], 'nor by a second one')
})

t.test('a device that lost its ledger may have missed deletes, and held nothing for certain', async (t) => {
  const device = new Device()
  t.equal((await device.open('may_have_been_away')).voice(P(1)), 'stale')
  const lost = new Device()
  const ledger = await lost.open('may_have_been_away', 'may_have_held_data')
  t.equal(ledger.voice(P(1)), 'stale_joining')
})

t.test('what the ring gives anew has no syncs of before, and what was stale stays so', async (t) => {
  const ledger = await new Device().open()
  await ledger.own(4, [1, 2, 3])
  const synced = { ...NO_STAMP, touchedMs: 5, majorityMs: 5, allMs: 5 }
  await ledger.write([
    { range: P(1), stamp: synced },
    { range: P(2), stamp: { ...synced, stale: true } },
    { range: P(3), stamp: synced },
  ])
  await ledger.own(4, [3])
  t.equal(ledger.voice(P(1)), 'synced', 'a former holder kept what it had')
  await ledger.own(4, [1, 2, 3])
  t.equal(ledger.voice(P(1)), 'joining')
  t.same(ledger.stamp(P(1)), NO_STAMP)
  t.equal(ledger.voice(P(2)), 'stale_joining')
  t.same(ledger.stamp(P(2)), { ...NO_STAMP, stale: true })
  t.same(ledger.stamp(P(3)), synced)
})

t.test('a device that holds data and knows nothing of itself counts as long absent', async (t) => {
  t.ok((await new Device().open('may_have_been_away')).isStale(P(1)))
  t.notOk((await new Device().open('new')).isStale(P(1)))
})

t.test(
  'a range that was out of touch for long while the device ran is found, and kept as stale',
  async (t) => {
    const device = new Device()
    const ledger = await device.open()
    t.notOk(ledger.isOutOfTouch(P(1)), 'nothing is known')
    await ledger.write([{ range: P(1), stamp: { ...NO_STAMP, noticedMs: device.clock.wallMs() } }])
    for (let day = 0; day < 8; day += 1) {
      await device.clock.advance(DAY_MS)
      await ledger.stampAlive()
    }
    t.ok(ledger.isOutOfTouch(P(1)))
    await ledger.write([{ range: P(1), stamp: { ...ledger.stamp(P(1)), stale: true } }])
    const again = await device.open()
    t.ok(again.isStale(P(1)))
    t.notOk(again.isWithheldHash(`1${'0'.repeat(31)}`), 'a primary that ran all the time serves on')
    await again.own(4, [2])
    t.ok(again.isWithheldHash(`1${'0'.repeat(31)}`), 'what is not its own it does not serve')
    await again.write([{ range: P(1), stamp: undefined }])
    t.notOk(again.isStale(P(1)))
  },
)

t.test('what arrives with a time of before the last sync takes back what was said of it', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [3, 4])
  const nowMs = device.clock.wallMs()
  const hash = `3${'0'.repeat(31)}`
  const stamp = { ...NO_STAMP, touchedMs: nowMs, majorityMs: nowMs - 5000, allMs: nowMs - 5000 }
  await ledger.write([{ range: P(3), stamp }])
  t.equal(ledger.arriving(hash, nowMs), undefined, 'in time')
  t.equal(ledger.arriving(`4${'0'.repeat(31)}`, nowMs - 60_000), undefined, 'nothing was said of its range')
  await ledger.arriving(hash, nowMs - 60_000)
  const takenBack = { ...stamp, majorityMs: nowMs - 60_001, allMs: nowMs - 60_001 }
  t.same(ledger.stamp(P(3)), takenBack)
  t.same((await device.open()).stamp(P(3)), takenBack, 'durably')
})

t.test('a pass that began before it arrived says nothing of it either; the next one does', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [3])
  const hash = `3${'0'.repeat(31)}`
  const startedMs = device.clock.wallMs()
  const said = (atMs: number): typeof NO_STAMP => ({
    ...NO_STAMP,
    touchedMs: atMs,
    majorityMs: atMs,
    allMs: atMs,
  })
  await device.clock.advance(1000)
  t.equal(ledger.arriving(hash, startedMs - 60_000), undefined)
  await ledger.write([{ range: P(3), stamp: said(startedMs - 5000) }])
  t.equal(ledger.stamp(P(3)).allMs, startedMs - 60_001)
  await device.clock.advance(30_000)
  const laterMs = device.clock.wallMs() - 5000
  await ledger.write([{ range: P(3), stamp: said(laterMs) }])
  t.same(ledger.stamp(P(3)), said(laterMs))
})

t.test('a range that is stale keeps what it knows of before it was away', async (t) => {
  const device = new Device()
  const first = await device.open()
  await first.own(4, [3])
  const hash = `3${'0'.repeat(31)}`
  const equalMs = device.clock.wallMs()
  await first.write([
    { range: P(3), stamp: { ...NO_STAMP, touchedMs: equalMs, majorityMs: equalMs, allMs: equalMs } },
  ])
  await device.clock.advance(8 * DAY_MS)
  const ledger = await device.open()
  t.equal(ledger.arriving(hash, equalMs - 1000), undefined)
  t.equal(ledger.stamp(P(3)).allMs, equalMs)
  t.ok(ledger.comesTooLate(hash, equalMs - 1000))
  const nowMs = device.clock.wallMs()
  t.ok(ledger.comesTooLate(hash, nowMs - 7 * DAY_MS), 'its deletion may have been given up')
  t.notOk(ledger.comesTooLate(hash, nowMs - 6 * DAY_MS))
  t.notOk(first.comesTooLate(hash, equalMs - 1000), 'it was not stale')
})

t.test('what a clock that was ahead noted says nothing of how long ago it was', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [1, 2])
  const nowMs = device.clock.wallMs()
  const atMs = nowMs + 7 * DAY_MS
  device.clock.jumpWall(7 * DAY_MS)
  await ledger.write([
    { range: P(1), stamp: { ...NO_STAMP, touchedMs: atMs, majorityMs: atMs, allMs: nowMs - DAY_MS } },
  ])
  await ledger.stampAlive()
  device.clock.jumpWall(-7 * DAY_MS)
  const after = await device.open()
  t.equal(after.voice(P(1)), 'stale', 'it may have been off for long')
  t.same(after.stamp(P(1)), {
    ...NO_STAMP,
    touchedMs: nowMs - 1,
    majorityMs: nowMs - 1,
    allMs: nowMs - DAY_MS,
  })
})

t.test(
  'a return that a clock noted a week ahead ends with the first sync after the clock was set right',
  async (t) => {
    const device = new Device()
    await (await device.open()).own(4, [1])
    device.clock.jumpWall(8 * DAY_MS)
    const ledger = await device.open()
    device.clock.jumpWall(-8 * DAY_MS)
    await ledger.stampAlive()
    t.equal(ledger.isStale(P(1)), true)
    await device.clock.advance(1000)
    const atMs = device.clock.wallMs()
    await ledger.write([
      { range: P(1), stamp: { ...NO_STAMP, touchedMs: atMs, majorityMs: atMs, allMs: atMs } },
    ])
    t.equal(ledger.isStale(P(1)), false)
    t.equal((await device.open()).isStale(P(1)), false, 'nor after a restart')
  },
)

t.test('what is stored in the place of others is known to be there from the first write on', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [3])
  const nowMs = device.clock.wallMs()
  const hash = `5${'0'.repeat(31)}`
  await ledger.arriving(hash, nowMs)
  t.same((await device.open()).stamp(P(5)), { ...NO_STAMP, noticedMs: nowMs }, 'durably')
  await device.clock.advance(1000)
  t.equal(ledger.arriving(hash, nowMs + 1000), undefined, 'once')
})

t.test('what arrives while a range is being emptied keeps it known', async (t) => {
  const device = new Device()
  const ledger = await device.open()
  await ledger.own(4, [3])
  const hash = `5${'0'.repeat(31)}`
  const firstMs = device.clock.wallMs()
  await ledger.arriving(hash, firstMs)
  await device.clock.advance(1000)
  const stay = ledger.leave(P(5))
  await ledger.arriving(hash, firstMs + 1000)
  await ledger.emptied(P(5))
  stay()
  t.equal(ledger.stamp(P(5)).noticedMs, firstMs, 'it arrived before all was gone')
  const go = ledger.leave(P(5))
  const removed = ledger.emptied(P(5))
  await Promise.all([removed, ledger.arriving(hash, firstMs + 2000)])
  go()
  t.equal(ledger.stamp(P(5)).noticedMs, firstMs + 1000, 'it arrived while the stamp was being removed')
  await ledger.emptied(P(5))
  t.same(ledger.stamp(P(5)), NO_STAMP)
})
