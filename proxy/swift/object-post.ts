/** POST of an object: replaces its metadata, and its content type when one is sent. */
import { answer } from '../answers.ts'
import { deleteAtIn } from './delete-at.ts'
import { failureAnswer } from './failure-answers.ts'
import { checkLinkInPost } from './link-headers.ts'
import { checkMetadata, objectMetadataIn } from './metadata-headers.ts'
import { objectParametersIn } from './object-parameters.ts'
import { checkStaticMark, withoutOwnParameters } from './upload-rules.ts'
import { checkVersionInPost } from './version-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectPost: ObjectVerb = async ({ store, clock }, { name, request, transaction }) => {
  const { headers } = request
  const refusal =
    checkVersionInPost(objectParametersIn(request).versionId) ??
    checkLinkInPost(headers) ??
    checkStaticMark(headers) ??
    checkMetadata(headers, 'object')
  if (refusal !== undefined) return refusal
  const deleteAt = deleteAtIn(headers, clock)
  if (deleteAt.kind === 'refused') return deleteAt.response
  const metadata = objectMetadataIn(headers)
  if (deleteAt.value !== undefined) metadata['x-delete-at'] = deleteAt.value
  const type = headers['content-type']
  const contentType = type === undefined || type === '' ? undefined : withoutOwnParameters(type)
  const posted = await store.objects.post(transaction, name, { metadata, contentType })
  return posted.kind === 'accepted' ? answer(202) : failureAnswer(posted)
}
