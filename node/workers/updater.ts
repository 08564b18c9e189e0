/** The updater of a device, with the figures of its queues. */
import type { Metrics } from '#base/metrics.ts'
import { createUpdaterWorker, type UpdaterOptions } from '#updater/updater.ts'
import type { MakeWorker } from '../worker-context.ts'

export const updaterWorker: MakeWorker = ({ environment, log, metrics, device }) =>
  createUpdaterWorker({
    clock: environment.clock,
    log,
    sources: device.queues,
    observe: queueMetrics(metrics),
  })

function queueMetrics(metrics: Metrics): NonNullable<UpdaterOptions['observe']> {
  const labels = ['queue'] as const
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
    delivered.with({ queue }).add(figures.delivered)
    dropped.with({ queue }).add(figures.dropped)
  }
}
