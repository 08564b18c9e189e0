/** `/metrics`: the figures of this process in Prometheus' text form. */
import type { Metrics } from '#base/metrics.ts'
import { answer, textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

const PATH = '/metrics'

export function metricsPage(metrics: Metrics): ProxyLayer {
  return (inner) => async (transaction) => {
    const { path, method } = transaction.request
    if (path !== PATH) return inner(transaction)
    if (method !== 'GET' && method !== 'HEAD') return answer(405, { allow: 'GET, HEAD' })
    const { text, contentType } = await metrics.render()
    return textAnswer(200, text, contentType)
  }
}
