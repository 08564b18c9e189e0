import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import {
  accountUpdates,
  containerReports,
  type DeliveryFigures,
  type DeliverySource,
  objectRows,
  type QueueFigures,
} from './sources.ts'
import { createUpdaterWorker } from './updater.ts'

const NOTHING: DeliveryFigures = { delivered: 0, waiting: 0, dropped: 0 }
const EMPTY: QueueFigures = { count: 0, oldestSeconds: 0 }

function source(
  name: string,
  deliver: () => Promise<DeliveryFigures>,
  waiting: () => Promise<QueueFigures> = async () => EMPTY,
): DeliverySource {
  return { name, deliver, waiting }
}

function updaterOf(clock: VirtualClock, ...sources: readonly DeliverySource[]): Worker {
  return createUpdaterWorker({ clock, log: silentLogger, sources })
}

function pass(worker: Worker, pace: 'gentle' | 'full' = 'gentle'): Promise<PassReport> {
  return worker.runOnce({ pace, signal: new AbortController().signal })
}

t.test('every queue is tried in every pass while it delivers', async (t) => {
  let tries = 0
  const busy = source('busy', async () => {
    tries += 1
    return { delivered: 5, waiting: 10, dropped: 1 }
  })
  const updater = updaterOf(new VirtualClock(), busy)
  await pass(updater)
  const report = await pass(updater)
  t.equal(tries, 2)
  t.match(report, {
    worker: 'updater',
    ended: 'complete',
    found: { busy: 16, busy_dropped: 1 },
    repaired: { busy_delivered: 5 },
    waiting: { busy: 10 },
  })
  t.equal(updater.lastPass(), report)
})

t.test('a queue that delivers nothing rests longer each time, and not longer than a minute', async (t) => {
  const clock = new VirtualClock()
  let tries = 0
  const stuck = source('stuck', async () => {
    tries += 1
    return { ...NOTHING, waiting: 3 }
  })
  const updater = updaterOf(clock, stuck)
  await pass(updater)
  t.match(await pass(updater), { waiting: { stuck_resting: 1 } })
  for (const restMs of [1000, 2000, 4000]) {
    const before = tries
    await clock.advance(restMs - 1)
    await pass(updater)
    t.equal(tries, before, `not tried again before ${restMs} ms`)
    await clock.advance(1)
    await pass(updater)
    t.equal(tries, before + 1, `tried again after ${restMs} ms`)
  }
  for (let round = 0; round < 20; round += 1) {
    await clock.advance(60_000)
    await pass(updater)
  }
  t.equal(tries, 24)
})

t.test('a queue that gathers is left alone for a while after each delivery', async (t) => {
  const clock = new VirtualClock()
  let tries = 0
  const figures: DeliverySource = {
    ...source('figures', async () => {
      tries += 1
      return { ...NOTHING, delivered: 1 }
    }),
    gatherMs: 3_000,
  }
  const updater = updaterOf(clock, figures)
  await pass(updater)
  await clock.advance(2_999)
  t.match(await pass(updater), { waiting: {} })
  t.equal(tries, 1)
  await clock.advance(1)
  await pass(updater)
  t.equal(tries, 2, 'tried again when the time is over')
  await pass(updater, 'full')
  t.equal(tries, 3, 'a person who asks does not wait')
})

t.test('a person who asks does not wait for a queue that rests', async (t) => {
  let tries = 0
  const stuck = source('stuck', async () => {
    tries += 1
    return { ...NOTHING, waiting: 3 }
  })
  const updater = updaterOf(new VirtualClock(), stuck)
  await pass(updater)
  await pass(updater, 'full')
  t.equal(tries, 2)
})

t.test('a queue that works again is tried in every pass again', async (t) => {
  const clock = new VirtualClock()
  let figures: DeliveryFigures = { ...NOTHING, waiting: 1 }
  const updater = updaterOf(
    clock,
    source('one', async () => figures),
  )
  await pass(updater)
  await clock.advance(1000)
  figures = { ...NOTHING, delivered: 1 }
  await pass(updater)
  t.match(await pass(updater), { repaired: { one_delivered: 1 } })
})

t.test('a queue that fails does not keep the others from their turn', async (t) => {
  const broken = source('broken', async () => {
    throw new Error('disk on fire')
  })
  const well = source('well', async () => ({ ...NOTHING, delivered: 1 }))
  const observed: string[] = []
  const updater = createUpdaterWorker({
    clock: new VirtualClock(),
    log: silentLogger,
    sources: [broken, well],
    observe: (name) => observed.push(name),
  })
  t.match(await pass(updater), { waiting: { broken_failed: 1 }, repaired: { well_delivered: 1 } })
  t.same(observed, ['well'])
  t.match(await pass(updater), { waiting: { broken_resting: 1 } })
})

t.test('the pause is several times as long as the pass', async (t) => {
  const clock = new VirtualClock()
  const slow = source('slow', async () => {
    await clock.advance(5000)
    return NOTHING
  })
  const updater = updaterOf(clock, slow)
  t.equal(updater.pauseMs(), 1000)
  await pass(updater)
  t.equal(updater.pauseMs(), 20_000)
})

t.test('what waits is looked at when somebody asks, and not more than once a second', async (t) => {
  const clock = new VirtualClock()
  let looks = 0
  const waiting = async (): Promise<QueueFigures> => {
    looks += 1
    return { count: 7, oldestSeconds: 12 }
  }
  const updater = updaterOf(
    clock,
    source('rows', async () => NOTHING, waiting),
    source('reports', async () => NOTHING),
  )
  const figures = {
    rows: 7,
    rows_oldest_seconds: 12,
    reports: 0,
    reports_oldest_seconds: 0,
    oldest_seconds: 12,
  }
  t.same(await updater.live?.(), figures)
  t.same(await updater.live?.(), figures)
  t.equal(looks, 1)
  await clock.advance(1000)
  await updater.live?.()
  t.equal(looks, 2)
})

t.test('the figures of every queue have one form', async (t) => {
  const pendingFigures = async (): Promise<QueueFigures> => EMPTY
  const rows = objectRows({
    deliverPending: async () => ({ delivered: 1, superseded: 2, waiting: 3, dropped: 4 }),
    pendingFigures,
  })
  const updates = accountUpdates({
    deliverPending: async () => ({ delivered: 1, failed: 2, dropped: 3 }),
    pendingFigures,
  })
  const reports = containerReports({
    reportChanged: async () => ({ reported: 1, failed: 2, orphaned: 3, suppressed: 4 }),
    pendingFigures,
  })
  t.same(await rows.deliver(), { delivered: 3, waiting: 3, dropped: 4 })
  t.same(await updates.deliver(), { delivered: 1, waiting: 2, dropped: 3 })
  t.same(await reports.deliver(), { delivered: 1, waiting: 6, dropped: 3 })
})
