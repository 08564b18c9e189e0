/**
 * The S3 door over the store in memory, and requests to it that need no signature: a header names the user. What the
 * door does with signatures is tested where signatures are.
 */
import { createHash } from 'node:crypto'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { DEVELOPMENT_USERS, UserDirectory } from '#auth/users.ts'
import type { ProxyDeps } from '../app.ts'
import type { ProxyOptions } from '../options.ts'
import { sentBody } from '../s3/body/sent-body.ts'
import { isS3Error } from '../s3/error.ts'
import type { Authenticate, Caller } from '../s3/operation.ts'
import { type Received, type Sent, send, type TestProxy, testProxy } from './test-proxy.ts'

const users = new UserDirectory(DEVELOPMENT_USERS, DEFAULT_RESELLERS)
const KEYS = new Map(DEVELOPMENT_USERS.map(({ tenant, name, key }) => [`${tenant}:${name}`, key]))

/** Believes `Authorization: AWS <user>`; a body is what was sent, with the checksums that are said of it. */
export const believing: Authenticate = async (request) => {
  const user = request.headers['authorization']?.slice('AWS '.length)
  const sent = sentBody(request, { kind: 'anonymous' })
  if (isS3Error(sent)) return sent
  if (user === undefined) return { kind: 'authenticated', caller: { kind: 'anonymous' }, sent }
  return { kind: 'authenticated', caller: await callerNamed(user), sent }
}

/** A user of the development set. */
export async function callerNamed(user: string): Promise<Caller> {
  const known = await users.authenticate(user, KEYS.get(user) ?? '')
  if (known === undefined) throw new Error(`there is no user ${user}`)
  const { principal } = known
  const account = `AUTH_${principal.tenant}`
  return { kind: 'user', user, displayName: user, principal, account, accessKey: user }
}

export interface S3Door extends TestProxy {
  /** As `test:tester`; the path begins with the bucket. */
  readonly s3: (method: string, path: string, sending?: Partial<Sent>) => Promise<Received>
  /** As another user, or `undefined` for nobody. */
  readonly s3As: (
    user: string | undefined,
    method: string,
    path: string,
    sending?: Partial<Sent>,
  ) => Promise<Received>
}

export function s3Door(options: Partial<ProxyOptions> = {}, overrides: Partial<ProxyDeps> = {}): S3Door {
  const proxy = testProxy(options, { s3: { authenticate: believing }, ...overrides })
  const s3As: S3Door['s3As'] = (user, method, target, { headers, ...sending } = {}) =>
    send(proxy.handler, {
      method,
      target,
      ...sending,
      headers: { ...(user === undefined ? {} : { authorization: `AWS ${user}` }), ...headers },
    })
  return { ...proxy, s3As, s3: (method, path, sending) => s3As('test:tester', method, path, sending) }
}

/** The text of the first element of this name in an answer. */
export function elementIn({ body }: Received, name: string): string | undefined {
  return new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`).exec(body)?.[1]
}

/** The texts of all elements of this name. */
export function elementsIn({ body }: Received, name: string): readonly string[] {
  return [...body.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(
    ([, text]) => text ?? '',
  )
}

/** `Content-MD5` of a body. */
export function contentMd5(body: string | Buffer): string {
  return createHash('md5').update(body).digest('base64')
}
