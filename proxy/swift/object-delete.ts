/** DELETE of an object. */
import { answer, HTML_TYPE } from '../answers.ts'
import { renderReport, reportTypeOf } from '../report-forms.ts'
import { failureAnswer } from './failure-answers.ts'
import { deleteReport } from './manifest-delete.ts'
import { manifestParameterIn, objectParametersIn } from './object-parameters.ts'
import { versionHeaders } from './version-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectDelete: ObjectVerb = async ({ store }, { name, request, transaction }) => {
  const { versionId } = objectParametersIn(request)
  if (manifestParameterIn(request) === 'delete') {
    const outcome = await store.objects.delete(transaction, name, { versionId, segments: 'now' })
    const type = reportTypeOf(request.headers)
    const body = renderReport(deleteReport(outcome, name), type)
    return { status: 200, headers: { 'content-type': type ?? HTML_TYPE }, body }
  }
  const deleted = await store.objects.delete(transaction, name, { versionId })
  const versions = versionHeaders(deleted)
  if (deleted.kind === 'deleted') {
    return answer(204, { ...(deleted.listingPending ? { 'x-listing-pending': 'true' } : {}), ...versions })
  }
  const { status, headers, body } = failureAnswer(deleted)
  return { status, headers: { ...headers, ...versions }, body }
}
