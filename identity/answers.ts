/** Answers of the Identity API: JSON, and errors in its form (OpenStack Identity API v3, "HTTP status codes"). */
import type { Response } from '#http/message.ts'
import type { RecordFailure } from '#store/records/contract.ts'

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  501: 'Not Implemented',
  503: 'Service Unavailable',
} as const

export type ErrorStatus = keyof typeof TITLES

type Headers = Readonly<Record<string, string>>

export function json(status: number, value: unknown, headers: Headers = {}): Response {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      // Whatever is told depends on who asks.
      vary: 'X-Auth-Token',
      ...headers,
    },
    body,
  }
}

export function noContent(headers: Headers = {}): Response {
  return { status: 204, headers, body: undefined }
}

export function refusal(status: ErrorStatus, message: string): Response {
  return json(status, { error: { code: status, message, title: TITLES[status] } })
}

/** The same for a wrong name, password or token: nobody learns which it was. */
export function unauthenticated(
  publicUrl: string,
  message = 'The request you have made requires authentication.',
): Response {
  const response = refusal(401, message)
  return { ...response, headers: { ...response.headers, ...challenge(publicUrl) } }
}

function challenge(publicUrl: string): Headers {
  return { 'www-authenticate': `Keystone uri="${publicUrl}"` }
}

/** Says which there are (OpenStack Identity API v3, "Authentication and token management"). */
export function unsupportedMethod(publicUrl: string, methods: readonly string[]): Response {
  const message = 'Attempted to authenticate with an unsupported method.'
  const error = { code: 401, message, title: TITLES[401], identity: { methods } }
  return json(401, { error }, challenge(publicUrl))
}

/** Only who had the right one is told. */
export function passwordExpired(publicUrl: string, userId: string): Response {
  const message = `The password is expired and needs to be changed for user: ${userId}.`
  return unauthenticated(publicUrl, message)
}

export function forbidden(): Response {
  return refusal(403, 'You are not authorized to perform the requested action.')
}

export function notFound(what: string, id: string): Response {
  return refusal(404, `Could not find ${what}: ${id}.`)
}

/** `details` where Keystone has words of its own for it. */
export function conflict(
  what: string,
  name: string,
  details = `Duplicate entry found with name ${name}`,
): Response {
  return refusal(409, `Conflict occurred attempting to store ${what} - ${details}.`)
}

export function unavailable(failure?: RecordFailure): Response {
  const why = failure === undefined ? '' : ` (${failure.reason})`
  return refusal(503, `The identity service cannot answer at the moment${why}.`)
}
