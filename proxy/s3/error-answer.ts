/** The answer that an error is: AWS's XML, and for HEAD the status alone. */
import type { Response } from '#http/message.ts'
import type { S3Error } from './error.ts'
import { element, plainDocument, xmlAnswer } from './xml-writer.ts'

/** `resource` and `requestId` as they are told to the client. */
export function errorAnswer(error: S3Error, resource: string, requestId: string): Response {
  if (error.status === 304) return { status: 304, headers: error.headers, body: undefined }
  const extras = Object.entries(error.extra).map(([name, value]) => element(name, value))
  const xml = plainDocument(
    'Error',
    element('Code', error.code),
    element('Message', error.message),
    ...extras,
    element('Resource', resource),
    element('RequestId', requestId),
    element('HostId', requestId),
  )
  return xmlAnswer(error.status, xml, error.headers)
}
