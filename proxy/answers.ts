/**
 * Answers without an object or a listing in them: status, a short text, few headers. The HTML texts are those that
 * OpenStack Swift sends (`common/swob.py`, RESPONSE_REASONS); clients show them to people and some match on them.
 */
import { decodePercent } from '#base/names.ts'
import type { Response } from '#http/message.ts'

export const HTML_TYPE = 'text/html; charset=UTF-8'
export const TEXT_TYPE = 'text/plain'

type AnswerHeaders = Readonly<Record<string, string | undefined>>

/** Status, title and sentence; a status without sentence has an empty body. */
const SENTENCES = {
  200: undefined,
  201: undefined,
  202: ['Accepted', 'The request is accepted for processing.'],
  204: undefined,
  304: undefined,
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
  410: undefined,
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
  507: ['Insufficient Storage', 'There was not enough space to save the resource. Drive: unknown'],
} as const satisfies Record<number, readonly [string, string] | undefined>

export type AnswerStatus = keyof typeof SENTENCES

const EMPTY = Buffer.alloc(0)
const BODIES = new Map<number, Buffer>(
  Object.entries(SENTENCES).map(([status, sentence]) => [
    Number(status),
    sentence === undefined ? EMPTY : Buffer.from(`<html><h1>${sentence[0]}</h1><p>${sentence[1]}</p></html>`),
  ]),
)

/** The status with its own sentence. A `content-type` among the headers is kept, as Swift does. */
export function answer(status: AnswerStatus, headers: AnswerHeaders = {}): Response {
  return { status, headers: { 'content-type': HTML_TYPE, ...headers }, body: BODIES.get(status) }
}

/** The status with no body, whatever sentence it has. */
export function emptyAnswer(status: number, headers: AnswerHeaders = {}): Response {
  return { status, headers: { 'content-type': HTML_TYPE, 'content-length': '0', ...headers }, body: EMPTY }
}

/** The status with a text of one's own. `text` is bytes in latin1 when it echoes what a client sent. */
export function textAnswer(status: number, text: string, contentType: string = TEXT_TYPE): Response {
  const body = Buffer.from(text, 'latin1')
  return { status, headers: { 'content-type': contentType, 'content-length': String(body.length) }, body }
}

/** 401 with the realm that Swift names: the account of the path, or `unknown`. */
export function unauthorized(realm: string): Response {
  return answer(401, { 'www-authenticate': `Swift realm="${realm}"` })
}

/** The realm of a path: what stands for the account in it, percent-encoded. */
export function realmOf(path: string): string {
  const [, version, account] = (decodePercent(path) ?? '').split('/', 3)
  const isAccount = version !== undefined && version !== '' && account !== undefined && account !== ''
  return isAccount && account !== 'v1.0' && account !== 'auth' ? encodeURIComponent(account) : 'unknown'
}
