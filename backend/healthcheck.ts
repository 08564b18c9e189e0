/** `GET /healthcheck`: 200 and `OK` while the server answers at all (OpenStack Swift, `middleware/healthcheck.py`). */
import type { Layer } from '#http/message.ts'
import { textAnswer } from './answers.ts'

export interface HealthcheckOptions {
  /** Says why the server should get no new requests (it drains); `undefined` while it should. */
  readonly disabledBecause?: () => string | undefined
}

export function healthcheck(options: HealthcheckOptions = {}): Layer {
  return (inner) => async (request) => {
    if (request.path !== '/healthcheck') return inner(request)
    const reason = options.disabledBecause?.()
    if (reason !== undefined) return textAnswer(503, reason)
    return textAnswer(200, 'OK')
  }
}
