/**
 * Asks the one decision (`auth/decision.ts`) whether a visit to the S3 door may go on, by every notation there is. What
 * the headers of a request expect of owners is checked on the way.
 */
import type { S3Action } from '#auth/s3/actions.ts'
import { type BucketPolicy, parsePolicy } from '#auth/s3/policy/bucket-policy.ts'
import type { Permission } from '#store/operation.ts'
import { type Asker, askAccess, permissionFor } from '../../access/ask-access.ts'
import { isPartOf } from '../../access/own-parts.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { AccessAsked, Authorize, Caller, S3Visit } from '../operation.ts'
import { checkExpectedOwner } from './expected-owner.ts'
import { signatureOf } from './signature-facts.ts'

/** What the same thing is called when it is about one version of an object. */
const OF_A_VERSION: ReadonlyMap<S3Action, S3Action> = new Map<S3Action, S3Action>([
  ['s3:GetObject', 's3:GetObjectVersion'],
  ['s3:GetObjectAttributes', 's3:GetObjectVersionAttributes'],
  ['s3:DeleteObject', 's3:DeleteObjectVersion'],
  ['s3:GetObjectAcl', 's3:GetObjectVersionAcl'],
  ['s3:PutObjectAcl', 's3:PutObjectVersionAcl'],
  ['s3:GetObjectTagging', 's3:GetObjectVersionTagging'],
  ['s3:PutObjectTagging', 's3:PutObjectVersionTagging'],
  ['s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'],
])

export const authorize: Authorize = async (visit, asked) => {
  const { request, bucket } = visit
  const wrongOwner =
    bucket && checkExpectedOwner(visit.deps, bucket, request.headers['x-amz-expected-bucket-owner'])
  return wrongOwner ?? (await judge(visit, asked))
}

/** What takes two rights: to one's name, and to what is read on the way. */
const ALSO_ASKED: ReadonlyMap<S3Action, S3Action> = new Map<S3Action, S3Action>([
  ['s3:GetObjectAttributes', 's3:GetObject'],
])

async function judge(visit: S3Visit, asked: AccessAsked): Promise<S3Error | undefined> {
  const also = ALSO_ASKED.get(asked.action)
  const denied = also === undefined ? undefined : await judgeOne(visit, { ...asked, action: also })
  return denied ?? (await judgeOne(visit, asked))
}

async function judgeOne(visit: S3Visit, asked: AccessAsked): Promise<S3Error | undefined> {
  const { deps, request, caller } = visit
  const name = nameOf(asked, visit)
  if (name === undefined) return s3Error('AccessDenied')
  const asker = askerOf(visit)
  if (asker === undefined) return s3Error('AccessDenied')
  const isOwn = asked.key !== undefined && asked.key === request.key && asked.bucket === visit.bucket
  const versionId = asked.versionId ?? (isOwn ? request.query.get('versionId') : undefined)
  const action = versionId === undefined ? asked.action : (OF_A_VERSION.get(asked.action) ?? asked.action)
  const decision = await askAccess(deps.access, asker, { action, name, versionId })
  switch (decision.kind) {
    case 'allow':
      return undefined
    case 'deny':
      return denied(caller)
    case 'unavailable':
      return s3Error('ServiceUnavailable')
  }
}

function denied(caller: Caller): S3Error {
  return s3Error('AccessDenied', caller.kind === 'anonymous' ? { message: 'Access Denied' } : {})
}

/** What is asked about: an object, a bucket, one that is to be made, or the caller's account. */
function nameOf({ bucket, key, action }: AccessAsked, { caller, request }: S3Visit): AskedName | undefined {
  if (bucket !== undefined) return key === undefined ? bucket.container : { ...bucket.container, object: key }
  if (caller.kind === 'anonymous') return undefined
  const { account } = caller
  return action === 's3:ListAllMyBuckets' || request.bucket === undefined
    ? { account }
    : { account, container: request.bucket }
}

type AskedName = Parameters<typeof askAccess>[2]['name']

/** `undefined`: the limits of the session cannot be read, so it may do nothing. */
export function askerOf({ transaction, request, caller, deps }: S3Visit): Asker | undefined {
  const session = sessionOf(caller)
  if (session === 'unreadable') return undefined
  const { headers, query, http } = request
  return {
    context: transaction,
    principal: caller.kind === 'user' ? caller.principal : undefined,
    session,
    referer: headers['referer'],
    pays: headers['x-amz-request-payer']?.toLowerCase() === 'requester' ? 'agreed' : undefined,
    facts: () => ({
      remoteAddress: http.remoteAddress,
      secure: http.secure,
      headers,
      query: (name) => query.get(name),
      signature: signatureOf(request, caller, deps.clock.wallMs()),
      region: deps.options.region,
    }),
  }
}

const sessions = new WeakMap<Caller, BucketPolicy | 'unreadable'>()

function sessionOf(caller: Caller): BucketPolicy | 'unreadable' | undefined {
  const text = caller.kind === 'user' ? caller.session?.policy : undefined
  if (text === undefined) return undefined
  const known = sessions.get(caller)
  if (known !== undefined) return known
  const parsed = parsePolicy(text, { kind: 'session' })
  const policy = parsed.kind === 'policy' ? parsed.policy : 'unreadable'
  sessions.set(caller, policy)
  return policy
}

/** Whether the caller may also read or write something that the operation leads to: segments, the target of a link. */
export async function permission(
  visit: S3Visit,
  list: 'read' | 'write',
  name: Parameters<typeof permissionFor>[3],
): Promise<Permission> {
  const { bucket, request, deps } = visit
  const visited = bucket && { ...bucket.container, object: request.key ?? '' }
  // The visit to the object itself was allowed already.
  if (visited !== undefined && isPartOf(visited, name)) return { kind: 'allowed' }
  const asker = askerOf(visit)
  if (asker === undefined) return { kind: 'denied', status: 403 }
  return await permissionFor(deps.access, asker, list, name)
}
