/** PUT of an account: creates it, by resellers, where that is allowed. */
import type { Response } from '#http/message.ts'
import { answer, emptyAnswer, HTML_TYPE, textAnswer } from '../answers.ts'
import { accountChangesIn } from './account-changes.ts'
import { changeFailureAnswer, isFailure } from './failure-answers.ts'
import type { AccountVerb } from './visit.ts'

export const accountPut: AccountVerb = async ({ store, policies }, visit) => {
  const { name, transaction } = visit
  const parsed = accountChangesIn(visit, policies)
  if (parsed.kind === 'refused') return parsed.response
  const put = await store.accounts.put(transaction, name, parsed.changes)
  if (put.kind === 'account_deleted') return recentlyDeleted()
  if (isFailure(put)) return changeFailureAnswer(put)
  return put.kind === 'created' ? emptyAnswer(201) : answer(202)
}

/** The name is free again when the last of the deleted account has been cleared away. */
function recentlyDeleted(): Response {
  const { headers, ...rest } = textAnswer(403, 'Recently deleted', HTML_TYPE)
  return { ...rest, headers: { ...headers, 'x-account-status': 'Deleted' } }
}
