/** Verifies the signature of an image while its bytes stream past. */
import { constants, createVerify, type KeyObject, type Verify, type VerifyKeyObjectInput } from 'node:crypto'
import { badRequest, Refusal, unavailable } from '../refusal.ts'
import type { AskedContext, Certificates } from './certificates.ts'
import { claimIn, fingerprintOf, type KeyType, type SignatureClaim } from './image-signature.ts'

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i
/** Lengths of what OpenSSL's hashes give, bytes. */
const HASH_BYTES: Readonly<Record<string, number>> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 }

export class SignatureCheck {
  /** Of the properties that said what is to be verified. */
  readonly fingerprint: string | undefined
  readonly #verify: Verify
  readonly #key: VerifyKeyObjectInput
  readonly #signature: Buffer
  /** Asked for once, after the last byte. */
  #isRight: boolean | undefined

  constructor(
    { signature, hashName }: SignatureClaim,
    key: VerifyKeyObjectInput,
    fingerprint: string | undefined,
  ) {
    this.#verify = createVerify(hashName)
    this.#key = key
    this.#signature = signature
    this.fingerprint = fingerprint
  }

  update(chunk: Buffer): void {
    this.#verify.update(chunk)
  }

  /** 400 when the bytes are not those that were signed. */
  refusal(): Refusal | undefined {
    this.#isRight ??= this.#verify.verify(this.#key, this.#signature)
    return this.#isRight ? undefined : badRequest('Signature verification for the image failed.')
  }
}

type Properties = Readonly<Record<string, string | null>>

/** What verifies the image's bytes; `undefined` when it is not signed. 400 when that cannot come to a good end. */
export async function signatureCheckOf(
  certificates: Certificates | undefined,
  context: AskedContext,
  properties: Properties,
): Promise<SignatureCheck | undefined | Refusal> {
  const claim = claimIn(properties)
  if (claim === undefined || claim instanceof Refusal) return claim
  if (certificates === undefined) {
    return badRequest('The image is signed, and there is no key manager here to verify it by.')
  }
  const publicKey = await publicKeyOf(certificates, context, claim.certificateId)
  if (publicKey instanceof Refusal) return publicKey
  const key = fitting(publicKey, claim)
  return key === undefined
    ? badRequest('The public key of the certificate is not of the type that the signature names.')
    : new SignatureCheck(claim, key, fingerprintOf(properties))
}

async function publicKeyOf(
  certificates: Certificates,
  context: AskedContext,
  id: string,
): Promise<KeyObject | Refusal> {
  const read = UUID.test(id) ? await certificates.find(context, id) : ({ kind: 'absent' } as const)
  switch (read.kind) {
    case 'certificate':
      return read.certificate.publicKey
    case 'absent':
      return badRequest(`Certificate not found with ID: ${id}.`)
    case 'malformed':
      return badRequest(`What is kept under ID ${id} is no X.509 certificate.`)
    case 'unavailable':
      context.log.warn({ certificate: id, reason: read.reason }, 'a certificate cannot be read')
      return unavailable(`Unable to retrieve certificate with ID: ${id}.`)
  }
}

/** The key as OpenSSL verifies with it; `undefined` when it is of another kind than was said. */
function fitting(key: KeyObject, { keyType, hashName }: SignatureClaim): VerifyKeyObjectInput | undefined {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details = {} } = key
  if (!isOfType(key, keyType)) return undefined
  if (keyType.kind !== 'rsa-pss') return { key, dsaEncoding: 'der' }
  const { modulusLength = 0 } = details
  // RFC 8017, 9.1: the longest salt that there is room for, as `cursive` wants it.
  const saltLength = Math.ceil((modulusLength - 1) / 8) - (HASH_BYTES[hashName] ?? 0) - 2
  if (saltLength < 0) return undefined
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, ...(kind === 'rsa' ? { saltLength } : {}) }
}

function isOfType({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, type: KeyType): boolean {
  switch (type.kind) {
    case 'rsa-pss':
      return asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss'
    case 'dsa':
      return asymmetricKeyType === 'dsa'
    case 'ecc':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === type.curve
  }
}
