/** Counts and times what the proxy answers. */
import type { Clock } from '#base/environment.ts'
import type { BoundCounter, BoundHistogram, Metrics } from '#base/metrics.ts'
import type { ProxyLayer } from '../transaction.ts'

/** Methods beyond these are counted as one, so that a client cannot make up labels without end. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'COPY'])
const OTHER_METHOD = 'other'

export interface MetricsOptions {
  readonly clock: Clock
  readonly metrics: Metrics
}

export function countAndTime({ clock, metrics }: MetricsOptions): ProxyLayer {
  const answered = answeredCounters(metrics)
  const timeOf = timers(metrics)
  let inFlight = 0
  metrics.observedGauge(
    {
      name: 'martlet_proxy_requests_in_flight',
      help: 'Requests that have arrived and whose answer has not begun',
    },
    () => inFlight,
  )
  return (inner) => async (transaction) => {
    inFlight += 1
    try {
      const response = await inner(transaction)
      const { method } = transaction.request
      const label = METHODS.has(method) ? method : OTHER_METHOD
      answered(label, response.status).add()
      timeOf(label).observe((clock.monotonicMs() - transaction.arrivedMs) / 1000)
      return response
    } finally {
      inFlight -= 1
    }
  }
}

/** The counter of a method and status, made when first needed. */
function answeredCounters(metrics: Metrics): (method: string, status: number) => BoundCounter {
  const family = metrics.counter({
    name: 'martlet_proxy_requests_total',
    help: 'Requests answered by the proxy',
    labels: ['method', 'status'],
  })
  const bound = new Map<string, BoundCounter[]>()
  return (method, status) => {
    let byStatus = bound.get(method)
    if (byStatus === undefined) bound.set(method, (byStatus = []))
    byStatus[status] ??= family.with({ method, status: String(status) })
    return byStatus[status]
  }
}

function timers(metrics: Metrics): (method: string) => BoundHistogram {
  const family = metrics.histogram({
    name: 'martlet_proxy_request_seconds',
    help: 'Time until the head of the answer, seconds',
    labels: ['method'],
  })
  const bound = new Map<string, BoundHistogram>()
  return (method) => {
    let histogram = bound.get(method)
    if (histogram === undefined) bound.set(method, (histogram = family.with({ method })))
    return histogram
  }
}
