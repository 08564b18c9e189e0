/**
 * Requests between nodes carry a message authentication code under a secret that all nodes of a cluster share, so that
 * nobody who merely reaches a storage server's port can read or write (`docs/architecture.md`, "Security").
 *
 *     X-Backend-Martlet-Auth: v2 <milliseconds since the epoch> <nonce> <host:port> <SHA-256 of the body, or -> <code>
 *
 * The code is HMAC-SHA-256 over version, date, nonce, the address that the request is for, the body's digest, method,
 * path with query and `X-Timestamp`. A request is accepted within `WINDOW_MS` of the receiver's clock, and by nobody but
 * whom it was for. Within that window it can be replayed there; what it would do again is the same timestamped,
 * idempotent operation.
 *
 * The bodies that say what is to be done (`SYNC`, `UPDATE`, `PROBES`, `BATCH`, `/martlet/…`) are covered, and are held against their digest
 * before anything is done. Objects are not: their checksums are compared anyway, and on networks that are not trusted TLS
 * is what protects them. A ring has a seal of its own (`node/ring-seal.ts`).
 *
 * Without a secret both sides do nothing: for interoperation with OpenStack Swift only. Measured: 5 µs on each side.
 */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Clock, Random } from '#base/environment.ts'
import { BATCH_METHOD, PROBES_METHOD } from '#base/extensions.ts'
import { BodyError, bufferBody, type Layer, type Request, type Response, readWhole } from '#http/message.ts'
import { type Endpoint, endpointKey, type Transport } from '#http/transport.ts'
import { textAnswer } from './answers.ts'

export const NODE_AUTH_HEADER = 'x-backend-martlet-auth'
/** A secret must be at least this long, bytes. */
const SECRET_BYTES_MIN = 16
/** How far the clocks of two nodes may differ, and for how long a request can be replayed, milliseconds. */
const WINDOW_MS = 60_000
/** Nonces are drawn in one piece for this many requests: asking the kernel each time would cost more than the code. */
const NONCES_PER_DRAW = 512
const NONCE_BYTES = 8

const VERSION = 'v2'
const WRITTEN = /^v2 (\d{1,15}) ([\w-]{1,32}) (\S{1,300}) (-|[\w-]{43}) ([\w-]{43})$/

/** What stands in the place of a digest where the body is not covered. */
const NOT_COVERED = '-'
/** Requests whose bodies are commands or rows. */
const COVERED_METHODS: ReadonlySet<string> = new Set(['SYNC', 'UPDATE', PROBES_METHOD, BATCH_METHOD])
const COVERED_BELOW = '/martlet/'
/** Sealed, and too large to be held before its seal is looked at. */
const SEALED_BELOW = '/martlet/rings/'
/** No such body is longer, bytes: a thousand rows whose names are as long as can be. */
const COVERED_BYTES_MAX = 32 * 1024 * 1024

/** Paths that monitoring asks without the secret: figures, never names or contents of what is stored. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthcheck', '/metrics'])
const OPEN_BELOW = '/recon/'

interface Signed {
  readonly dateMs: string
  readonly nonce: string
  /** Whom the request is for. */
  readonly address: string
  /** SHA-256 of the body, base64url. */
  readonly digest: string
}

export interface NodeAuthOptions {
  /** `undefined` switches the check off. */
  readonly secret: Buffer | undefined
  readonly clock: Clock
  /** By which others know this server; left out where it has no address of its own, as one that listens on all. */
  readonly self?: Endpoint | undefined
}

/** Refuses with 401 what is not signed with the secret, for this server and with this body. */
export function requireNodeAuth({ secret, clock, self }: NodeAuthOptions): Layer {
  if (secret === undefined) return (inner) => inner
  const key = secretKey(secret)
  const own = self === undefined ? undefined : endpointKey(self)
  return (inner) => async (request) => {
    if (isOpen(request)) return inner(request)
    const signed = signatureOf(request, key, clock)
    const problem = typeof signed === 'string' ? signed : problemWith(signed, request, own)
    if (problem !== undefined) {
      await request.body.cancel()
      return textAnswer(401, problem)
    }
    if (!isCovered(request)) return inner(request)
    const body = await coveredBody(request, (signed as Signed).digest)
    return Buffer.isBuffer(body) ? inner({ ...request, body: bufferBody(body) }) : body
  }
}

/** The body, if it is what was signed. What cannot be read rejects as it does for whoever else reads a body. */
async function coveredBody(request: Request, digest: string): Promise<Buffer | Response> {
  try {
    const body = await readWhole(request.body, COVERED_BYTES_MAX)
    return digestOf(body) === digest
      ? body
      : textAnswer(401, 'The body of this request is not what was signed')
  } catch (error) {
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE')
      return textAnswer(413, 'Body too large')
    throw error
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
      const signed = {
        dateMs: String(Math.floor(environment.clock.wallMs())),
        nonce: nonces.next(),
        address: endpointKey(target),
        digest: isCovered(request) ? digestOf(heldBody(request)) : NOT_COVERED,
      }
      const code = codeOf(request, signed, key).toString('base64url')
      const header = `${VERSION} ${signed.dateMs} ${signed.nonce} ${signed.address} ${signed.digest} ${code}`
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

/** Does the body say what is to be done? */
function isCovered({ method, path }: Request): boolean {
  if (COVERED_METHODS.has(method)) return true
  return path.startsWith(COVERED_BELOW) && !path.startsWith(SEALED_BELOW)
}

/** Who sends such a request has its body in memory. */
function heldBody({ method, path, body }: Request): Buffer {
  if (body.bytes === undefined) throw new TypeError(`the body of ${method} ${path} cannot be signed`)
  return body.bytes
}

function digestOf(body: Buffer): string {
  return hash('sha256', body, 'base64url')
}

/** What was signed with the secret, lately, or what is wrong with it. */
function signatureOf(request: Request, key: KeyObject, clock: Clock): Signed | string {
  const match = WRITTEN.exec(request.headers[NODE_AUTH_HEADER] ?? '')
  if (match === null) return 'This request is not signed with the cluster secret'
  const [, dateMs = '', nonce = '', address = '', digest = '', code = ''] = match
  const signed = { dateMs, nonce, address, digest }
  if (!timingSafeEqual(codeOf(request, signed, key), Buffer.from(code, 'base64url')))
    return 'The signature of this request is wrong'
  if (Math.abs(clock.wallMs() - Number(dateMs)) > WINDOW_MS)
    return 'The signature of this request is out of date'
  return signed
}

function problemWith(
  { address, digest }: Signed,
  request: Request,
  own: string | undefined,
): string | undefined {
  if (own !== undefined && address !== own) return 'This request was signed for another server'
  if (digest === NOT_COVERED && isCovered(request)) return 'The body of this request is not signed'
  return undefined
}

function codeOf(request: Request, { dateMs, nonce, address, digest }: Signed, key: KeyObject): Buffer {
  const timestamp = request.headers['x-timestamp'] ?? ''
  const { method, path, query } = request
  const lines = [VERSION, dateMs, nonce, address, digest, method, path, query, timestamp]
  return createHmac('sha256', key).update(lines.join('\n')).digest()
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
