/**
 * What an upload does besides storing an object, by its headers: an access list, tags, a lock. Each has an action of its own,
 * which a policy that lets somebody upload must allow as well.
 */
import { ACL_HEADERS } from '#auth/s3/acl/acl-headers.ts'
import type { S3Action } from '#auth/s3/actions.ts'
import { askAlong } from '../../access/ask-access.ts'
import { type S3Error, s3Error } from '../error.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { askerOf } from './authorize.ts'

const EXTRAS: readonly (readonly [header: string, action: S3Action])[] = [
  ...ACL_HEADERS.map((header) => [header, 's3:PutObjectAcl'] as const),
  ['x-amz-tagging', 's3:PutObjectTagging'],
  ['x-amz-object-lock-mode', 's3:PutObjectRetention'],
  ['x-amz-object-lock-retain-until-date', 's3:PutObjectRetention'],
  ['x-amz-object-lock-legal-hold', 's3:PutObjectLegalHold'],
]

/** The refusal of an upload for what comes along with it. */
export async function deniedExtras(visit: S3Visit): Promise<S3Error | undefined> {
  const { headers } = visit.request
  const actions = new Set<S3Action>()
  for (const [header, action] of EXTRAS) if (headers[header] !== undefined) actions.add(action)
  if (actions.size === 0) return undefined
  const asker = askerOf(visit)
  if (asker === undefined) return s3Error('AccessDenied')
  for (const action of actions) {
    const mayCome = await askAlong(visit.deps.access, asker, { action, name: objectOf(visit) })
    if (!mayCome) return s3Error('AccessDenied')
  }
  return undefined
}
