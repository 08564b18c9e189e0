/** PUT of an object: an upload, or the making of a large object, a link or a copy. */
import { httpDate, lastModifiedSeconds } from '#base/timestamp.ts'
import { bufferBody, type Response } from '#http/message.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { answer } from '../answers.ts'
import { denialAnswer } from './authorize.ts'
import { withConditionHeader } from './condition-header.ts'
import { failureAnswer } from './failure-answers.ts'
import { segmentsIn, segmentsRefusedAnswer } from './manifest-put.ts'
import { manifestParameterIn, objectParametersIn } from './object-parameters.ts'
import { uploadIn } from './upload.ts'
import { checkCopy, checkLength } from './upload-rules.ts'
import { versionHeaders } from './version-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectPut: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  if (manifestParameterIn(request) === 'put') return await manifestPut(deps, visit)
  const { headers, body } = request
  const upload = uploadIn(
    deps,
    visit,
    () => checkCopy(headers) ?? checkLength(headers, deps.options.maxFileSizeBytes),
  )
  if (upload.kind === 'refused') return upload.response
  const { versionId } = objectParametersIn(request)
  const put = await deps.store.objects.put(transaction, name, { ...upload.put, body, versionId })
  if (put.kind === 'denied') return denialAnswer(transaction, put.status)
  return put.kind === 'created' ? receipt(put, put.etag) : failureAnswer(put)
}

const manifestPut: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  const upload = uploadIn(deps, visit, () => undefined)
  if (upload.kind === 'refused') return upload.response
  const listed = await segmentsIn(request, name)
  if (listed.kind === 'refused') return listed.response
  const { segments } = listed
  const put = await deps.store.objects.put(transaction, name, {
    ...upload.put,
    body: bufferBody(listed.body),
    segments,
  })
  if (put.kind === 'segments_refused') return segmentsRefusedAnswer(put, request.headers)
  return put.kind === 'created' ? receipt(put, `"${put.etag}"`) : failureAnswer(put)
}

/** `etag` as the client is shown it. */
function receipt(put: ObjectPutReceipt, etag: string): Response {
  const created = answer(201, {
    'content-length': '0',
    etag,
    'last-modified': httpDate(lastModifiedSeconds(put.timestamp)),
    ...(put.listingPending ? { 'x-listing-pending': 'true' } : undefined),
    ...versionHeaders(put),
  })
  return withConditionHeader(created, put.condition)
}
