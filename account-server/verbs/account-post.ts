/** POST to an account: newer metadata replaces older, name by name. */
import { parseAccountAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { postAccount } from '#db/account-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { metadataOf, statusHeaders } from '../account-headers.ts'
import type { AccountService } from '../service.ts'

export async function accountPost(service: AccountService, request: Request): Promise<Response> {
  const address = parseAccountAddress(request)
  if (address instanceof Refusal) return address.response
  const timestamp = requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  const unfit = await service.drive.refuse(address.device, 'write')
  if (unfit !== undefined) return unfit.response
  const name = { account: address.account }
  const result = await service.index.apply(name, [], postAccount(metadataOf(request, timestamp)))
  switch (result.kind) {
    case 'updated':
      return answer(204)
    case 'not_found':
      return answer(404, statusHeaders(result.info))
    case 'bad_metadata':
      return textAnswer(400, result.problem)
  }
}
