/** The figures of all workers of a process, in the names that every worker shares (`docs/operations.md`). */
import type { Metrics } from '#base/metrics.ts'
import type { Figures, PassReport } from './contract.ts'
import type { WorkerLoop } from './loop.ts'

const NO_FIGURES: Figures = {}

/** Told of each pass when it is over. */
export function observePasses(metrics: Metrics): (report: PassReport) => void {
  const worker = ['worker'] as const
  const passes = metrics.counter({
    name: 'martlet_worker_passes_total',
    help: 'Passes that ended: complete, stopped, failed',
    labels: ['worker', 'ended'],
  })
  const seconds = metrics.gauge({
    name: 'martlet_worker_pass_seconds',
    help: 'How long the last pass took, seconds',
    labels: worker,
  })
  const completed = metrics.gauge({
    name: 'martlet_worker_last_complete_timestamp_seconds',
    help: 'When the last complete pass ended, seconds since the epoch',
    labels: worker,
  })
  const bytes = metrics.counter({
    name: 'martlet_worker_bytes_total',
    help: 'Bytes that passes read or sent',
    labels: worker,
  })
  const figures = figureMetrics(metrics)
  return (report) => {
    const name = { worker: report.worker }
    passes.with({ ...name, ended: report.ended }).add()
    seconds.with(name).set(report.durationMs / 1000)
    if (report.bytes !== undefined) bytes.with(name).add(report.bytes)
    if (report.ended === 'complete') completed.with(name).set((report.startedMs + report.durationMs) / 1000)
    figures(report)
  }
}

function figureMetrics(metrics: Metrics): (report: PassReport) => void {
  const labels = ['worker', 'figure'] as const
  const found = metrics.counter({
    name: 'martlet_worker_found_total',
    help: 'What passes looked at, and what was wrong with it',
    labels,
  })
  const repaired = metrics.counter({
    name: 'martlet_worker_repaired_total',
    help: 'What passes put right',
    labels,
  })
  const waiting = metrics.gauge({
    name: 'martlet_worker_waiting',
    help: 'What the last pass could not do yet',
    labels,
  })
  const told = new Map<string, readonly string[]>()
  return (report) => {
    const each = (figures: Figures, tell: (figure: string, value: number) => void): void => {
      for (const [figure, value] of Object.entries(figures)) tell(figure, value)
    }
    each(report.found, (figure, value) => found.with({ worker: report.worker, figure }).add(value))
    each(report.repaired, (figure, value) => repaired.with({ worker: report.worker, figure }).add(value))
    const { worker } = report
    // What is not said to wait any more does not.
    for (const figure of told.get(worker) ?? []) waiting.with({ worker, figure }).set(0)
    told.set(worker, Object.keys(report.waiting))
    each(report.waiting, (figure, value) => waiting.with({ worker, figure }).set(value))
  }
}

/** What is asked of the workers whenever somebody looks. */
export function observeLoops(metrics: Metrics, loops: () => readonly WorkerLoop[]): void {
  metrics.observedGauges(
    {
      name: 'martlet_worker_paused',
      help: '1 while an operator has paused the worker, else 0',
      labels: ['worker'],
    },
    async () =>
      loops().map(({ worker, pausedUntilMs }) => ({
        labels: { worker: worker.name },
        value: pausedUntilMs === undefined ? 0 : 1,
      })),
  )
  metrics.observedGauges(
    {
      name: 'martlet_worker_pass_progress_ratio',
      help: 'Share of the pass under way that is done; 0 between passes',
      labels: ['worker'],
    },
    async () =>
      loops().map(({ worker }) => ({ labels: { worker: worker.name }, value: shareDone(worker.progress()) })),
  )
  metrics.observedGauges(
    {
      name: 'martlet_worker_live',
      help: 'Figures of this moment: lengths of queues, age of the oldest entry (oldest_seconds)',
      labels: ['worker', 'figure'],
    },
    async () => (await Promise.all(loops().map(liveFigures))).flat(),
  )
}

function shareDone(
  progress: { readonly done: number; readonly total: number | undefined } | undefined,
): number {
  if (progress?.total === undefined || progress.total === 0) return 0
  return Math.min(1, progress.done / progress.total)
}

async function liveFigures({
  worker,
}: WorkerLoop): Promise<
  readonly { readonly labels: { readonly worker: string; readonly figure: string }; readonly value: number }[]
> {
  const figures: Figures = (await worker.live?.().catch(() => NO_FIGURES)) ?? NO_FIGURES
  return Object.entries(figures).map(([figure, value]) => ({
    labels: { worker: worker.name, figure },
    value,
  }))
}
