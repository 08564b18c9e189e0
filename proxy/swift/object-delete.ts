/** DELETE of an object. */
import { parseQuery } from '#http/query.ts'
import { answer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import { manifestDelete } from './manifest-delete.ts'
import { manifestParameterIn, objectParametersIn } from './object-parameters.ts'
import { versionHeaders } from './version-answers.ts'
import { isTrue, type ObjectVerb } from './visit.ts'

export const objectDelete: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  const isWithSegments = manifestParameterIn(request) === 'delete'
  const isLater = isWithSegments && isTrue(parseQuery(request.query).values.get('async'))
  if (isWithSegments && !isLater) return await manifestDelete(deps, visit)
  const { versionId } = objectParametersIn(request)
  const deleted = await deps.store.objects.delete(transaction, name, {
    versionId,
    timestamp: transaction.synced?.timestamp,
    segments: isLater ? 'later' : undefined,
  })
  const versions = versionHeaders(deleted)
  if (deleted.kind === 'deleted') {
    return answer(204, { ...(deleted.listingPending ? { 'x-listing-pending': 'true' } : {}), ...versions })
  }
  const { status, headers, body } = failureAnswer(deleted)
  return { status, headers: { ...headers, ...versions }, body }
}
