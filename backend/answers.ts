/**
 * The plain answers of the three storage servers, with the texts of OpenStack Swift, so that what logs and tools of a
 * Swift cluster expect is what they see.
 */
import { explanationOf } from '#http/explanations.ts'
import type { Response } from '#http/message.ts'

export type AnswerHeaders = Readonly<Record<string, string | undefined>>

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
  return withBody(status, 'text/html; charset=UTF-8', explanationOf(status, device), headers)
}

function withBody(status: number, contentType: string, text: string, headers: AnswerHeaders): Response {
  const body = Buffer.from(text)
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(body.length), ...headers },
    body,
  }
}
