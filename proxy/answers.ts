/** Answers without an object or a listing in them: status, a short text (that of OpenStack Swift), few headers. */
import { decodePercent } from '#base/names.ts'
import { explanationOf } from '#http/explanations.ts'
import type { Response } from '#http/message.ts'

export const HTML_TYPE = 'text/html; charset=UTF-8'
export const TEXT_TYPE = 'text/plain'

type AnswerHeaders = Readonly<Record<string, string | undefined>>

/** What the proxy answers without an object or a listing. */
const STATUSES = [
  200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 416, 422, 499, 500,
  501, 503, 507,
] as const

export type AnswerStatus = (typeof STATUSES)[number]

const EMPTY = Buffer.alloc(0)
const BODIES = new Map<number, Buffer>(
  STATUSES.map((status) => [status, Buffer.from(explanationOf(status, 'unknown'))]),
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

/** 401 with a text of one's own, by a layer that knows no accounts. */
export function unauthorizedText(text: string): Response {
  const response = textAnswer(401, text, HTML_TYPE)
  return { ...response, headers: { ...response.headers, 'www-authenticate': 'Swift realm="unknown"' } }
}

/** The realm of a path: what stands for the account in it, percent-encoded. */
export function realmOf(path: string): string {
  const [, version, account] = (decodePercent(path) ?? '').split('/', 3)
  const isAccount = version !== undefined && version !== '' && account !== undefined && account !== ''
  return isAccount && account !== 'v1.0' && account !== 'auth' ? encodeURIComponent(account) : 'unknown'
}
