/** POST to a container: newer metadata replaces older, name by name. */
import { parseContainerAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { postContainer } from '#db/container-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { metadataOf } from '../container-headers.ts'
import type { ContainerService } from '../service.ts'

export async function containerPost(service: ContainerService, request: Request): Promise<Response> {
  const address = parseContainerAddress(request)
  if (address instanceof Refusal) return address.response
  const timestamp = requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  const unfit = await service.drive.refuse(address.device, 'write')
  if (unfit !== undefined) return unfit.response
  const name = { account: address.account, container: address.container }
  const result = await service.index.apply(name, [], postContainer(timestamp, metadataOf(request, timestamp)))
  switch (result.kind) {
    case 'updated':
      return answer(204)
    case 'not_found':
      return answer(404)
    case 'bad_metadata':
      return textAnswer(400, result.problem)
  }
}
