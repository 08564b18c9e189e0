/** PUT of an account: creates it, by resellers, where that is allowed. */
import { answer, emptyAnswer } from '../answers.ts'
import { accountChangesIn } from './account-changes.ts'
import { failureAnswer, isFailure } from './failure-answers.ts'
import type { AccountVerb } from './visit.ts'

export const accountPut: AccountVerb = async ({ store }, { name, request, transaction }) => {
  const parsed = accountChangesIn(name.account, request.headers)
  if (parsed.kind === 'refused') return parsed.response
  const put = await store.accounts.put(transaction, name, parsed.changes)
  if (isFailure(put)) return failureAnswer(put)
  return put.kind === 'created' ? emptyAnswer(201) : answer(202)
}
