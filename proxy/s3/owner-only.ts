/** Access by ownership alone: whoever administers a bucket's account may do everything in it, nobody else anything. */
import { decideByRole } from '#auth/decision.ts'
import { s3Error } from './error.ts'
import type { Authorize } from './operation.ts'

export const ownerOnly: Authorize = async ({ caller, deps, request }, { bucket, key }) => {
  if (caller.kind === 'anonymous') return s3Error('AccessDenied')
  const account = bucket?.container.account ?? caller.account
  const container = bucket?.name ?? request.bucket
  const action = { method: request.method, account, container, object: key }
  const decision = decideByRole(caller.principal, action, deps.resellers)
  return decision?.kind === 'allow' ? undefined : s3Error('AccessDenied')
}
