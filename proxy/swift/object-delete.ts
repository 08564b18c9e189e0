/** DELETE of an object. */
import { answer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectDelete: ObjectVerb = async ({ store }, { name, transaction }) => {
  const deleted = await store.objects.delete(transaction, name, {})
  if (deleted.kind !== 'deleted') return failureAnswer(deleted)
  return answer(204, deleted.listingPending ? { 'x-listing-pending': 'true' } : undefined)
}
