/**
 * Counts what the proxy does, for Prometheus. Counters are plain numbers on the way of a request and become labelled
 * samples only when somebody looks.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Clock } from '#base/environment.ts'
import type { ProxyLayer } from '../transaction.ts'

/** Seconds until the head of an answer: from a hit in memory to a client's patience. */
const DURATION_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60,
]
/** Methods beyond these are counted as one, so that a client cannot make up labels without end. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'COPY'])

export interface MetricsOptions {
  readonly clock: Clock
  readonly registry: Registry
}

export function metrics({ clock, registry }: MetricsOptions): ProxyLayer {
  const answered = answeredCounts(registry)
  const duration = durations(registry)
  let inFlight = 0
  gaugeOf(registry, () => inFlight)
  return (inner) => async (transaction) => {
    inFlight += 1
    try {
      const response = await inner(transaction)
      const method = METHODS.has(transaction.request.method) ? transaction.request.method : 'other'
      answered(method, response.status)
      duration(method, (clock.monotonicMs() - transaction.arrivedMs) / 1000)
      return response
    } finally {
      inFlight -= 1
    }
  }
}

function answeredCounts(registry: Registry): (method: string, status: number) => void {
  const counts = new Map<string, Map<number, number>>()
  new Counter({
    name: 'martlet_proxy_requests_total',
    help: 'Requests answered by the proxy',
    labelNames: ['method', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [method, byStatus] of counts) {
        for (const [status, count] of byStatus) this.inc({ method, status }, count)
      }
    },
  })
  return (method, status) => {
    let byStatus = counts.get(method)
    if (byStatus === undefined) {
      byStatus = new Map()
      counts.set(method, byStatus)
    }
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }
}

function durations(registry: Registry): (method: string, seconds: number) => void {
  const histogram = new Histogram({
    name: 'martlet_proxy_request_seconds',
    help: 'Time until the head of the answer, seconds',
    labelNames: ['method'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [registry],
  })
  const observers = new Map<string, (seconds: number) => void>()
  return (method, seconds) => {
    let observe = observers.get(method)
    if (observe === undefined) {
      const labelled = histogram.labels({ method })
      observe = (value) => labelled.observe(value)
      observers.set(method, observe)
    }
    observe(seconds)
  }
}

function gaugeOf(registry: Registry, inFlight: () => number): void {
  new Gauge({
    name: 'martlet_proxy_requests_in_flight',
    help: 'Requests that have arrived and whose answer has not begun',
    registers: [registry],
    collect() {
      this.set(inFlight())
    },
  })
}
