/** PUT of an account: creates it, or takes over newer metadata. One that was deleted lately is refused. */
import type { AccountAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { putAccount } from '#db/account-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { metadataOf } from '../account-headers.ts'
import type { AccountService } from '../service.ts'

export async function accountPut(
  service: AccountService,
  request: Request,
  address: AccountAddress,
): Promise<Response> {
  const timestamp = requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  const name = { account: address.account }
  const put = { name, timestamp, metadata: metadataOf(request, timestamp) }
  const result = await service.index.apply(name, [], putAccount(put))
  switch (result.kind) {
    case 'created':
      return answer(201)
    case 'exists':
      return answer(202)
    case 'recently_deleted':
      return textAnswer(403, 'Recently deleted', { 'x-account-status': 'Deleted' })
    case 'bad_metadata':
      return textAnswer(400, result.problem)
  }
}
