/**
 * How an upload is to be encrypted at rest: as its headers ask, or as its bucket has it by default
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html).
 */
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPut } from '#store/contract.ts'
import {
  type AskedEncryption,
  askedEncryptionIn,
  writeAskedEncryption,
} from '#store/encryption/asked-encryption.ts'
import { isUnderCustomerKey } from '#store/encryption/customer-keys.ts'
import { documentsOf } from '../config/bucket-document.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { customerKeyIn, toldCustomerKey } from './customer-key.ts'

const HEADER = 'x-amz-server-side-encryption'
const KEY_HEADER = `${HEADER}-aws-kms-key-id`
const ALGORITHMS: readonly string[] = ['AES256', 'aws:kms', 'aws:kms:dsse']
const OWN = 'AES256'
/** The key of those who name none. */
const DEFAULT_KEY = 'alias/aws/s3'

const CONTEXT_HEADER = `${HEADER}-context`
const BUCKET_KEY_HEADER = `${HEADER}-bucket-key-enabled`
/** The only one that has keys of buckets. */
const WITH_BUCKET_KEYS = 'aws:kms'

export interface UploadEncryption extends Pick<ObjectPut, 'customerKey'> {
  /** Stored with the object. */
  readonly metadata: Readonly<Record<string, string>>
  /** In the answer to the upload. */
  readonly told: Readonly<Record<string, string>>
}

export async function uploadEncryption(visit: S3Visit): Promise<UploadEncryption | S3Error> {
  const { headers } = visit.request
  const given = customerKeyIn(headers)
  if (isS3Error(given)) return given
  const { customerKey } = given
  const asked = contextProblem(headers[CONTEXT_HEADER]) ?? askedIn(headers)
  if (isS3Error(asked)) return asked
  if (customerKey !== undefined) {
    if (asked.encryption === undefined) return await ofCustomer(visit, customerKey)
    const message =
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified'
    return invalidArgument(HEADER, headers[HEADER] ?? '', message)
  }
  const wanted = asked.encryption ?? (await byDefault(visit))
  if (wanted === undefined) return { customerKey: undefined, metadata: {}, told: {} }
  if ('kind' in wanted) return wanted
  const encryption = await withBucketKey(visit, wanted)
  if ('kind' in encryption) return encryption
  return {
    customerKey: undefined,
    metadata: writeAskedEncryption(encryption),
    told: toldEncryption(encryption),
  }
}

function askedIn(headers: HeaderMap): { readonly encryption: AskedEncryption | undefined } | S3Error {
  const { [HEADER]: algorithm, [KEY_HEADER]: keyName } = headers
  if (algorithm === undefined) {
    if (keyName === undefined) return { encryption: undefined }
    return invalidArgument(
      KEY_HEADER,
      keyName,
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    )
  }
  if (!ALGORITHMS.includes(algorithm)) {
    return invalidArgument(HEADER, algorithm, 'The encryption method specified is not supported')
  }
  if (algorithm !== OWN) return { encryption: { algorithm, keyName: keyName ?? DEFAULT_KEY } }
  if (keyName === undefined) return { encryption: { algorithm, keyName: undefined } }
  return invalidArgument(
    HEADER,
    algorithm,
    'a KMSMasterKeyID is not applicable if the sse algorithm is not aws:kms',
  )
}

/** A context is ignored, for the cluster derives its keys itself; but what is none is told. */
function contextProblem(written: string | undefined): S3Error | undefined {
  if (written === undefined || isStringMap(Buffer.from(written, 'base64').toString())) return undefined
  const message =
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map"
  return invalidArgument(CONTEXT_HEADER, written, message)
}

function isStringMap(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    return Object.values(value).every((one) => typeof one === 'string')
  } catch {
    return false
  }
}

/** How an object was encrypted is not for its readers to say ("SSE" in GetObject); only customers' keys are. */
export function checkReadEncryption(headers: HeaderMap): S3Error | undefined {
  const name = [HEADER, KEY_HEADER, CONTEXT_HEADER].find((one) => headers[one] !== undefined)
  if (name === undefined) return undefined
  return invalidArgument(name, headers[name] ?? '', `${name} header is not supported for this operation.`)
}

/** A bucket may refuse keys that only its users have. */
async function ofCustomer(visit: S3Visit, customerKey: Buffer): Promise<UploadEncryption | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const isBlocked = documents.encryption?.rules.some(({ blocked }) => blocked?.includes('SSE-C')) === true
  if (isBlocked) return s3Error('AccessDenied')
  return { customerKey, metadata: {}, told: toldCustomerKey(customerKey) }
}

async function byDefault(visit: S3Visit): Promise<AskedEncryption | S3Error | undefined> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const rule = documents.encryption?.rules[0]?.byDefault
  if (rule === undefined) return undefined
  const { algorithm, kmsKeyId } = rule
  return { algorithm, keyName: algorithm === OWN ? undefined : (kmsKeyId ?? DEFAULT_KEY) }
}

/** Whether the object has a key of its bucket, as its header says, or else its bucket. */
async function withBucketKey(
  visit: S3Visit,
  encryption: AskedEncryption,
): Promise<AskedEncryption | S3Error> {
  if (encryption.algorithm !== WITH_BUCKET_KEYS) return encryption
  const asked = visit.request.headers[BUCKET_KEY_HEADER]
  if (asked !== undefined)
    return asked.toLowerCase() === 'true' ? { ...encryption, bucketKey: true } : encryption
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  const isUsual = documents.encryption?.rules[0]?.bucketKeyEnabled === true
  return isUsual ? { ...encryption, bucketKey: true } : encryption
}

function toldEncryption({
  algorithm,
  keyName,
  bucketKey,
}: AskedEncryption): Readonly<Record<string, string>> {
  return {
    [HEADER]: algorithm,
    ...(keyName === undefined ? {} : { [KEY_HEADER]: keyName }),
    ...(bucketKey === undefined ? {} : { [BUCKET_KEY_HEADER]: 'true' }),
  }
}

/** What answers about an object tell of its encryption; `customerKey` is the one that it was read with. */
export function shownEncryption(
  stored: HeaderMap,
  customerKey: Buffer | undefined,
): Readonly<Record<string, string>> {
  if (customerKey !== undefined && isUnderCustomerKey(stored)) return toldCustomerKey(customerKey)
  const asked = askedEncryptionIn(stored)
  return asked === undefined ? {} : toldEncryption(asked)
}
