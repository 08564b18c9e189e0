/** What stands before a storage server's handler where it listens on a port, outermost first. */

import { textAnswer } from '#backend/answers.ts'
import { healthcheck } from '#backend/healthcheck.ts'
import { requireNodeAuth } from '#backend/node-auth.ts'
import type { Clock } from '#base/environment.ts'
import type { Metrics } from '#base/metrics.ts'
import { type Handler, type Layer, pipeline } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'

export interface ServerLayersOptions {
  readonly clock: Clock
  readonly metrics: Metrics
  /** `undefined`: requests are not signed. */
  readonly nodeSecret: Buffer | undefined
  /** The address that the rings give to the server; left out where others may know it by several. */
  readonly self?: Endpoint | undefined
  /** The process is going away. */
  readonly isDraining: () => boolean
}

/** The handler as other processes reach it. */
export function guarded(inner: Handler, options: ServerLayersOptions): Handler {
  const { clock, metrics, nodeSecret, self, isDraining } = options
  const disabledBecause = (): string | undefined => (isDraining() ? 'going away' : undefined)
  return pipeline(inner, [
    metricsPage(metrics),
    healthcheck({ disabledBecause }),
    requireNodeAuth({ secret: nodeSecret, clock, self }),
  ])
}

/** Figures of the process in Prometheus's text form. */
function metricsPage(metrics: Metrics): Layer {
  return (inner) => async (request) => {
    if (request.path !== '/metrics') return inner(request)
    const { text, contentType } = await metrics.render()
    return textAnswer(200, text, { 'content-type': contentType })
  }
}
