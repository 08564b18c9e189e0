/** One log line per request, and the transaction id of the client's request handed back in the answer. */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Layer, Response } from '#http/message.ts'

export interface AccessLogOptions {
  readonly clock: Clock
  readonly log: Logger
  /** `failures` are answers of 500 and above; replication traffic is always logged as debug. */
  readonly requests: 'all' | 'failures'
}

export function accessLog({ clock, log, requests }: AccessLogOptions): Layer {
  return (inner) => async (request) => {
    const startMs = clock.monotonicMs()
    const response = await inner(request)
    const txId = request.headers['x-trans-id']
    if (requests === 'all' || response.status >= 500) {
      const fields = {
        method: request.method,
        path: request.path,
        status: response.status,
        bytes: lengthOf(response),
        txId: txId ?? '-',
        remote: request.remoteAddress,
        agent: request.headers['user-agent'],
        referer: request.headers['referer'],
        policy: request.headers['x-backend-storage-policy-index'],
        ms: Math.round((clock.monotonicMs() - startMs) * 100) / 100,
      }
      if (request.method === 'REPLICATE') log.debug(fields, 'request')
      else if (response.status >= 500) log.warn(fields, 'request')
      else log.info(fields, 'request')
    }
    if (txId === undefined) return response
    const { status, headers, body } = response
    return { status, headers: { ...headers, 'x-trans-id': txId }, body }
  }
}

function lengthOf(response: Response): number | undefined {
  if (Buffer.isBuffer(response.body)) return response.body.length
  const length = response.headers['content-length']
  return typeof length === 'string' ? Number(length) : undefined
}
