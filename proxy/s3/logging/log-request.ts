/** Which requests are logged, and what is said of them: every request to a bucket whose owner asked for it. */
import type { Response } from '#http/message.ts'
import { headerOf } from '#http/message.ts'
import { hasSettings } from '#store/bucket-settings/bucket-settings.ts'
import { isS3Error, type S3Error } from '../error.ts'
import type { S3Operation, S3Visit } from '../operation.ts'
import type { LoggedRequest } from './log-line.ts'

/** Hands the request to the log of its bucket, if it has one. Nothing waits for it. */
export function logRequest(visit: S3Visit, operation: S3Operation, result: Response | S3Error): void {
  const { deps, bucket } = visit
  if (deps.logs === undefined || bucket === undefined || !hasSettings(bucket.info)) return
  record(visit, operation, result).catch((error: unknown) =>
    visit.transaction.log.error({ err: error }, 'a request was not logged'),
  )
}

async function record(visit: S3Visit, operation: S3Operation, result: Response | S3Error): Promise<void> {
  const { deps, bucket, transaction } = visit
  if (bucket === undefined) return
  const { txId, log } = transaction
  const own = { txId, log, signal: undefined }
  const read = await deps.settings.ofKnown(own, bucket.container, bucket.info)
  const enabled = read.kind === 'settings' ? read.documents.logging?.enabled : undefined
  if (enabled !== undefined)
    deps.logs?.add(bucket.container, enabled, loggedRequest(visit, operation, result))
}

function loggedRequest(visit: S3Visit, operation: S3Operation, result: Response | S3Error): LoggedRequest {
  const { deps, bucket, caller, request, transaction } = visit
  const { headers, http } = request
  const nowMs = deps.clock.wallMs()
  const tookMs = deps.clock.monotonicMs() - transaction.arrivedMs
  return {
    bucketOwner: bucket?.owner ?? '',
    bucket: bucket?.name ?? '',
    atMs: nowMs - tookMs,
    remoteAddress: http.remoteAddress,
    requester: caller.kind === 'user' ? caller.user : undefined,
    requestId: transaction.txId,
    operation: operationName(operation),
    key: request.key,
    method: request.method,
    target: http.query === '' ? http.path : `${http.path}?${withoutSignatures(http.query)}`,
    status: result.status,
    errorCode: isS3Error(result) ? result.code : undefined,
    sentBytes: isS3Error(result) ? undefined : sizeOf(result),
    tookMs,
    referer: headers['referer'],
    userAgent: headers['user-agent'],
    versionId: request.query.get('versionId'),
    host: headers['host'],
    ...signatureOf(headers['authorization'], http.query),
  }
}

function sizeOf(response: Response): number | undefined {
  const told = headerOf(response, 'content-length')
  return told === undefined ? undefined : Number(told)
}

/** `REST.PUT.PART`, `REST.GET.CORS`, `REST.COPY.OBJECT`… */
function operationName({ method, level, query, name }: S3Operation): string {
  const resource = query === undefined ? level : query
  const verb = name === 'CopyObject' ? 'COPY' : method
  return `REST.${verb}.${resource.toUpperCase().replaceAll('-', '_')}`
}

function signatureOf(
  authorization: string | undefined,
  query: string,
): Pick<LoggedRequest, 'signature' | 'authentication'> {
  if (authorization?.startsWith('AWS4-') === true) return { signature: 'SigV4', authentication: 'AuthHeader' }
  if (authorization?.startsWith('AWS ') === true) return { signature: 'SigV2', authentication: 'AuthHeader' }
  if (query.includes('X-Amz-Signature=')) return { signature: 'SigV4', authentication: 'QueryString' }
  if (query.includes('AWSAccessKeyId=')) return { signature: 'SigV2', authentication: 'QueryString' }
  return { signature: undefined, authentication: undefined }
}

/** A link is good for whoever has it: its signature is in no log. */
function withoutSignatures(query: string): string {
  return query.replace(/((?:^|&)(?:X-Amz-Signature|Signature|X-Amz-Security-Token)=)[^&]*/gi, '$1-')
}
