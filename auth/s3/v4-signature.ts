/**
 * Whether a request was signed by Signature Version 4 with the key that its claim names. Signatures are compared in
 * constant time. The request is tried as it came, and, because a proxy in front of us may have changed the host and the
 * beginning of the path, as it would have been at each public address of this cluster.
 */
import { createHmac, hash, type KeyObject } from 'node:crypto'
import { sameInConstantTime } from '../request-signature.ts'
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  type JoinedWith,
  type Parameter,
} from './canonical-text.ts'
import { type Refusal, refuse } from './refusal.ts'
import { hexBytes, type PublicAddress, readable, type SignedRequest } from './signed-request.ts'
import { scopeText, V4_ALGORITHM, type V4Claim } from './v4-claim.ts'

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'

/** What the signature says of the body: a digest, or the word that stands for how it is secured. */
export function payloadHashOf(
  claim: V4Claim,
  request: SignedRequest,
  parameters: readonly Parameter[],
): string | Refusal {
  const inHeader = request.headers['x-amz-content-sha256']
  if (inHeader !== undefined) return inHeader
  if (claim.via === 'query') {
    return parameters.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value ?? UNSIGNED_PAYLOAD
  }
  return refuse('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}

const NOT_SIGNED = 'There were headers present in the request which were not signed'

/**
 * The refusal of a request with headers that must be signed and are not: the host, whatever begins with `x-amz-`, and the
 * MD5 of the body. An unsigned `x-amz-copy-source` would let anybody with a presigned PUT copy what its signer may read.
 */
export function checkAllSigned(claim: V4Claim, request: SignedRequest): Refusal | undefined {
  if (request.headers['host'] === undefined) {
    return refuse('MissingSecurityHeader', undefined, { MissingHeaderName: 'host' })
  }
  const unsigned: string[] = []
  for (const name in request.headers) {
    if (mustBeSigned(name) && !claim.signedHeaders.includes(name)) unsigned.push(name)
  }
  if (!claim.signedHeaders.includes('host') && !unsigned.includes('host')) unsigned.push('host')
  if (unsigned.length === 0) return undefined
  return refuse('AccessDenied', NOT_SIGNED, { HeadersNotSigned: unsigned.sort().join(', ') })
}

function mustBeSigned(name: string): boolean {
  // Its value stands at the end of what is signed anyway.
  if (name.startsWith('x-amz-')) return name !== 'x-amz-content-sha256'
  return name === 'host' || name === 'content-md5'
}

interface Variant {
  readonly host: string
  readonly pathPrefix: string
  readonly joined: JoinedWith
  /** Some sign the path as they send it, with escapes that the canonical form has not. */
  readonly path: 'canonical' | 'as_sent'
}

/** What was signed if the request came as this variant has it. */
interface Signed {
  readonly canonicalRequest: string
  readonly stringToSign: string
}

export interface V4Check {
  readonly claim: V4Claim
  readonly request: SignedRequest
  readonly parameters: readonly Parameter[]
  readonly payloadHash: string
  readonly addresses: readonly PublicAddress[]
}

/** The string that was signed, if the request came as it was sent. */
export function stringToSignOf(check: V4Check): string {
  return signedText(check, asItCame(check)).stringToSign
}

/** `undefined`: it is the key holder's. */
export function checkV4(check: V4Check, key: KeyObject): Refusal | undefined {
  const first = signedText(check, asItCame(check))
  if (matches(check, first, key)) return undefined
  for (const variant of otherVariants(check)) {
    if (matches(check, signedText(check, variant), key)) return undefined
  }
  return mismatch(check.claim, first)
}

function matches({ claim }: V4Check, { stringToSign }: Signed, key: KeyObject): boolean {
  const signature = createHmac('sha256', key).update(stringToSign, 'latin1').digest('hex')
  return sameInConstantTime(signature, claim.signature)
}

function asItCame({ request }: V4Check): Variant {
  return { host: request.headers['host'] ?? '', pathPrefix: '', joined: ', ', path: 'canonical' }
}

/** Bounded by the number of addresses; looked at only when the first try fails. */
function* otherVariants(check: V4Check): Generator<Variant> {
  const { claim, request, addresses } = check
  const first = asItCame(check)
  // A host that names a bucket was changed by nobody, and what was signed for another host is for another bucket.
  const elsewhere = request.bucketInHost === undefined ? addresses : []
  const others = elsewhere.map(({ host, pathPrefix }) => ({ ...first, host, pathPrefix }))
  yield* others
  const places = [first, ...others]
  if (canonicalPath(request.path) !== request.path) {
    for (const place of places) yield { ...place, path: 'as_sent' }
  }
  // Our server joined what came in several lines.
  if (!claim.signedHeaders.some((name) => request.headers[name]?.includes(', ') === true)) return
  for (const place of places) yield { ...place, joined: ',' }
}

function signedText(check: V4Check, variant: Variant): Signed {
  const { claim, request, parameters, payloadHash } = check
  const { host, joined } = variant
  const path = variant.pathPrefix + request.path
  const { signedHeaders } = claim
  const canonicalRequest = [
    request.method,
    variant.path === 'as_sent' ? path : canonicalPath(path),
    canonicalQuery(parameters),
    canonicalHeaders(signedHeaders, request.headers, host, joined),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
  const digest = hash('sha256', Buffer.from(canonicalRequest, 'latin1'), 'hex')
  const stringToSign = [V4_ALGORITHM, claim.date, scopeText(claim.scope), digest].join('\n')
  return { canonicalRequest, stringToSign }
}

/** The error shows what we signed, so that who has the key can find the difference. */
function mismatch({ accessKey, signature }: V4Claim, { canonicalRequest, stringToSign }: Signed): Refusal {
  return refuse('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: readable(accessKey),
    StringToSign: readable(stringToSign),
    SignatureProvided: readable(signature),
    StringToSignBytes: hexBytes(stringToSign),
    CanonicalRequest: readable(canonicalRequest),
    CanonicalRequestBytes: hexBytes(canonicalRequest),
  })
}
