/** `/metrics`: the figures of this process in Prometheus' text form. */
import type { Registry } from 'prom-client'
import { answer, textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

const PATH = '/metrics'

export function metricsPage(registry: Registry): ProxyLayer {
  return (inner) => async (transaction) => {
    const { path, method } = transaction.request
    if (path !== PATH) return inner(transaction)
    if (method !== 'GET' && method !== 'HEAD') return answer(405, { allow: 'GET, HEAD' })
    return textAnswer(200, await registry.metrics(), registry.contentType)
  }
}
