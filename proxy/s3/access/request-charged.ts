/** Where requesters pay, an answer to one who agreed to says that they did. Nothing is charged here. */
import type { Response } from '#http/message.ts'
import { containerGrantsOf } from '../../access/container-grants.ts'
import type { S3Visit } from '../operation.ts'

/** The answer with `x-amz-request-charged`, if the bucket's requesters pay. */
export async function tellCharged(visit: S3Visit, response: Response): Promise<Response> {
  const { request, bucket, deps, transaction } = visit
  if (request.headers['x-amz-request-payer'] === undefined || bucket === undefined) return response
  const grants = await containerGrantsOf(deps.access, transaction, bucket.container, bucket.info)
  if (typeof grants !== 'object' || grants.bucket?.payer !== 'Requester') return response
  return { ...response, headers: { ...response.headers, 'x-amz-request-charged': 'requester' } }
}
