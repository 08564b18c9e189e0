/** Requests to a service that has a part of the paths to itself, and nothing to do with accounts. */
import type { Request, Response } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ProxyLayer } from '../transaction.ts'

export type Service = (request: Request, context: OperationContext) => Promise<Response>

/** `path` without a slash at the end. */
export function serviceAt(path: string, service: Service): ProxyLayer {
  return (inner) => (transaction) => {
    const isOurs = transaction.path === path || transaction.path.startsWith(`${path}/`)
    return isOurs ? service(transaction.request, transaction) : inner(transaction)
  }
}
