/**
 * The outermost layer: gives every request its transaction identifier, puts it into every answer, and turns what nobody
 * caught into a 500 that tells the client nothing and the log everything.
 */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Handler, Response } from '#http/message.ts'
import { textAnswer } from '../answers.ts'
import { type ProxyHandler, Transaction } from '../transaction.ts'
import { TransactionIds } from '../transaction-ids.ts'

export interface CatchErrorsDeps {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  readonly log: Logger
  readonly transactionIdSuffix: string
}

/** The handler for the server: makes the transaction and runs it through the pipeline. */
export function catchErrors(inner: ProxyHandler, deps: CatchErrorsDeps): Handler {
  const ids = new TransactionIds(deps.environment, deps.transactionIdSuffix)
  const { clock } = deps.environment
  return async (request) => {
    const txId = ids.next(request.headers['x-trans-id-extra'])
    const transaction = new Transaction(request, txId, clock.monotonicMs(), deps.log)
    let response: Response
    try {
      response = await inner(transaction)
    } catch (error) {
      transaction.log.error({ err: error, method: request.method, path: request.path }, 'request failed')
      response = textAnswer(500, 'An error occurred')
    }
    // A door may have an id of its own for the request.
    const headers = { 'x-openstack-request-id': txId, ...response.headers, 'x-trans-id': txId }
    return { status: response.status, headers, body: response.body }
  }
}
