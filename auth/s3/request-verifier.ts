/**
 * Who sent an S3 request, proven by whichever signature it bears: Version 4 or 2, in the header or in the query, with a
 * lasting key or temporary credentials. A request without one is anonymous. A request with more than one, or with one
 * that is wrong in any way, is refused; nothing is ever let in as anonymous because its signature was bad.
 */
import type { KeyObject } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import type { AccessKeys, KeyHolder } from './access-keys.ts'
import { isoSeconds } from './amz-date.ts'
import { type Parameter, parametersOf } from './canonical-text.ts'
import { checkForm, formClaim } from './form-signature.ts'
import { checkPayloadHash } from './payload-hash.ts'
import type { FormValues } from './post-policy.ts'
import { isRefused, type Refusal, refuse, refuseArgument } from './refusal.ts'
import type { Session, Sessions } from './session-credentials.ts'
import { type PublicAddress, readable, type SignedRequest } from './signed-request.ts'
import type { SigningKeys } from './signing-keys.ts'
import {
  checkV2,
  checkV2Expiry,
  checkV2Link,
  ONE_SPACE,
  type V2Claim,
  v2ClaimInHeader,
  v2ClaimInQuery,
  v2StringToSign,
} from './v2.ts'
import {
  scopeText,
  V4_ALGORITHM,
  type V4Claim,
  type V4Place,
  v4ClaimInHeader,
  v4ClaimInQuery,
} from './v4-claim.ts'
import { checkAllSigned, checkV4, payloadHashOf, stringToSignOf, type V4Check } from './v4-signature.ts'

/** A request may be older or younger than this by our clock ("Time Stamp Requirement": 15 minutes). */
const SKEW_MS = 15 * 60 * 1000

export interface RequestVerifierOptions {
  readonly clock: Clock
  readonly accessKeys: AccessKeys
  readonly signingKeys: SigningKeys
  readonly sessions: Sessions
  /** Of this cluster, as credential scopes name it; `undefined`: any will do. */
  readonly region: string | undefined
  /** Where else clients reach this cluster. */
  readonly addresses: readonly PublicAddress[]
}

/** With what the chunks of a body are signed, beginning with the signature of the request itself. */
export interface ChunkSigning {
  readonly key: KeyObject
  readonly date: string
  readonly scope: string
  readonly seedSignature: string
}

export interface SignedBy {
  readonly kind: 'signed'
  readonly via: 'header' | 'query'
  readonly accessKey: string
  /** The lasting key that temporary credentials came of; else the same. */
  readonly lastingKey: string
  readonly holder: KeyHolder
  /** Of temporary credentials. */
  readonly session: Session | undefined
  /** What the signature says of the body: a SHA-256 in hex, or one of the words of `payload-hash.ts`. */
  readonly payloadHash: string | undefined
  /** `undefined` where the secret is not known here, and of Signature Version 2. */
  readonly chunks: ChunkSigning | undefined
}

export type Sender = SignedBy | { readonly kind: 'anonymous' }

const ANONYMOUS: Sender = { kind: 'anonymous' }
const NO_BODY_SIGNED = { kind: 'signed', payloadHash: undefined, chunks: undefined } as const

const ONE_MECHANISM =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or ' +
  'the Authorization header should be specified'

/** Who may have signed: the key's secret, or the answer of whoever keeps it. */
interface Proof {
  readonly lastingKey: string
  readonly holder: KeyHolder
  readonly session: Session | undefined
  readonly secret: string | undefined
}

export class RequestVerifier {
  readonly #options: RequestVerifierOptions

  constructor(options: RequestVerifierOptions) {
    this.#options = options
  }

