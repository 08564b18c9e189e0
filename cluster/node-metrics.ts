/** Figures of the requests to storage servers, by server, verb and class of status. */
import { LATENCY_BUCKETS_SECONDS, type Metrics } from '#base/metrics.ts'
import type { NodeObserver } from './node-client.ts'

interface Bound {
  readonly count: { add(amount?: number): void }
  readonly seconds: { observe(value: number): void }
}

/** An observer that counts in the metrics of the process. */
export function nodeMetrics(metrics: Metrics): NodeObserver {
  const requests = metrics.counter<'server' | 'method' | 'status'>({
    name: 'martlet_node_requests_total',
    help: 'Requests to storage servers, by class of the answer (none: there was no answer).',
    labels: ['server', 'method', 'status'],
  })
  const seconds = metrics.histogram<'server' | 'method'>({
    name: 'martlet_node_request_seconds',
    help: 'Time until the head of the answer of a storage server.',
    labels: ['server', 'method'],
    buckets: LATENCY_BUCKETS_SECONDS,
  })
  const bound = new Map<string, Bound>()
  return {
    exchanged(server, method, status, durationMs) {
      const statusClass = status === 0 ? 'none' : `${Math.floor(status / 100)}xx`
      const key = `${server} ${method} ${statusClass}`
      let one = bound.get(key)
      if (one === undefined) {
        one = {
          count: requests.with({ server, method, status: statusClass }),
          seconds: seconds.with({ server, method }),
        }
        bound.set(key, one)
      }
      one.count.add()
      one.seconds.observe(durationMs / 1000)
    },
  }
}
