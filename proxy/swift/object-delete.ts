/** DELETE of an object. */
import { answer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import { manifestDelete } from './manifest-delete.ts'
import { manifestParameterIn, objectParametersIn } from './object-parameters.ts'
import { versionHeaders } from './version-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectDelete: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  if (manifestParameterIn(request) === 'delete') return await manifestDelete(deps, visit)
  const { versionId } = objectParametersIn(request)
  const timestamp = transaction.synced?.timestamp
  const deleted = await deps.store.objects.delete(transaction, name, { versionId, timestamp })
  const versions = versionHeaders(deleted)
  if (deleted.kind === 'deleted') {
    return answer(204, { ...(deleted.listingPending ? { 'x-listing-pending': 'true' } : {}), ...versions })
  }
  const { status, headers, body } = failureAnswer(deleted)
  return { status, headers: { ...headers, ...versions }, body }
}
