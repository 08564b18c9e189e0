/** The answer that an error is: AWS's XML, and for HEAD the status alone. */
import type { Response } from '#http/message.ts'
import type { S3Error } from './error.ts'
import { element, elementOf, plainDocument, xmlAnswer } from './xml-writer.ts'

/** `resource` and `requestId` as they are told to the client. */
export function errorAnswer(error: S3Error, resource: string, requestId: string): Response {
  if (error.status === 304) return { status: 304, headers: error.headers, body: undefined }
  const about = [element('Resource', resource), element('RequestId', requestId), element('HostId', requestId)]
  return xmlAnswer(error.status, plainDocument('Error', ...described(error), ...about), error.headers)
}

/** The same of S3 Control, whose errors are wrapped. */
export function controlErrorAnswer(error: S3Error, requestId: string): Response {
  const ids = [element('RequestId', requestId), element('HostId', requestId)]
  const xml = plainDocument('ErrorResponse', elementOf('Error', ...described(error)), ...ids)
  return xmlAnswer(error.status, xml, error.headers)
}

function described({ code, message, extra }: S3Error): readonly string[] {
  const extras = Object.entries(extra).map(([name, value]) => element(name, value))
  return [element('Code', code), element('Message', message), ...extras]
}
