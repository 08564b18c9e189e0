/** `X-Backend-Storage-Policy-Index` of a request, checked against the policies of the cluster. */
import type { Request } from '#http/message.ts'
import { textAnswer } from './answers.ts'
import type { StoragePolicies } from './policies.ts'
import { Refusal } from './refusal.ts'

const HEADER = 'X-Backend-Storage-Policy-Index'

/**
 * The index, or `undefined` when the request names none, or a refusal with 400 when there is no such policy (OpenStack
 * Swift, `container/server.py`: `get_and_validate_policy_index`).
 */
export function requestedPolicyIndex(
  request: Request,
  policies: StoragePolicies,
): number | undefined | Refusal {
  const written = request.headers['x-backend-storage-policy-index']
  if (written === undefined) return undefined
  const index = /^\s*\d{1,9}\s*$/.test(written) ? Number(written) : undefined
  if (index !== undefined && policies.byIndex(index) !== undefined) return index
  return new Refusal(textAnswer(400, `Invalid ${HEADER} '${written}'`))
}
