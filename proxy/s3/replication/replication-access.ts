/**
 * Whether what was set up may be replicated into a bucket: asked when it is set up, and again for every copy, like for everybody
 * else. It is done as the user who set it up, in the account of the source bucket: buckets of that account are open unless
 * a policy denies it; owners of other accounts must have allowed the user (or its account) to write, and may take that back.
 */
import type { Principal } from '#auth/principal.ts'
import type { ReplicationSetter } from '#store/bucket-settings/replication-rules.ts'
import type { ContainerName, ObjectName, OperationContext } from '#store/operation.ts'
import { type AccessDeps, askAccess } from '../../access/ask-access.ts'

export interface Replicating {
  readonly source: ContainerName
  readonly setBy: ReplicationSetter
  readonly target: ObjectName
  readonly what: 'object' | 'delete_marker'
}

/** `unavailable`: nobody can tell now. */
export async function mayReplicate(
  deps: AccessDeps,
  context: OperationContext,
  { source, setBy, target, what }: Replicating,
): Promise<'yes' | 'no' | 'unavailable'> {
  const { user, tenant } = setBy
  const principal: Principal = { user, tenant, groups: [tenant, user, source.account] }
  const asker = {
    context,
    principal,
    referer: undefined,
    facts: () => ({ remoteAddress: undefined, secure: true, headers: {}, query: () => undefined }),
  }
  const action = what === 'object' ? 's3:ReplicateObject' : 's3:ReplicateDelete'
  const decision = await askAccess(deps, asker, { action, name: target })
  if (decision.kind === 'unavailable') return 'unavailable'
  return decision.kind === 'allow' ? 'yes' : 'no'
}
