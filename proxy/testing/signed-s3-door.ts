/** The S3 door over the store in memory as it stands in production: with signatures. For tests. */
import { keyRingOf } from '#auth/key-ring.ts'
import { amzDate } from '#auth/s3/amz-date.ts'
import { userAccessKeys } from '#auth/s3/user-access-keys.ts'
import { presignV4, type Signing, sha256, signV4, type V4Credentials } from '#auth/testing/sign-v4.ts'
import { DEVELOPMENT_USERS, UserDirectory } from '#auth/users.ts'
import type { ProxyDeps } from '../app.ts'
import { DEFAULT_PROXY_OPTIONS, type ProxyOptions } from '../options.ts'
import {
  authenticateFormWith,
  authenticateWith,
  type S3Authentication,
  s3Authentication,
} from '../s3/authenticate.ts'
import { type Received, type Sent, send, type TestProxy, testProxy } from './test-proxy.ts'

export const TESTER: V4Credentials = { accessKey: 'test:tester', secret: 'testing' }
export const OTHER: V4Credentials = { accessKey: 'test2:tester2', secret: 'testing2' }

const HOST = 'door.example'

export interface SignedS3Door extends TestProxy {
  readonly authentication: S3Authentication
  /** Signed by Version 4 for `test:tester`, unless the signing says otherwise. */
  readonly signed: (sent: Sent, signing?: Partial<Signing>) => Promise<Received>
  /** By a link. */
  readonly presigned: (sent: Sent, expiresSeconds?: number) => Promise<Received>
  readonly unsigned: (sent: Sent) => Promise<Received>
}

/** `TESTER`, now. */
export function signingNow(credentials = TESTER): Signing {
  return { credentials, date: amzDate(Date.now()) }
}

export function signedS3Door(
  options: Partial<ProxyOptions> = {},
  overrides: Partial<ProxyDeps> = {},
): SignedS3Door {
  const base = testProxy(options, overrides)
  const { environment, keys, options: all } = base.deps
  const users = new UserDirectory(DEVELOPMENT_USERS, DEFAULT_PROXY_OPTIONS.resellers)
  const authentication = s3Authentication({
    environment,
    keys: keyRingOf([{ id: 1, secret: 'a secret for tests' }]) satisfies typeof keys,
    accessKeys: [userAccessKeys(users)],
    options: all.s3,
  })
  const proxy = testProxy(options, {
    ...overrides,
    s3: {
      authenticate: authenticateWith(authentication),
      authenticateForm: authenticateFormWith(authentication),
      sts: authentication,
    },
  })
  return {
    ...proxy,
    authentication,
    unsigned: (sent) => send(proxy.handler, sent),
    signed: (sent, signing) => send(proxy.handler, { ...sent, headers: signedHeaders(sent, signing) }),
    presigned: (sent, expiresSeconds = 60) => {
      const unsigned = { method: sent.method ?? 'GET', target: sent.target, headers: { host: HOST } }
      return send(proxy.handler, { ...sent, target: presignV4(unsigned, signingNow(), expiresSeconds) })
    },
  }
}

/** The headers of a request with those of its signature, which covers its body. */
export function signedHeaders(sent: Sent, signing: Partial<Signing> = {}): Record<string, string> {
  const headers = { host: HOST, ...sent.headers }
  return signV4(
    { method: sent.method ?? 'GET', target: sent.target, headers },
    { ...signingNow(), payloadHash: sha256(sent.body ?? ''), ...signing },
  )
}
