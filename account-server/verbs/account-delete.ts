/** DELETE of an account: marks it, whatever it holds; the reaper empties it later. */
import { parseAccountAddress } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { deleteAccount } from '#db/account-rules.ts'
import type { Request, Response } from '#http/message.ts'
import { statusHeaders } from '../account-headers.ts'
import type { AccountService } from '../service.ts'

export async function accountDelete(service: AccountService, request: Request): Promise<Response> {
  const address = parseAccountAddress(request)
  if (address instanceof Refusal) return address.response
  const unfit = await service.drive.refuse(address.device, 'delete')
  if (unfit !== undefined) return unfit.response
  const timestamp = requestTimestamp(request, service)
  if (timestamp instanceof Refusal) return timestamp.response
  const result = await service.index.apply({ account: address.account }, [], deleteAccount(timestamp))
  return answer(result.kind === 'deleted' ? 204 : 404, statusHeaders(result.info))
}
