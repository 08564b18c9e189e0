/** `/healthcheck`: load balancers ask whether this process serves. No token, no work. */
import { textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

const PATH = '/healthcheck'

/** `isDisabled` lets an operator take the process out of rotation while it still serves. */
export function healthcheck(isDisabled: () => boolean): ProxyLayer {
  return (inner) => async (transaction) => {
    if (transaction.request.path !== PATH) return inner(transaction)
    return isDisabled() ? textAnswer(503, 'DISABLED BY FILE') : textAnswer(200, 'OK')
  }
}
