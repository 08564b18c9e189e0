/** What a device does without being asked. */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import { Updater, type UpdaterOptions } from '#updater/updater.ts'
import { Loop } from './loop.ts'
import type { StorageDevice } from './storage-device.ts'

export interface DeviceLoopsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly device: StorageDevice
}

/** A device notes now and then that it is in service (`backend/replica-state.ts`). */
const STAMP_ALIVE_PAUSE_MS = 3_600_000

/** Begins to deliver what waits, and to note that the device is alive. To be stopped before the device is closed. */
export function startDeviceLoops({ clock, log, metrics, device }: DeviceLoopsOptions): readonly Loop[] {
  const updater = new Updater({ clock, log, sources: device.queues, observe: queueMetrics(metrics) })
  const common = { clock, log }
  return [
    new Loop({
      ...common,
      name: 'updater',
      pauseMs: () => updater.pauseMs,
      pass: () => updater.runOnce(),
    }),
    new Loop({
      ...common,
      name: 'alive',
      pauseMs: () => STAMP_ALIVE_PAUSE_MS,
      pass: () => device.stampAlive(),
    }),
  ]
}

function queueMetrics(metrics: Metrics): NonNullable<UpdaterOptions['observe']> {
  const labels = ['queue'] as const
  const waiting = metrics.gauge({ name: 'martlet_updater_waiting', help: 'Updates that wait', labels })
  const oldest = metrics.gauge({
    name: 'martlet_updater_oldest_seconds',
    help: 'Age of the oldest update that waits',
    labels,
  })
  const delivered = metrics.counter({
    name: 'martlet_updater_delivered_total',
    help: 'Updates delivered after the request that made them',
    labels,
  })
  const dropped = metrics.counter({
    name: 'martlet_updater_dropped_total',
    help: 'Updates given up because of their age, or because nobody is left to be told',
    labels,
  })
  return (queue, figures) => {
    waiting.with({ queue }).set(figures.waiting)
    if (figures.oldestSeconds !== undefined) oldest.with({ queue }).set(figures.oldestSeconds)
    delivered.with({ queue }).add(figures.delivered)
    dropped.with({ queue }).add(figures.dropped)
  }
}
