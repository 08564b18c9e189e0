/** DELETE of an object. */
import type { Response } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import type { StoreFailure } from '#store/failure.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import { changeFailureAnswer, failureAnswer } from './failure-answers.ts'
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
  const { status, headers, body } = isLater ? laterRefusal(deleted) : failureAnswer(deleted)
  return { status, headers: { ...headers, ...versions }, body }
}

/** Of a manifest whose segments were to go later (OpenStack Swift, `common/middleware/slo.py`: `handle_async_delete`). */
function laterRefusal(failure: StoreFailure): Response {
  const isMissing = failure.kind === 'no_such_object' || failure.kind === 'no_such_container'
  return isMissing ? textAnswer(404, 'SLO manifest not found', HTML_TYPE) : changeFailureAnswer(failure)
}
