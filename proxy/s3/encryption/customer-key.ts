/**
 * Keys that customers keep (SSE-C): read from the headers of a request and never kept anywhere
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html).
 */
import type { HeaderMap } from '#http/message.ts'
import { keyMd5 } from '#store/encryption/customer-keys.ts'
import type { StoreFailure } from '#store/failure.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'

const PREFIX = 'x-amz-server-side-encryption-customer-'
/** Of the source of a copy. */
export const SOURCE_PREFIX = `x-amz-copy-source-server-side-encryption-customer-`
const KEY_BYTES = 32
const ALGORITHM = 'AES256'

export interface GivenKey {
  readonly customerKey: Buffer | undefined
}

/** The key in the headers, checked; `undefined` in it when there is none. */
export function customerKeyIn(headers: HeaderMap, prefix = PREFIX): GivenKey | S3Error {
  const [algorithm, key, md5] = ['algorithm', 'key', 'key-md5'].map((name) => headers[prefix + name])
  if (algorithm === undefined && key === undefined && md5 === undefined) return { customerKey: undefined }
  if (algorithm === undefined) {
    return missing(`${prefix}algorithm`, 'must provide a valid encryption algorithm.')
  }
  if (algorithm !== ALGORITHM) {
    return s3Error('InvalidEncryptionAlgorithmError', {
      extra: { ArgumentName: `${prefix}algorithm`, ArgumentValue: algorithm },
    })
  }
  if (key === undefined) return missing(`${prefix}key`, 'must provide an appropriate secret key.')
  if (md5 === undefined) {
    return missing(`${prefix}key-md5`, 'must provide the client calculated MD5 of the secret key.')
  }
  const customerKey = Buffer.from(key, 'base64')
  if (customerKey.length !== KEY_BYTES) {
    return invalidArgument(`${prefix}key`, 'null', 'The secret key was invalid for the specified algorithm.')
  }
  if (keyMd5(customerKey) !== md5) {
    const message = 'The calculated MD5 hash of the key did not match the hash that was provided.'
    return invalidArgument(`${prefix}key-md5`, md5, message)
  }
  return { customerKey }
}

function missing(name: string, rest: string): S3Error {
  const message = `Requests specifying Server Side Encryption with Customer provided keys ${rest}`
  return invalidArgument(name, 'null', message)
}

/** What an answer about an object that is encrypted with the key tells of it. */
export function toldCustomerKey(customerKey: Buffer): Readonly<Record<string, string>> {
  return { [`${PREFIX}algorithm`]: ALGORITHM, [`${PREFIX}key-md5`]: keyMd5(customerKey) }
}

const PROBLEMS: Readonly<Record<Extract<StoreFailure, { kind: 'customer_key' }>['problem'], S3Error>> = {
  missing: s3Error('InvalidRequest', {
    message:
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to ' +
      'retrieve the object.',
  }),
  wrong: s3Error('AccessDenied'),
  not_wanted: s3Error('InvalidRequest', {
    message: 'The encryption parameters are not applicable to this object.',
  }),
}

/** Why an object was not read with the key that was given, or without one. */
export function customerKeyProblem({
  problem,
}: Extract<StoreFailure, { readonly kind: 'customer_key' }>): S3Error {
  return PROBLEMS[problem]
}
