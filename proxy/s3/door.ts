/**
 * The S3 API: the order of what comes before an operation. The request is parsed, its operation found, its signature
 * verified, its bucket looked up, access judged; then the operation runs, and whatever it returns is rendered here and
 * nowhere else.
 */
import { BodyError, type Request, type Response } from '#http/message.ts'
import type { ProxyHandler, Transaction } from '../transaction.ts'
import { permission } from './access/authorize.ts'
import { tellCharged } from './access/request-charged.ts'
import { withRegion } from './buckets/head-bucket.ts'
import { resolveBucket } from './buckets/resolve-bucket.ts'
import { withCors } from './config/cors.ts'
import { isS3Error, type S3Error, s3Error } from './error.ts'
import { controlErrorAnswer, errorAnswer } from './error-answer.ts'
import { logRequest } from './logging/log-request.ts'
import { unlessHidden, unlessMissing } from './objects/hidden-key.ts'
import { checkKey } from './objects/upload.ts'
import type { S3Deps, S3Operation, S3Visit } from './operation.ts'
import { operationOf } from './operations.ts'
import { type S3Request, s3Request } from './request.ts'
import { NOTHING_SENT, VISITOR } from './visitor.ts'

/** What requests for the S3 API come to; which they are `layers.ts` knows. */
export function s3Door(deps: S3Deps): ProxyHandler {
  return async (transaction) => {
    const { txId, request } = transaction
    const parsed = s3Request(request, deps.options.domains)
    const result = isS3Error(parsed)
      ? parsed
      : await withCors(deps, transaction, parsed, await answerTo(deps, transaction, parsed))
    const response = isS3Error(result) ? told(result, isS3Error(parsed) ? request : parsed, txId) : result
    return {
      status: response.status,
      headers: { ...response.headers, 'x-amz-request-id': txId, 'x-amz-id-2': txId },
      body: response.body,
    }
  }
}

function told(error: S3Error, request: S3Request | Request, txId: string): Response {
  if (!('level' in request)) return errorAnswer(error, request.path, txId)
  if (request.level === 'account') return controlErrorAnswer(error, txId)
  return errorAnswer(error, request.resource, txId)
}

/** What nobody foresaw is S3's internal error for the client, and for the log what it was. */
async function answerTo(
  deps: S3Deps,
  transaction: Transaction,
  request: S3Request,
): Promise<Response | S3Error> {
  try {
    const result = await visit(deps, transaction, request)
    return isS3Error(result) ? withRegion(deps, request, result) : result
  } catch (error) {
    if (error instanceof BodyError) return bodyProblem(error)
    transaction.log.error({ err: error, method: request.method, path: request.http.path }, 'request failed')
    return s3Error('InternalError')
  }
}

/** A body that could not be read to its end, by what it broke off with. */
export function bodyProblem({ code }: BodyError): S3Error {
  if (code === 'BODY_TOO_LARGE') return s3Error('EntityTooLarge')
  return s3Error(code === 'SENDER_TIMEOUT' ? 'RequestTimeout' : 'IncompleteBody')
}

async function visit(
  deps: S3Deps,
  transaction: Transaction,
  request: S3Request,
): Promise<Response | S3Error> {
  const operation = operationOf(request)
  if (isS3Error(operation)) return operation
  const authenticated =
    operation.signature === 'not_looked_at'
      ? { caller: VISITOR, sent: NOTHING_SENT }
      : await deps.authenticate(request, transaction)
  if (isS3Error(authenticated)) return authenticated
  const { caller, sent } = authenticated
  const tooLong = checkKey(request.key ?? '')
  if (tooLong !== undefined) return tooLong
  if (caller.kind === 'user') transaction.principal = caller.principal
  const bucket = await resolveBucket(deps, transaction, request, caller)
  if (!isS3Error(bucket)) {
    const visited: S3Visit = { deps, request, transaction, caller, sent, bucket }
    const result = await judged(operation, visited)
    logRequest(visited, operation, result)
    return result
  }
  const mayBeMissing = operation.bucket === 'may_be_missing' && bucket.code === 'NoSuchBucket'
  if (!mayBeMissing) return bucket
  return judged(operation, { deps, request, transaction, caller, sent, bucket: undefined })
}

async function judged(operation: S3Operation, visited: S3Visit): Promise<Response | S3Error> {
  const { deps, request, bucket } = visited
  const action = typeof operation.action === 'string' ? operation.action : operation.action(request)
  if (action !== 'none') {
    const asked = { action, bucket, key: request.key }
    const denied = await deps.authorize(visited, asked)
    if (denied !== undefined) return await unlessMissing(visited, asked, denied)
  }
  visited.transaction.permits = (list, name) => permission(visited, list, name)
  const result = await operation.run(visited)
  if (!isS3Error(result)) return tellCharged(visited, result)
  return result.code === 'NoSuchKey' ? unlessHidden(visited, result) : result
}
