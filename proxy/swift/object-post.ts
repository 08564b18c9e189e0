/** POST of an object: replaces its metadata, and its content type when one is sent. */
import { answer } from '../answers.ts'
import { deleteAtIn } from './delete-at.ts'
import { failureAnswer } from './failure-answers.ts'
import { checkMetadata, objectMetadataIn } from './metadata-headers.ts'
import { checkContentType } from './upload-rules.ts'
import type { ObjectVerb } from './visit.ts'

export const objectPost: ObjectVerb = async ({ store, clock }, { name, request, transaction }) => {
  const { headers } = request
  const contentType = headers['content-type'] === '' ? undefined : headers['content-type']
  const refusal = checkMetadata(headers, 'object') ?? checkContentType(contentType ?? '')
  if (refusal !== undefined) return refusal
  const deleteAt = deleteAtIn(headers, clock)
  if (deleteAt.kind === 'refused') return deleteAt.response
  const metadata = objectMetadataIn(headers)
  if (deleteAt.value !== undefined) metadata['x-delete-at'] = deleteAt.value
  const posted = await store.objects.post(transaction, name, { metadata, contentType })
  return posted.kind === 'accepted' ? answer(202) : failureAnswer(posted)
}
