/** DELETE of an account: marks it, by resellers; a worker empties it later. */
import { answer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import type { AccountVerb } from './visit.ts'

export const accountDelete: AccountVerb = async ({ store }, { name, request, transaction }) => {
  // Whoever mistyped a query meant for something smaller must not lose an account.
  if (request.query !== '') return answer(400)
  const deleted = await store.accounts.delete(transaction, name)
  return deleted.kind === 'deleted' ? answer(204, { 'x-account-status': 'Deleted' }) : failureAnswer(deleted)
}
