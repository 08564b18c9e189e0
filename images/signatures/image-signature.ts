/**
 * The signature that an image's owner gives with it, in four properties (OpenStack's `cursive`; Nova reads the same ones): a
 * signature of the bytes, by what hash and kind of key, and under which id the certificate is kept. Pure.
 */
import { hash } from 'node:crypto'
import { badRequest, type Refusal } from '../refusal.ts'

export const SIGNATURE_PROPERTIES = [
  'img_signature',
  'img_signature_hash_method',
  'img_signature_key_type',
  'img_signature_certificate_uuid',
] as const

/** `cursive`'s names, and those of OpenSSL. */
const HASH_METHODS: Readonly<Record<string, string>> = {
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

/** Curves of 384 bits and more, as `cursive` has them. */
const CURVES = ['SECT571K1', 'SECT409K1', 'SECT571R1', 'SECT409R1', 'SECP521R1', 'SECP384R1'] as const

export type KeyType =
  | { readonly kind: 'rsa-pss' }
  | { readonly kind: 'dsa' }
  /** By the name that OpenSSL has for it. */
  | { readonly kind: 'ecc'; readonly curve: string }

const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  'RSA-PSS': { kind: 'rsa-pss' },
  DSA: { kind: 'dsa' },
  ...Object.fromEntries(CURVES.map((name) => [`ECC_${name}`, { kind: 'ecc', curve: name.toLowerCase() }])),
}

/** What has to be verified. */
export interface SignatureClaim {
  readonly signature: Buffer
  /** Name of the hash for OpenSSL. */
  readonly hashName: string
  readonly keyType: KeyType
  readonly certificateId: string
}

type Properties = Readonly<Record<string, string | null>>

/** `undefined` when the image is not signed: all four properties make a signature. 400 for one that cannot be. */
export function claimIn(properties: Properties): SignatureClaim | undefined | Refusal {
  const values = valuesIn(properties)
  if (values === undefined) return undefined
  const [signature, method, type, certificateId] = values
  const hashName = own(HASH_METHODS, method)
  if (hashName === undefined) return badRequest(`Invalid signature hash method: ${method}.`)
  const keyType = own(KEY_TYPES, type)
  if (keyType === undefined) return badRequest(`Invalid signature key type: ${type}.`)
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(signature)) return badRequest('The signature is not base64.')
  return { signature: Buffer.from(signature, 'base64'), hashName, keyType, certificateId }
}

/** Names what the properties say, so that it is seen when they say something else; `undefined` of an image without. */
export function fingerprintOf(properties: Properties): string | undefined {
  const values = valuesIn(properties)
  return values && hash('sha256', JSON.stringify(values))
}

function valuesIn(properties: Properties): readonly [string, string, string, string] | undefined {
  const values = SIGNATURE_PROPERTIES.map((name) => own(properties, name) ?? undefined)
  return values.includes(undefined) ? undefined : (values as unknown as [string, string, string, string])
}

function own<Value>(from: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(from, name) ? from[name] : undefined
}
