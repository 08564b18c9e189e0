/** DELETE of a container: only an empty one, and only when nobody put it later. The account is told. */

import type { ContainerAddress } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { deleteContainer } from '#db/container-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { accountTargets } from '../account-updates.ts'
import type { ContainerService } from '../service.ts'

export async function containerDelete(
  service: ContainerService,
  request: Request,
  address: ContainerAddress,
  timestamp: Timestamp,
): Promise<Response> {
  const targets = accountTargets(request.headers)
  if (targets instanceof Refusal) return targets.response
  const name = { account: address.account, container: address.container }
  const result = await service.index.apply(name, [], deleteContainer(timestamp))
  switch (result.kind) {
    case 'not_found':
      return answer(404)
    case 'not_empty':
    case 'outdated':
      return answer(409)
    case 'deleted':
    case 'was_deleted':
      if ((await service.accounts.tell(result.info, targets, request.headers)) === 'not_found')
        return answer(404)
      return answer(result.kind === 'deleted' ? 204 : 404)
  }
}
