/** A verifier that knows the access key of AWS's documentation, on a clock that stands still. For tests. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import { realClock } from '#base/real-clock.ts'
import { keyRingOf } from '../key-ring.ts'
import type { AccessKeys, KeyHolder } from '../s3/access-keys.ts'
import { RequestVerifier, type RequestVerifierOptions } from '../s3/request-verifier.ts'
import { type SessionParent, Sessions } from '../s3/session-credentials.ts'
import type { SignedRequest } from '../s3/signed-request.ts'
import { SigningKeys } from '../s3/signing-keys.ts'
import { EXAMPLE } from './sign-v4.ts'

/** When the examples of AWS's documentation were signed. */
export const EXAMPLE_MS = Date.UTC(2013, 4, 24)

export const HOLDER: KeyHolder = {
  user: 'test:tester',
  displayName: 'test:tester',
  principal: { user: 'test:tester', tenant: 'test', groups: ['test', 'test:tester', 'AUTH_test'] },
  account: 'AUTH_test',
}

export interface StandingClock extends Clock {
  nowMs: number
}

export function standingClock(nowMs = EXAMPLE_MS): StandingClock {
  const clock = { ...realClock, nowMs, wallMs: () => clock.nowMs, monotonicMs: () => clock.nowMs }
  return clock
}

/** Knows the one access key. */
export const EXAMPLE_KEYS: AccessKeys = {
  find: async (key) =>
    key === EXAMPLE.accessKey
      ? { kind: 'secret', secret: EXAMPLE.secret, holder: HOLDER }
      : { kind: 'unknown' },
}

export const PARENT: SessionParent = { accessKey: EXAMPLE.accessKey, holder: HOLDER }

export function sessionsOn(clock: Clock, accessKeys = EXAMPLE_KEYS): Sessions {
  const keys = keyRingOf([{ id: 1, secret: 'a secret for tests' }])
  return new Sessions({ clock, keys, random: { bytes: randomBytes, below: () => 0 }, accessKeys })
}

export function verifierWith(options: Partial<RequestVerifierOptions> = {}): RequestVerifier {
  const clock = options.clock ?? standingClock()
  return new RequestVerifier({
    clock,
    accessKeys: EXAMPLE_KEYS,
    signingKeys: new SigningKeys(clock),
    sessions: sessionsOn(clock),
    region: 'us-east-1',
    addresses: [],
    ...options,
  })
}

/** A request as it would come off a socket. */
export function signedRequest(
  method: string,
  target: string,
  headers: SignedRequest['headers'],
  bucketInHost?: string,
): SignedRequest {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  return { method, path, query, headers, bucketInHost }
}