  /** Never rejects on account of the request. `bodyHash`: SHA-256 of the body, where it is known and the headers do not say it. */
  async verify(
    request: SignedRequest,
    service: V4Place['service'] = 's3',
    bodyHash?: string,
  ): Promise<Sender | Refusal> {
    const parameters = parametersOf(request.query)
    const authorization = request.headers['authorization']
    const mechanism = mechanismOf(authorization, parameters)
    if (isRefused(mechanism)) return mechanism
    // Version 2 signs neither the body nor most of the query, and for no service.
    if (service !== 's3' && mechanism.kind.startsWith('v2')) {
      return refuse('AccessDenied', `Only ${V4_ALGORITHM} signs requests to this service.`)
    }
    // Whoever hands out credentials is the same everywhere.
    const place: V4Place = { region: service === 's3' ? this.#options.region : undefined, service }
    switch (mechanism.kind) {
      case 'none':
        return ANONYMOUS
      case 'v4_header':
        return await this.#v4(
          v4ClaimInHeader(authorization ?? '', request.headers, place),
          request,
          parameters,
          bodyHash,
        )
      case 'v4_query':
        return await this.#v4(v4ClaimInQuery(parameters, place), request, parameters, bodyHash)
      case 'v2_header':
        return await this.#v2(v2ClaimInHeader(authorization ?? '', request.headers), request, parameters)
      case 'v2_query':
        return await this.#v2(v2ClaimInQuery(parameters, request.headers), request, parameters)
    }
  }

  async #v4(
    claim: V4Claim | Refusal,
    request: SignedRequest,
    parameters: readonly Parameter[],
    bodyHash: string | undefined,
  ): Promise<SignedBy | Refusal> {
    if (isRefused(claim)) return claim
    const nowMs = this.#options.clock.wallMs()
    const late =
      claim.via === 'header' ? checkSkew(claim.timeMs, claim.date, nowMs) : checkPresigned(claim, nowMs)
    if (late !== undefined) return late
    const payloadHash = bodyHash ?? payloadHashOf(claim, request, parameters)
    if (typeof payloadHash !== 'string') return payloadHash
    const refusal = checkPayloadHash(payloadHash) ?? checkAllSigned(claim, request)
    if (refusal !== undefined) return refusal
    const check: V4Check = { claim, request, parameters, payloadHash, addresses: this.#options.addresses }
    const proof = await this.#prove(claim, () => stringToSignOf(check))
    if (isRefused(proof)) return proof
    const { secret, ...by } = proof
    const key = secret === undefined ? undefined : this.#options.signingKeys.find(secret, claim.scope)
    const mismatch = key === undefined ? undefined : checkV4(check, key)
    if (mismatch !== undefined) return mismatch
    const { via, accessKey, date, signature: seedSignature } = claim
    const chunks = key && { key, date, scope: scopeText(claim.scope), seedSignature }
    return { kind: 'signed', via, accessKey, ...by, payloadHash, chunks }
  }

  async #v2(
    claim: V2Claim | Refusal,
    request: SignedRequest,
    parameters: readonly Parameter[],
  ): Promise<SignedBy | Refusal> {
    if (isRefused(claim)) return claim
    const nowMs = this.#options.clock.wallMs()
    const written = request.headers['x-amz-date'] ?? request.headers['date'] ?? ''
    const late =
      claim.timeMs === undefined ? checkV2Expiry(claim, nowMs) : checkSkew(claim.timeMs, written, nowMs)
    const refusal = late ?? checkV2Link(claim, parameters)
    if (refusal !== undefined) return refusal
    const check = { claim, request, parameters, addresses: this.#options.addresses }
    const proof = await this.#prove(claim, () => v2StringToSign(check))
    if (isRefused(proof)) return proof
    const { secret, ...by } = proof
    const mismatch = secret === undefined ? undefined : checkV2(check, secret)
    if (mismatch !== undefined) return mismatch
    const { via, accessKey } = claim
    return { ...NO_BODY_SIGNED, via, accessKey, ...by }
  }

  /** Who signed an upload form, by its fields. Never rejects on account of the form. */
  async verifyForm(fields: FormValues): Promise<Sender | Refusal> {
    const { region, signingKeys } = this.#options
    const claim = formClaim(fields, { region, service: 's3' })
    if (claim === undefined) return ANONYMOUS
    if (isRefused(claim)) return claim
    const proof = await this.#prove(claim, () => claim.policy)
    if (isRefused(proof)) return proof
    const { secret, ...by } = proof
    const mismatch = secret === undefined ? undefined : checkForm(claim, secret, signingKeys)
    if (mismatch !== undefined) return mismatch
    const { accessKey } = claim
    return { ...NO_BODY_SIGNED, via: 'query', accessKey, ...by }
  }

  /**
   * Whose the access key is. With the secret in the answer the caller still has to compare the signature; without it,
   * whoever keeps the secret has done so.
   */
  async #prove(
    claim: {
      readonly accessKey: string
      readonly signature: string
      readonly securityToken: string | undefined
    },
    stringToSign: () => string,
  ): Promise<Proof | Refusal> {
    const { accessKeys, sessions } = this.#options
    const accessKey = readable(claim.accessKey)
    if (claim.securityToken !== undefined) {
      const opened = await sessions.open(claim.securityToken, accessKey)
      if (isRefused(opened)) return opened
      const { secret, session, parent } = opened
      return { lastingKey: parent.accessKey, holder: parent.holder, session, secret }
    }
    const found = await accessKeys.find(accessKey)
    switch (found.kind) {
      case 'secret':
        return { lastingKey: accessKey, holder: found.holder, secret: found.secret, session: undefined }
      case 'unknown':
        return unknownKey(accessKey)
      case 'unavailable':
        return refuse('ServiceUnavailable')
      case 'elsewhere': {
        const text = stringToSign()
        const answer = await found.confirm({ accessKey, stringToSign: text, signature: claim.signature })
        if (answer.kind === 'unavailable') return refuse('ServiceUnavailable')
        if (answer.kind === 'unknown') return unknownKey(accessKey)
        if (answer.kind === 'denied') return refuse('SignatureDoesNotMatch')
        return { lastingKey: accessKey, holder: answer.holder, secret: answer.secret, session: undefined }
      }
    }
  }
}

