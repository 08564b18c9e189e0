/**
 * Objects encrypted with keys that their owners keep (S3's SSE-C), as a layer. Stored is the encrypted body, and beside it with
 * what it was begun and a proof by which the key is known again, from which nobody learns it. The key itself is never
 * stored: who has lost it has lost the object. Every body has a key of its own, derived from the customer's and a salt.
 * The ETag is that of what is stored. Of a large object the parts are encrypted, and the manifest, which is not, carries the
 * proof.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Random } from '#base/environment.ts'
import { bufferBody, type HeaderMap, type RequestBody } from '#http/message.ts'
import type {
  ObjectPut,
  ObjectPutReceipt,
  ObjectReadOptions,
  ObjectReadOutcome,
  Store,
  StoreLayer,
} from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { STATIC_MARK } from '../large-objects/manifest.ts'
import { objectsOver } from '../layering.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { linkIn } from '../symlinks/link-metadata.ts'
import { IV_BYTES, keyStream } from './cipher.ts'
import { decryptedBody } from './decrypted-body.ts'
import { PlainDigest } from './plain-digest.ts'

/** `1`, salt, initial value (`-` where the body is not encrypted), proof; base64. */
export const CUSTOMER_KEY_AT = 'x-object-sysmeta-s3-sse-customer'
const VERSION = '1'
const SALT_BYTES = 16
const NOT_ENCRYPTED = '-'
const OF_BODY = 'martlet customer key: body'
const OF_PROOF = 'martlet customer key: proof'

export function customerKeys({ random }: { readonly random: Random }): StoreLayer {
  return (inner) => ({
    accounts: inner.accounts,
    containers: inner.containers,
    objects: objectsOver(inner.objects, {
      read: (context, name, options) => read(inner, context, name, options),
      put: (context, name, put) =>
        put.customerKey === undefined
          ? inner.objects.put(context, name, put)
          : putUnder(inner, random, context, name, put, put.customerKey),
    }),
  })
}

async function putUnder(
  inner: Store,
  random: Random,
  context: OperationContext,
  name: ObjectName,
  put: ObjectPut,
  key: Buffer,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { customerKey: _key, ...plain } = put
  if (put.metadata[STATIC_MARK] !== undefined) {
    const metadata = { ...put.metadata, ...customerKeyProof(random, key) }
    return await inner.objects.put(context, name, { ...plain, metadata })
  }
  const salt = random.bytes(SALT_BYTES)
  const iv = random.bytes(IV_BYTES)
  const metadata = { ...put.metadata, [CUSTOMER_KEY_AT]: written(key, salt, iv) }
  const digest = put.expectedEtag === undefined ? undefined : new PlainDigest()
  let md5: string | undefined
  const stored = await inner.objects.put(context, name, {
    ...plain,
    body: encrypted(put.body, { key: derived(key, salt, OF_BODY), iv }, digest),
    metadata,
    expectedEtag: undefined,
    atEnd: (body) => {
      md5 = digest?.hex()
      if (md5 !== put.expectedEtag) return 'etag_mismatch'
      return put.atEnd?.(body) ?? {}
    },
  })
  return stored.kind === 'etag_mismatch' ? { ...stored, md5 } : stored
}

interface BodyKey {
  readonly key: Buffer
  readonly iv: Buffer
}

function encrypted(body: RequestBody, { key, iv }: BodyKey, digest: PlainDigest | undefined): RequestBody {
  const stream = keyStream(key, iv)
  const apply = (chunk: Buffer): Buffer => {
    digest?.update(chunk)
    return stream.apply(chunk)
  }
  const held = body.bytes === undefined ? undefined : bufferBody(apply(body.bytes))
  if (held !== undefined) return { ...held, cancel: () => body.cancel() }
  return {
    lengthBytes: body.lengthBytes,
    sendContinue: (headers) => body.sendContinue(headers),
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      for await (const chunk of body) yield apply(chunk)
    },
  }
}

/** Layers that move stored objects read them as they are stored, and write them so; manifests are not encrypted. */
function isAsStored({ symlink, manifest }: ObjectReadOptions, headers: HeaderMap): boolean {
  return manifest === 'as_stored' && (symlink === 'as_stored' || headers[STATIC_MARK] !== undefined)
}

async function read(
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const outcome = await inner.objects.read(context, name, options)
  const needsNoKey = options.method === 'HEAD' && options.keyless !== undefined
  if (!('headers' in outcome) || needsNoKey || isAsStored(options, outcome.headers)) return outcome
  // A link holds nothing, and needs no key: the one that is given is for what it leads to, which is read next.
  if (linkIn(outcome.headers) !== undefined) return outcome
  const stored = outcome.headers[CUSTOMER_KEY_AT]
  if (stored === undefined && options.customerKey === undefined) return outcome
  const problem = problemOf(stored, options.customerKey, outcome)
  if (problem !== undefined) {
    await letGo(outcome)
    return { kind: 'customer_key', problem }
  }
  const bodyKey = bodyKeyIn(stored ?? '', options.customerKey as Buffer)
  if (outcome.kind !== 'found' || bodyKey === undefined) return outcome
  return { ...outcome, body: decryptedBody(outcome, bodyKey) }
}

function problemOf(
  stored: string | undefined,
  key: Buffer | undefined,
  outcome: ObjectReadOutcome,
): 'missing' | 'wrong' | 'not_wanted' | undefined {
  if (stored === undefined) return outcome.kind === 'found' ? 'not_wanted' : undefined
  if (key === undefined) return 'missing'
  return isCustomerKey(stored, key) ? undefined : 'wrong'
}

/** Whether what is stored was begun with this key. */
export function isCustomerKey(stored: string, key: Buffer): boolean {
  const [, salt = '', , proof = ''] = stored.split(' ')
  const expected = derived(key, Buffer.from(salt, 'base64'), OF_PROOF)
  const given = Buffer.from(proof, 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** System metadata by which the key is known again of something whose own body is not encrypted. */
export function customerKeyProof(random: Random, key: Buffer): HeaderMap {
  return { [CUSTOMER_KEY_AT]: written(key, random.bytes(SALT_BYTES), undefined) }
}

function bodyKeyIn(stored: string, key: Buffer): BodyKey | undefined {
  const [, salt = '', iv = NOT_ENCRYPTED] = stored.split(' ')
  if (iv === NOT_ENCRYPTED) return undefined
  return { key: derived(key, Buffer.from(salt, 'base64'), OF_BODY), iv: Buffer.from(iv, 'base64') }
}

function written(key: Buffer, salt: Buffer, iv: Buffer | undefined): string {
  const proof = derived(key, salt, OF_PROOF).toString('base64')
  return [VERSION, salt.toString('base64'), iv?.toString('base64') ?? NOT_ENCRYPTED, proof].join(' ')
}

function derived(key: Buffer, salt: Buffer, purpose: string): Buffer {
  return createHmac('sha256', key).update(salt).update(purpose).digest()
}

/** The metadata of what was read with a customer's key, that of its manifest included, hold for no copy. */
export function isUnderCustomerKey(headers: HeaderMap): boolean {
  return headers[CUSTOMER_KEY_AT] !== undefined
}

/** Of a key, in base64, as S3 has it in requests and answers. */
export function keyMd5(key: Buffer): string {
  return hash('md5', key, 'base64')
}
