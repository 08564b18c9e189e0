/**
 * The plain answers of the three storage servers, with the texts of OpenStack Swift (`common/swob.py`,
 * `RESPONSE_REASONS`), so that what logs and tools of a Swift cluster expect is what they see.
 */
import type { Response } from '#http/message.ts'

export type AnswerHeaders = Readonly<Record<string, string | undefined>>

/** Reason and explanation of each status that a storage server gives with a body of its own. */
const EXPLANATIONS: Readonly<Record<number, readonly [reason: string, explanation: string]>> = {
  202: ['Accepted', 'The request is accepted for processing.'],
  301: ['Moved Permanently', 'The resource has moved permanently.'],
  400: [
    'Bad Request',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  401: [
    'Unauthorized',
    'This server could not verify that you are authorized to access the document you requested.',
  ],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  405: ['Method Not Allowed', 'The method is not allowed for this resource.'],
  406: ['Not Acceptable', 'The resource is not available in a format acceptable to your browser.'],
  408: ['Request Timeout', 'The server has waited too long for the request to be sent by the client.'],
  409: ['Conflict', 'There was a conflict when trying to complete your request.'],
  411: ['Length Required', 'Content-Length header required.'],
  412: ['Precondition Failed', 'A precondition for this request was not met.'],
  413: ['Request Entity Too Large', 'The body of your request was too large for this server.'],
  416: ['Requested Range Not Satisfiable', 'The Range requested is not available.'],
  422: ['Unprocessable Entity', 'Unable to process the contained instructions'],
  499: ['Client Disconnect', 'The client was disconnected during request.'],
  500: [
    'Internal Error',
    'The server has either erred or is incapable of performing the requested operation.',
  ],
  501: ['Not Implemented', 'The requested method is not implemented by this server.'],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
  507: ['Insufficient Storage', 'There was not enough space to save the resource. Drive: %(drive)s'],
}

/** A status without a text of its own: Swift's HTML explanation where it has one, else an empty body. */
export function answer(status: number, headers: AnswerHeaders = {}): Response {
  return htmlAnswer(status, headers, '-')
}

/** 507 for a drive that is not there, not mounted, failed or full. */
export function insufficientStorage(device: string): Response {
  return htmlAnswer(507, {}, device)
}

/** A status with a sentence that says what is wrong. */
export function textAnswer(status: number, text: string, headers: AnswerHeaders = {}): Response {
  return withBody(status, 'text/plain; charset=UTF-8', text, headers)
}

function htmlAnswer(status: number, headers: AnswerHeaders, device: string): Response {
  const known = EXPLANATIONS[status]
  if (known === undefined) return withBody(status, 'text/html; charset=UTF-8', '', headers)
  const [reason, explanation] = known
  const drive = device.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const html = `<html><h1>${reason}</h1><p>${explanation.replace('%(drive)s', drive)}</p></html>`
  return withBody(status, 'text/html; charset=UTF-8', html, headers)
}

function withBody(status: number, contentType: string, text: string, headers: AnswerHeaders): Response {
  const body = Buffer.from(text)
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(body.length), ...headers },
    body,
  }
}