function unknownKey(accessKey: string): Refusal {
  return refuse('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKey })
}

type Mechanism = { readonly kind: 'none' | 'v4_header' | 'v4_query' | 'v2_header' | 'v2_query' }

function mechanismOf(
  authorization: string | undefined,
  parameters: readonly Parameter[],
): Mechanism | Refusal {
  const has = (name: string): boolean => parameters.some((parameter) => parameter.name === name)
  const inQuery: Mechanism | undefined =
    has('X-Amz-Algorithm') || has('X-Amz-Signature') || has('X-Amz-Credential')
      ? { kind: 'v4_query' }
      : has('Signature') || has('AWSAccessKeyId')
        ? { kind: 'v2_query' }
        : undefined
  // AWS takes an empty header for none.
  if (authorization === undefined || authorization === '') return inQuery ?? { kind: 'none' }
  if (inQuery !== undefined) return refuseArgument('Authorization', readable(authorization), ONE_MECHANISM)
  if (authorization.startsWith(V4_ALGORITHM)) return { kind: 'v4_header' }
  if (authorization.startsWith('AWS ')) return { kind: 'v2_header' }
  if (authorization.startsWith('AWS4-ECDSA-')) {
    return refuse(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${V4_ALGORITHM}.`,
    )
  }
  const isOneCredential = /^[^ ]+ [^ ]+$/.test(authorization)
  const problem = isOneCredential ? 'Unsupported Authorization Type' : ONE_SPACE
  return refuseArgument('Authorization', readable(authorization), problem)
}

/** The refusal of a request that was signed at another time than it came. */
function checkSkew(timeMs: number, written: string, nowMs: number): Refusal | undefined {
  if (Math.abs(nowMs - timeMs) <= SKEW_MS) return undefined
  return refuse('RequestTimeTooSkewed', undefined, {
    RequestTime: readable(written),
    ServerTime: isoSeconds(nowMs),
    MaxAllowedSkewMilliseconds: String(SKEW_MS),
  })
}

/** The refusal of a presigned request whose time is not yet, or no more. */
function checkPresigned(claim: V4Claim, nowMs: number): Refusal | undefined {
  const { timeMs, expiresSeconds = 0 } = claim
  const expiresMs = timeMs + expiresSeconds * 1000
  const ends = { Expires: isoSeconds(expiresMs), ServerTime: isoSeconds(nowMs) }
  if (timeMs - nowMs > SKEW_MS) {
    return refuse('AccessDenied', 'Request is not yet valid', { 'X-Amz-Date': String(timeMs), ...ends })
  }
  if (nowMs <= expiresMs) return undefined
  return refuse('AccessDenied', 'Request has expired', { 'X-Amz-Expires': String(expiresSeconds), ...ends })
}
