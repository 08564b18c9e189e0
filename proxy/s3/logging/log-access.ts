/**
 * Whether the cluster may put the access log of one bucket into another: its owner says so, as with Amazon, by the bucket's policy
 * (`logging.s3.amazonaws.com`) or by its list (the group of log delivery). The one decision is asked, like for everybody else.
 */
import { tenantOf } from '#auth/bucket-access.ts'
import { LOG_DELIVERY_SERVICE, resourceArn } from '#auth/s3/policy/question.ts'
import type { ContainerName, ObjectName, OperationContext } from '#store/operation.ts'
import { type AccessDeps, askAccess } from '../../access/ask-access.ts'

/** `unavailable`: nobody can tell now. */
export async function mayDeliver(
  deps: AccessDeps,
  context: OperationContext,
  source: ContainerName,
  target: ObjectName,
): Promise<'yes' | 'no' | 'unavailable'> {
  const { account, container } = source
  const service = {
    name: LOG_DELIVERY_SERVICE,
    source: { arn: resourceArn(container, undefined), account: tenantOf(account, deps.resellers) },
  }
  const asker = {
    context,
    principal: undefined,
    service,
    referer: undefined,
    facts: () => ({ remoteAddress: undefined, secure: true, headers: {}, query: () => undefined }),
  }
  const decision = await askAccess(deps, asker, { action: 's3:PutObject', name: target })
  if (decision.kind === 'unavailable') return 'unavailable'
  return decision.kind === 'allow' ? 'yes' : 'no'
}
