/**
 * The security token service: temporary S3 credentials for whoever has lasting ones. It is asked at the root of the S3
 * endpoint, as SDKs do when it is given to them as the endpoint of STS: `POST /` with a form, or `GET /?Action=…`.
 */
import { hash } from 'node:crypto'
import { isRefused } from '#auth/s3/refusal.ts'
import { BodyError, type Request, type Response, readWhole } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { S3Authentication } from '../s3/authenticate.ts'
import { namedHost } from '../s3/request.ts'
import type { ProxyLayer, Transaction } from '../transaction.ts'
import { STS_ACTIONS } from './sts-actions.ts'
import { stsAnswer, stsErrorAnswer } from './sts-answer.ts'
import { type StsError, stsError, stsErrorOf } from './sts-error.ts'

/** A session policy, escaped, and little else. */
const FORM_BYTES_MAX = 64 * 1024
const FORM = 'application/x-www-form-urlencoded'

/** `domains`: of hosts that are buckets, to which such a form is something else. */
export function sts(authentication: S3Authentication, domains: readonly string[]): ProxyLayer {
  return (inner) => (transaction) => {
    const { request } = transaction
    const isOurs = isForSts(request) && namedHost(request, domains).kind !== 'bucket'
    return isOurs ? answer(authentication, transaction) : inner(transaction)
  }
}

function isForSts({ method, path, query, headers }: Request): boolean {
  if (path !== '/') return false
  if (method === 'GET') return query.includes('Action=') && /(?:^|&)Action=/.test(query)
  return method === 'POST' && headers['content-type']?.toLowerCase().startsWith(FORM) === true
}

async function answer(authentication: S3Authentication, { request, txId }: Transaction): Promise<Response> {
  const result = await resultOf(authentication, request)
  return 'code' in result ? stsErrorAnswer(result, txId) : stsAnswer(result.action, result.xml, txId)
}

interface Result {
  readonly action: string
  readonly xml: string
}

async function resultOf(authentication: S3Authentication, request: Request): Promise<Result | StsError> {
  const form = await formOf(request)
  if (form === undefined) return stsError('RequestEntityTooLarge', 'The form is too long.')
  const parameters = parseQuery(form.text).values
  const action = parameters.get('Action')
  if (action === undefined) return stsError('MissingAction', 'Missing Action')
  if (action === 'AssumeRoleWithWebIdentity' || action === 'AssumeRoleWithSAML') {
    return stsError(
      'InvalidIdentityToken',
      `No identity provider is configured: ${action} is not available here.`,
    )
  }
  const perform = STS_ACTIONS.get(action)
  if (perform === undefined) {
    const version = parameters.get('Version') ?? ''
    return stsError('InvalidAction', `Could not find operation ${action} for version ${version}`)
  }
  const sender = await authentication.verifier.verify(
    { ...request, bucketInHost: undefined },
    'sts',
    form.sha256,
  )
  if (isRefused(sender)) return stsErrorOf(sender)
  if (sender.kind === 'anonymous') {
    return stsError('MissingAuthenticationToken', 'Request is missing Authentication Token')
  }
  const xml = perform({ sender, parameters, sessions: authentication.sessions })
  return typeof xml === 'string' ? { action, xml } : xml
}

/** The parameters as they were sent, and the digest of the body, which is signed; `undefined` when it is too long. */
async function formOf(
  request: Request,
): Promise<{ readonly text: string; readonly sha256: string } | undefined> {
  if (request.method === 'GET') return { text: request.query, sha256: hash('sha256', '', 'hex') }
  try {
    const body = await readWhole(request.body, FORM_BYTES_MAX)
    return { text: body.toString('latin1'), sha256: hash('sha256', body, 'hex') }
  } catch (error) {
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE') return undefined
    throw error
  }
}
