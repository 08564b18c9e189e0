/** The answer to whoever has put an object. */
import { httpDate, lastModifiedSeconds } from '#base/timestamp.ts'
import type { Response } from '#http/message.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { answer } from '../answers.ts'
import { withConditionHeader } from './condition-header.ts'
import { versionHeaders } from './version-answers.ts'

/** `etag` as the client is shown it; `more` are headers besides. */
export function putReceipt(
  put: ObjectPutReceipt,
  etag: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const created = answer(201, {
    'content-length': '0',
    etag,
    'last-modified': httpDate(lastModifiedSeconds(put.timestamp)),
    ...(put.listingPending ? { 'x-listing-pending': 'true' } : undefined),
    ...versionHeaders(put),
    ...more,
  })
  return withConditionHeader(created, put.condition)
}
