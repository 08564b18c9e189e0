/**
 * `/auth/…`: a user's name and key against a token and the address of the account, by the forms that Swift clients have
 * used over the years (OpenStack Swift, `common/middleware/tempauth.py`: `handle_get_token`):
 *
 *     GET /auth/v1.0, /auth/auth        X-Auth-User: account:user      X-Auth-Key: key
 *     GET /auth/v1/ACCOUNT/auth         X-Storage-User: user           X-Storage-Pass: key
 */
import type { Directory } from '#auth/directory.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import { answer, HTML_TYPE, unauthorized } from '../answers.ts'
import { hostUrlOf } from '../host-url.ts'
import type { ProxyLayer, Transaction } from '../transaction.ts'

export interface SwiftV1AuthOptions {
  readonly directory: Directory
  /** `/auth/`, with both slashes. */
  readonly prefix: string
  /** Scheme of the address given out; `default` is that of the request. */
  readonly storageUrlScheme: 'default' | 'http' | 'https'
}

interface Credentials {
  readonly kind: 'credentials'
  readonly user: string
  readonly key: string
  readonly realm: string
}

type Claim = Credentials | { readonly kind: 'refused'; readonly response: Response }

const UNKNOWN_REALM = 'unknown'

export function swiftV1Auth(options: SwiftV1AuthOptions): ProxyLayer {
  return (inner) => async (transaction) => {
    if (!transaction.path.startsWith(options.prefix)) return inner(transaction)
    const { request } = transaction
    if (request.method !== 'GET') return answer(405, { allow: 'GET' })
    const claim = claimIn(transaction.path.slice(options.prefix.length).split('/'), request.headers)
    return claim.kind === 'refused' ? claim.response : giveToken(claim, transaction, options)
  }
}

async function giveToken(
  { user, key, realm }: Credentials,
  transaction: Transaction,
  options: SwiftV1AuthOptions,
): Promise<Response> {
  const { request } = transaction
  const { remoteAddress } = request
  const signedIn = await options.directory.signIn(transaction, { user, key, remoteAddress })
  // Swift names another realm when the user exists, and so tells who does.
  if (signedIn.kind === 'refused') return unauthorized(realm)
  if (signedIn.kind === 'unavailable') return answer(503)
  const { token, expiresInSeconds, storageUrl } = signedIn
  return {
    status: 200,
    headers: {
      'content-type': HTML_TYPE,
      'content-length': '0',
      'x-auth-token': token,
      'x-storage-token': token,
      'x-auth-token-expires': String(expiresInSeconds),
      'x-storage-url': storageUrlFor(storageUrl, request, options.storageUrlScheme),
    },
    body: undefined,
  }
}

/** Path segments after the prefix, and headers, read as one of the forms above. */
function claimIn(segments: readonly string[], headers: HeaderMap): Claim {
  const [version, account, last] = segments
  if (version === undefined || version === '') return refused(answer(404))
  if (version === 'v1.0' || version === 'auth') return claimByHeaders(headers)
  if (version === 'v1' && last === 'auth' && account !== undefined) return claimByPath(account, headers)
  return refused(answer(400))
}

function claimByHeaders(headers: HeaderMap): Claim {
  const user = text(headers['x-auth-user'] || headers['x-storage-user'])
  const key = text(headers['x-auth-key'] || headers['x-storage-pass'])
  return credentials(user, key, UNKNOWN_REALM)
}

function claimByPath(account: string, headers: HeaderMap): Claim {
  const realm = encodeURIComponent(account)
  const key = text(headers['x-storage-pass'] || headers['x-auth-key'])
  const name = text(headers['x-storage-user'])
  if (name !== '') return credentials(`${account}:${name}`, key, realm)
  const user = text(headers['x-auth-user'])
  if (!user.startsWith(`${account}:`)) return refused(unauthorized(realm))
  return credentials(user, key, realm)
}

function credentials(user: string, key: string, realmWithoutUser: string): Claim {
  const colon = user.indexOf(':')
  if (colon < 0) return refused(unauthorized(realmWithoutUser))
  const realm = encodeURIComponent(user.slice(0, colon)) || UNKNOWN_REALM
  if (colon === 0 || colon === user.length - 1 || key === '') return refused(unauthorized(realm))
  return { kind: 'credentials', user, key, realm }
}

function refused(response: Response): Claim {
  return { kind: 'refused', response }
}

/** A header's bytes as UTF-8. */
function text(value: string | undefined): string {
  return value === undefined ? '' : Buffer.from(value, 'latin1').toString('utf8')
}

function storageUrlFor(
  url: string,
  request: Request,
  scheme: SwiftV1AuthOptions['storageUrlScheme'],
): string {
  const seen = url.replace('$HOST', hostUrlOf(request))
  return scheme === 'default' ? seen : scheme + seen.slice(seen.indexOf(':'))
}
