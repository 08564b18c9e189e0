/** The XML of the security token service. */

import { isoSeconds } from '#auth/s3/amz-date.ts'
import type { IssuedSession } from '#auth/s3/session-credentials.ts'
import type { Response } from '#http/message.ts'
import { element, elementOf, xmlAnswer } from '../s3/xml-writer.ts'
import type { StsError } from './sts-error.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'
const TEXT_XML = { 'content-type': 'text/xml' }

/** The answer of an action; `result` is XML. */
export function stsAnswer(action: string, result: string, requestId: string): Response {
  const inner = elementOf(`${action}Result`, result) + metadata(requestId)
  return answer(200, `${action}Response`, inner, requestId)
}

export function stsErrorAnswer({ code, message, status }: StsError, requestId: string): Response {
  const type = status >= 500 ? 'Receiver' : 'Sender'
  const error = elementOf('Error', element('Type', type), element('Code', code), element('Message', message))
  return answer(status, 'ErrorResponse', error + element('RequestId', requestId), requestId)
}

function answer(status: number, root: string, inner: string, requestId: string): Response {
  const xml = `<${root} xmlns="${NAMESPACE}">${inner}</${root}>`
  return xmlAnswer(status, xml, { ...TEXT_XML, 'x-amzn-requestid': requestId })
}

function metadata(requestId: string): string {
  return elementOf('ResponseMetadata', element('RequestId', requestId))
}

export function credentialsXml({ accessKey, secret, sessionToken, expiresAtMs }: IssuedSession): string {
  return elementOf(
    'Credentials',
    element('AccessKeyId', accessKey),
    element('SecretAccessKey', secret),
    element('SessionToken', sessionToken),
    element('Expiration', isoSeconds(expiresAtMs)),
  )
}
