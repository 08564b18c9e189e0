/** How the requests of `identity-requests.ts` are sent to our identity service, and to a Keystone. */
import { IdentitySession } from '#identity/testing/identity-session.ts'
import { type ComparableAnswer, playIdentity, type SendIdentity } from './identity-play.ts'
import type { IdentityRequest } from './identity-requests.ts'

const ANSWER_WITHIN_MS = 60_000

/** Of a Keystone that has nothing but what its bootstrap made. */
export async function answersOfKeystone(
  requests: readonly IdentityRequest[],
  url: string,
  adminToken: string,
): Promise<readonly ComparableAnswer[]> {
  const send: SendIdentity = async ({ method, path, token, subject, body }) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { 'x-auth-token': token }),
        ...(subject === undefined ? {} : { 'x-subject-token': subject }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const text = await response.text()
    return {
      status: response.status,
      token: method === 'POST' ? (response.headers.get('x-subject-token') ?? '') : '',
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  return await playIdentity(requests, send, { baseUrl: `${url}/v3`, adminToken })
}

/** Of our own, without a socket. */
export async function ownAnswers(requests: readonly IdentityRequest[]): Promise<readonly ComparableAnswer[]> {
  const session = new IdentitySession()
  const send: SendIdentity = async ({ method, path, token, subject, body }) => {
    const more = subject === undefined ? {} : { 'x-subject-token': subject }
    const answer = await session.ask(method, path, token, body, more)
    return { ...answer, token: method === 'POST' ? answer.token : '' }
  }
  const baseUrl = 'http://door.example:8080/identity/v3'
  return await playIdentity(requests, send, { baseUrl, adminToken: await session.admin() })
}
