import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import {
  accountUpdates,
  containerReports,
  type DeliveryFigures,
  type DeliverySource,
  objectRows,
} from './sources.ts'
import { Updater } from './updater.ts'

const NOTHING: DeliveryFigures = { delivered: 0, waiting: 0, dropped: 0, oldestSeconds: undefined }

function source(name: string, deliver: () => Promise<DeliveryFigures>): DeliverySource {
  return { name, deliver }
}

t.test('every queue is tried in every pass while it delivers', async (t) => {
  const clock = new VirtualClock()
  let tries = 0
  const busy = source('busy', async () => {
    tries += 1
    return { ...NOTHING, delivered: 5, waiting: 10 }
  })
  const updater = new Updater({ clock, log: silentLogger, sources: [busy] })
  await updater.runOnce()
  const { outcomes } = await updater.runOnce()
  t.equal(tries, 2)
  t.match(outcomes.get('busy'), { kind: 'delivered', figures: { delivered: 5, waiting: 10 } })
  t.equal(updater.lastPass?.outcomes, outcomes)
})

t.test('a queue that delivers nothing rests longer each time, and not longer than a minute', async (t) => {
  const clock = new VirtualClock()
  let tries = 0
  const stuck = source('stuck', async () => {
    tries += 1
    return { ...NOTHING, waiting: 3 }
  })
  const updater = new Updater({ clock, log: silentLogger, sources: [stuck] })
  await updater.runOnce()
  t.match((await updater.runOnce()).outcomes.get('stuck'), { kind: 'resting', forMs: 1000 })
  await clock.advance(1000)
  await updater.runOnce()
  t.match((await updater.runOnce()).outcomes.get('stuck'), { kind: 'resting', forMs: 2000 })
  for (let round = 0; round < 20; round += 1) {
    await clock.advance(60_000)
    await updater.runOnce()
  }
  t.equal(tries, 22)
  t.match((await updater.runOnce()).outcomes.get('stuck'), { kind: 'resting', forMs: 60_000 })
})

t.test('a queue that works again is tried in every pass again', async (t) => {
  const clock = new VirtualClock()
  let figures: DeliveryFigures = { ...NOTHING, waiting: 1 }
  const updater = new Updater({ clock, log: silentLogger, sources: [source('one', async () => figures)] })
  await updater.runOnce()
  await clock.advance(1000)
  figures = { ...NOTHING, delivered: 1 }
  await updater.runOnce()
  t.match((await updater.runOnce()).outcomes.get('one'), { kind: 'delivered' })
})

t.test('a queue that fails does not keep the others from their turn', async (t) => {
  const broken = source('broken', async () => {
    throw new Error('disk on fire')
  })
  const well = source('well', async () => ({ ...NOTHING, delivered: 1 }))
  const observed: string[] = []
  const updater = new Updater({
    clock: new VirtualClock(),
    log: silentLogger,
    sources: [broken, well],
    observe: (name) => observed.push(name),
  })
  const { outcomes } = await updater.runOnce()
  t.same(
    [...outcomes.values()].map(({ kind }) => kind),
    ['failed', 'delivered'],
  )
  t.same(observed, ['well'])
  t.match((await updater.runOnce()).outcomes.get('broken'), { kind: 'resting' })
})

t.test('the pause is several times as long as the pass', async (t) => {
  const clock = new VirtualClock()
  const slow = source('slow', async () => {
    await clock.advance(5000)
    return NOTHING
  })
  const updater = new Updater({ clock, log: silentLogger, sources: [slow] })
  t.equal(updater.pauseMs, 1000)
  await updater.runOnce()
  t.equal(updater.pauseMs, 20_000)
})

t.test('the figures of every queue have one form', async (t) => {
  const rows = objectRows({
    deliverPending: async () => ({ delivered: 1, superseded: 2, waiting: 3, dropped: 4, oldestSeconds: 5 }),
  })
  const updates = accountUpdates({ deliverPending: async () => ({ delivered: 1, failed: 2, dropped: 3 }) })
  const reports = containerReports({
    reportChanged: async () => ({ reported: 1, failed: 2, orphaned: 3, suppressed: 4 }),
  })
  t.same(await rows.deliver(), { delivered: 3, waiting: 3, dropped: 4, oldestSeconds: 5 })
  t.same(await updates.deliver(), { delivered: 1, waiting: 2, dropped: 3, oldestSeconds: undefined })
  t.same(await reports.deliver(), { delivered: 1, waiting: 6, dropped: 3, oldestSeconds: undefined })
})
