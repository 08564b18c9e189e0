/** PUT of an object: an upload, or the making of a large object, a link or a copy. */
import { answer } from '../answers.ts'
import { denialAnswer } from './authorize.ts'
import { failureAnswer } from './failure-answers.ts'
import { manifestPut } from './manifest-put.ts'
import { objectPutCopy } from './object-copy.ts'
import { manifestParameterIn, objectParametersIn } from './object-parameters.ts'
import { putReceipt } from './put-receipt.ts'
import { uploadIn } from './upload.ts'
import { checkLength } from './upload-rules.ts'
import type { ObjectVerb } from './visit.ts'

export const objectPut: ObjectVerb = async (deps, visit) => {
  const { name, request, transaction } = visit
  const copied = request.headers['x-copy-from']
  if (copied !== undefined && copied !== '') return await objectPutCopy(deps, visit)
  if (manifestParameterIn(request) === 'put') return await manifestPut(deps, visit)
  const { headers, body } = request
  const upload = uploadIn(deps, visit, () => checkLength(headers, deps.options.maxFileSizeBytes))
  if (upload.kind === 'refused') {
    const { account, container } = name
    const isFirst =
      upload.of === 'feature' ||
      (await deps.store.containers.info(transaction, { account, container })) !== undefined
    return isFirst ? upload.response : answer(404)
  }
  const { versionId } = objectParametersIn(request)
  const { synced } = transaction
  const timestamp = synced?.timestamp
  const put = await deps.store.objects.put(transaction, name, { ...upload.put, body, versionId, timestamp })
  // What is there is as new or newer: the other cluster need not send it again.
  if (put.kind === 'conflict' && synced !== undefined) return answer(202)
  if (put.kind === 'denied') return denialAnswer(transaction, put.status)
  return put.kind === 'created' ? putReceipt(put, put.etag) : failureAnswer(put)
}
