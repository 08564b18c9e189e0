/** PUT of an object: an upload. */
import { httpDate, lastModifiedSeconds } from '#base/timestamp.ts'
import { unquoted } from '#http/conditionals.ts'
import type { Response } from '#http/message.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { answer } from '../answers.ts'
import { denialAnswer } from './authorize.ts'
import { withConditionHeader } from './condition-header.ts'
import { deleteAtIn } from './delete-at.ts'
import { failureAnswer } from './failure-answers.ts'
import { linkInRequest } from './link-headers.ts'
import { checkMetadata, objectMetadataIn } from './metadata-headers.ts'
import { objectParametersIn } from './object-parameters.ts'
import {
  checkContentType,
  checkCopy,
  checkLength,
  checkObjectName,
  checkPutConditions,
  contentTypeOf,
  writeConditionIn,
} from './upload-rules.ts'
import { versionHeaders } from './version-answers.ts'
import type { ObjectVerb } from './visit.ts'

export const objectPut: ObjectVerb = async ({ store, clock, options }, { name, request, transaction }) => {
  const { headers } = request
  const link = linkInRequest(headers)
  if (link.kind === 'refused') return link.response
  const ownType = link.kind === 'link' ? link.contentType : undefined
  const contentType = ownType ?? contentTypeOf(headers, name.object)
  const refusal =
    checkPutConditions(headers) ??
    checkCopy(headers) ??
    checkLength(headers, options.maxFileSizeBytes) ??
    checkObjectName(name.object) ??
    checkContentType(contentType) ??
    checkMetadata(headers, 'object')
  if (refusal !== undefined) return refusal
  const deleteAt = deleteAtIn(headers, clock)
  if (deleteAt.kind === 'refused') return deleteAt.response
  const metadata = objectMetadataIn(headers)
  if (deleteAt.value !== undefined) metadata['x-delete-at'] = deleteAt.value
  const etag = headers['etag']
  const put = await store.objects.put(transaction, name, {
    body: request.body,
    contentType,
    expectedEtag: etag === undefined || etag === '' ? undefined : unquoted(etag),
    metadata,
    condition: writeConditionIn(headers),
    limitBytes: options.maxFileSizeBytes,
    link: link.kind === 'link' ? link.link : undefined,
    versionId: objectParametersIn(request).versionId,
  })
  if (put.kind === 'denied') return denialAnswer(transaction, put.status)
  return put.kind === 'created' ? receipt(put) : failureAnswer(put)
}

function receipt(put: ObjectPutReceipt): Response {
  const created = answer(201, {
    'content-length': '0',
    etag: put.etag,
    'last-modified': httpDate(lastModifiedSeconds(put.timestamp)),
    ...(put.listingPending ? { 'x-listing-pending': 'true' } : undefined),
    ...versionHeaders(put),
  })
  return withConditionHeader(created, put.condition)
}
