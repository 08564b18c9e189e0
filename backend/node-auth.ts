/**
 * Requests between nodes carry a message authentication code under a secret that all nodes of a cluster share, so that
 * nobody who merely reaches a storage server's port can read or write (`docs/architecture.md`, "Security").
 *
 *     X-Backend-Martlet-Auth: v1 <milliseconds since the epoch> <nonce> <code>
 *
 * The code is HMAC-SHA-256 over version, date, nonce, method, path with query and `X-Timestamp`. A
 * request is accepted within `WINDOW_MS` of the receiver's clock. Within that window a request can be replayed; what
 * it would do again is the same timestamped, idempotent operation. Bodies are not covered: their checksums are
 * compared anyway, and on networks that are not trusted TLS is what protects them.
 *
 * Without a secret both sides do nothing: for interoperation with OpenStack Swift only. Measured: 5 µs on each side.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Clock, Random } from '#base/environment.ts'
import type { Layer, Request } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { textAnswer } from './answers.ts'

export const NODE_AUTH_HEADER = 'x-backend-martlet-auth'
/** A secret must be at least this long, bytes. */
const SECRET_BYTES_MIN = 16
/** How far the clocks of two nodes may differ, and for how long a request can be replayed, milliseconds. */
const WINDOW_MS = 60_000
/** Nonces are drawn in one piece for this many requests: asking the kernel each time would cost more than the code. */
const NONCES_PER_DRAW = 512
const NONCE_BYTES = 8

const VERSION = 'v1'
const WRITTEN = /^v1 (\d{1,15}) ([\w-]{1,32}) ([\w-]{43})$/

/** Paths that monitoring asks without the secret: figures, never names or contents of what is stored. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthcheck', '/metrics'])
const OPEN_BELOW = '/recon/'

interface Signed {
  readonly dateMs: string
  readonly nonce: string
}

/** Refuses with 401 what is not signed with the secret. `undefined` for the secret switches the check off. */
export function requireNodeAuth(secret: Buffer | undefined, clock: Clock): Layer {
  if (secret === undefined) return (inner) => inner
  const key = secretKey(secret)
  return (inner) => async (request) => {
    if (isOpen(request)) return inner(request)
    const problem = problemWith(request, key, clock)
    if (problem === undefined) return inner(request)
    await request.body.cancel()
    return textAnswer(401, problem)
  }
}

/** A transport that signs what it sends. `undefined` for the secret gives the inner transport back. */
export function signedTransport(
  inner: Transport,
  secret: Buffer | undefined,
  environment: { readonly clock: Clock; readonly random: Random },
): Transport {
  if (secret === undefined) return inner
  const key = secretKey(secret)
  const nonces = new Nonces(environment.random)
  return {
    send(target, request, options) {
      const signed = { dateMs: String(Math.floor(environment.clock.wallMs())), nonce: nonces.next() }
      const header = `${VERSION} ${signed.dateMs} ${signed.nonce} ${codeOf(request, signed, key).toString('base64url')}`
      return inner.send(
        target,
        { ...request, headers: { ...request.headers, [NODE_AUTH_HEADER]: header } },
        options,
      )
    },
    close: () => inner.close(),
  }
}

/** `swift-recon --validate-servers` asks with OPTIONS which server it is. */
function isOpen({ method, path }: Request): boolean {
  return OPEN_PATHS.has(path) || path.startsWith(OPEN_BELOW) || (method === 'OPTIONS' && path === '/')
}

function problemWith(request: Request, key: KeyObject, clock: Clock): string | undefined {
  const match = WRITTEN.exec(request.headers[NODE_AUTH_HEADER] ?? '')
  if (match === null) return 'This request is not signed with the cluster secret'
  const [, dateMs = '', nonce = '', code = ''] = match
  const expected = codeOf(request, { dateMs, nonce }, key)
  if (!timingSafeEqual(expected, Buffer.from(code, 'base64url')))
    return 'The signature of this request is wrong'
  if (Math.abs(clock.wallMs() - Number(dateMs)) > WINDOW_MS)
    return 'The signature of this request is out of date'
  return undefined
}

function codeOf(request: Request, { dateMs, nonce }: Signed, key: KeyObject): Buffer {
  const timestamp = request.headers['x-timestamp'] ?? ''
  const text = `${VERSION}\n${dateMs}\n${nonce}\n${request.method}\n${request.path}\n${request.query}\n${timestamp}`
  return createHmac('sha256', key).update(text).digest()
}

function secretKey(secret: Buffer): KeyObject {
  if (secret.length < SECRET_BYTES_MIN)
    throw new RangeError(`the cluster secret is shorter than ${SECRET_BYTES_MIN} bytes`)
  return createSecretKey(secret)
}

class Nonces {
  readonly #random: Random
  #drawn: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(random: Random) {
    this.#random = random
  }

  next(): string {
    if (this.#at >= this.#drawn.length) {
      this.#drawn = this.#random.bytes(NONCE_BYTES * NONCES_PER_DRAW)
      this.#at = 0
    }
    const nonce = this.#drawn.toString('hex', this.#at, this.#at + NONCE_BYTES)
    this.#at += NONCE_BYTES
    return nonce
  }
}
