/**
 * One request to Keystone and its whole answer, within a time and a size that were agreed beforehand. Whatever goes wrong
 * on the way is `unavailable`: nobody is let in, or called an impostor, because of it.
 */
import {
  type BoundedExchangeOptions,
  exchangeWithin,
  type ServiceAddress,
  serviceAddress,
  type Unavailable,
} from '#http/bounded-exchange.ts'
import { type HeaderMap, headerOf } from '#http/message.ts'

/** An answer without the service catalogue has about 1 KiB, and some for every role. */
const ANSWER_BYTES_MAX = 256 * 1024

/** Where the Identity API is; its base path ends in `/v3`. */
export type KeystoneAddress = ServiceAddress
export type { Unavailable }

export type KeystoneExchangeOptions = Omit<BoundedExchangeOptions, 'answerBytesMax'>

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST'
  /** Below the base path, with its query. */
  readonly target:
    | '/auth/tokens'
    | '/auth/tokens?nocatalog'
    | '/auth/tokens?nocatalog&allow_expired=1'
    | '/s3tokens'
    | `/users/${string}/credentials/OS-EC2/${string}`
  readonly headers: HeaderMap
  readonly body?: Buffer | undefined
}

export type KeystoneAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      /** `X-Subject-Token`, of a sign-in. */
      readonly subjectToken: string | undefined
      readonly body: Buffer
    }
  | Unavailable

/**
 * Reads `http://host:5000`, `https://host/identity/v3` and the like. Throws an `Error` that says what is wrong with it.
 */
export function keystoneAddress(url: string): KeystoneAddress {
  return serviceAddress('keystone', url, '/v3')
}

/** Sends the request; `withinMs` shortens the time it may take. */
export async function exchange(
  options: KeystoneExchangeOptions,
  request: KeystoneRequest,
  withinMs = options.timeoutMs,
): Promise<KeystoneAnswer> {
  const timeoutMs = Math.min(withinMs, options.timeoutMs)
  const answer = await exchangeWithin(
    { ...options, timeoutMs, answerBytesMax: ANSWER_BYTES_MAX },
    { ...request, headers: { accept: 'application/json', ...request.headers } },
  )
  if (answer.kind === 'unavailable') return answer
  const { head, body } = answer
  return { kind: 'answer', status: head.status, subjectToken: headerOf(head, 'x-subject-token'), body }
}
