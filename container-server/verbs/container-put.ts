/** PUT of a container: creates it, or takes over newer metadata, and tells the account. */

import type { ContainerAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { requestedPolicyIndex } from '#backend/policy-header.ts'
import { Refusal } from '#backend/refusal.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { putContainer } from '#db/container-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { accountTargets } from '../account-updates.ts'
import { metadataOf } from '../container-headers.ts'
import type { ContainerService } from '../service.ts'

export async function containerPut(
  service: ContainerService,
  request: Request,
  address: ContainerAddress,
  timestamp: Timestamp,
): Promise<Response> {
  if (request.headers['x-backend-record-type']?.toLowerCase() === 'shard') {
    return textAnswer(501, 'Containers are not split into shard ranges here')
  }
  const requestedPolicy = requestedPolicyIndex(request, service.policies)
  if (requestedPolicy instanceof Refusal) return requestedPolicy.response
  const targets = accountTargets(request.headers)
  if (targets instanceof Refusal) return targets.response
  const name = { account: address.account, container: address.container }
  const put = {
    name,
    timestamp,
    requestedPolicy,
    defaultPolicy: defaultPolicyIndex(request, service),
    metadata: metadataOf(request, timestamp),
  }
  const result = await service.index.apply(name, [], putContainer(put))
  switch (result.kind) {
    case 'policy_conflict':
      return answer(409, { 'x-backend-storage-policy-index': String(result.policyIndex) })
    case 'outdated':
      return answer(409)
    case 'bad_metadata':
      return textAnswer(400, result.problem)
    case 'created':
    case 'exists': {
      if ((await service.accounts.tell(result.info, targets, request.headers)) === 'not_found')
        return answer(404)
      const headers = { 'x-backend-storage-policy-index': String(result.info.policyIndex) }
      return answer(result.kind === 'created' ? 201 : 202, headers)
    }
  }
}

/** What the proxy thinks the default is, so that all replicas get the same; our own default otherwise. */
function defaultPolicyIndex(request: Request, service: ContainerService): number {
  const proposed = Number(request.headers['x-backend-storage-policy-default'] ?? Number.NaN)
  return service.policies.byIndex(proposed)?.index ?? service.policies.default.index
}
