/** `GET /healthcheck`: 200 and `OK` while the server answers at all (OpenStack Swift, `middleware/healthcheck.py`). */
import type { Layer, Response } from '#http/message.ts'
import { textAnswer } from './answers.ts'

export interface HealthcheckOptions {
  /** Says why the server should get no new requests (it drains); `undefined` while it should. */
  readonly disabledBecause?: () => string | undefined
}

export function healthcheck(options: HealthcheckOptions = {}): Layer {
  const check = async (): Promise<Response> => {
    const reason = options.disabledBecause?.()
    return reason === undefined ? textAnswer(200, 'OK') : textAnswer(503, reason)
  }
  return (inner) => (request) => (request.path === '/healthcheck' ? check() : inner(request))
}
