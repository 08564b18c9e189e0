/** Counts and times what a storage server answers, whether it was asked over a socket or from within the process. */
import type { Clock } from '#base/environment.ts'
import type { BoundCounter, BoundHistogram, Metrics } from '#base/metrics.ts'
import type { Layer } from '#http/message.ts'
import type { ServerType } from './rings.ts'

/** Methods beyond these are counted as one, so that nobody can make up labels without end. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'UPDATE',
  'REPLICATE',
  'OPTIONS',
])
const OTHER = 'other'

interface Figures {
  readonly seconds: BoundHistogram
  readonly byStatus: BoundCounter[]
}

/** One layer per server type; the metrics of all of them share their names. */
export function requestMetrics(metrics: Metrics, clock: Clock): (server: ServerType) => Layer {
  const total = metrics.counter({
    name: 'martlet_storage_requests_total',
    help: 'Requests answered by the storage servers',
    labels: ['server', 'method', 'status'],
  })
  const seconds = metrics.histogram({
    name: 'martlet_storage_request_seconds',
    help: 'Time until the head of the answer, seconds',
    labels: ['server', 'method'],
  })
  return (server) => {
    const known = new Map<string, Figures>()
    const figuresOf = (method: string): Figures => {
      let figures = known.get(method)
      if (figures === undefined) {
        figures = { seconds: seconds.with({ server, method }), byStatus: [] }
        known.set(method, figures)
      }
      return figures
    }
    return (inner) => async (request) => {
      const startMs = clock.monotonicMs()
      const response = await inner(request)
      const method = METHODS.has(request.method) ? request.method : OTHER
      const figures = figuresOf(method)
      figures.seconds.observe((clock.monotonicMs() - startMs) / 1000)
      figures.byStatus[response.status] ??= total.with({ server, method, status: String(response.status) })
      figures.byStatus[response.status]?.add()
      return response
    }
  }
}
