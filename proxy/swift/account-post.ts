/** POST of an account: changes its metadata, creating it where that happens by itself. */
import { answer, emptyAnswer } from '../answers.ts'
import { accountChangesIn } from './account-changes.ts'
import { changeFailureAnswer } from './failure-answers.ts'
import type { AccountVerb } from './visit.ts'

export const accountPost: AccountVerb = async ({ store, policies }, visit) => {
  const { name, transaction } = visit
  const parsed = accountChangesIn(visit, policies)
  if (parsed.kind === 'refused') return parsed.response
  const posted = await store.accounts.post(transaction, name, parsed.changes)
  if (posted.kind === 'updated') return answer(204)
  // Swift: a deleted account is gone for readers and not there for writers.
  return posted.kind === 'account_deleted'
    ? emptyAnswer(404, { 'x-account-status': 'Deleted' })
    : changeFailureAnswer(posted)
}
