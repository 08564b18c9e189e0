/**
 * What a client is told when a handler rejects. A body that could not be read is the client's doing and has a status of
 * its own; everything else is ours, and the client learns no more than that.
 */
import { BodyError, type BodyErrorCode, type Response } from './message.ts'

/** OpenStack Swift's answer to its own failure (`common/middleware/catch_errors.py`). */
export const INTERNAL_ERROR: Response = plain(500, 'An error occurred')

/** Statuses of OpenStack Swift for bodies that it cannot read (`proxy/controllers/obj.py`). */
const BODY_FAILURES: Readonly<Record<BodyErrorCode, Response>> = {
  SENDER_GONE: plain(499, 'The client was disconnected during request.'),
  SENDER_TIMEOUT: plain(408, 'The server has waited too long for the request to be sent by the client.'),
  BODY_TOO_LARGE: plain(413, 'The body of your request was too large for this server.'),
  BODY_CANCELLED: INTERNAL_ERROR,
}

export interface FailureResponse {
  readonly response: Response
  /** Worth a line in the log. */
  readonly isOurs: boolean
}

export function failureResponse(error: unknown): FailureResponse {
  const response = error instanceof BodyError ? BODY_FAILURES[error.code] : INTERNAL_ERROR
  return { response, isOurs: response === INTERNAL_ERROR }
}

function plain(status: number, text: string): Response {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) }
}
