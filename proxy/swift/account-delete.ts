/** DELETE of an account: marks it, by resellers; a worker empties it later. */
import { answer, emptyAnswer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import type { AccountVerb } from './visit.ts'

const TOLD = { 'x-account-status': 'Deleted' } as const

export const accountDelete: AccountVerb = async ({ store }, { name, request, transaction }) => {
  // Whoever mistyped a query meant for something smaller must not lose an account.
  if (request.query !== '') return answer(400)
  const deleted = await store.accounts.delete(transaction, name)
  if (deleted.kind === 'deleted') return answer(204, TOLD)
  // Gone for readers, and not there for who would delete it again, as in Swift.
  return deleted.kind === 'account_deleted' ? emptyAnswer(404, TOLD) : failureAnswer(deleted)
}
