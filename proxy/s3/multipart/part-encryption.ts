/** A part is encrypted as its upload was begun: with the cluster's key, or with its owner's, which comes with every part. */
import type { HeaderMap } from '#http/message.ts'
import { ENCRYPTED_AT } from '#store/encryption/asked-encryption.ts'
import { CUSTOMER_KEY_AT, isCustomerKey } from '#store/encryption/customer-keys.ts'
import type { Upload } from '#store/multipart/upload-record.ts'
import { customerKeyIn, toldCustomerKey } from '../encryption/customer-key.ts'
import { shownEncryption, type UploadEncryption } from '../encryption/upload-encryption.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'

export type PartEncryption = UploadEncryption

export function partEncryption(visit: S3Visit, { metadata }: Upload): PartEncryption | S3Error {
  const given = customerKeyIn(visit.request.headers)
  if (isS3Error(given)) return given
  const { customerKey } = given
  const proof = metadata[CUSTOMER_KEY_AT]
  if (proof === undefined) {
    if (customerKey === undefined)
      return { customerKey, metadata: ofCluster(metadata), told: shownEncryption(metadata, undefined) }
    return refused('The multipart upload initiate did not request encryption with a key of the customer.')
  }
  if (customerKey === undefined) {
    return refused(
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    )
  }
  if (!isCustomerKey(proof, customerKey)) {
    return refused('The provided encryption parameters did not match the ones used originally.')
  }
  return { customerKey, metadata: {}, told: toldCustomerKey(customerKey) }
}

function ofCluster(metadata: HeaderMap): Readonly<Record<string, string>> {
  const asked = metadata[ENCRYPTED_AT]
  return asked === undefined ? {} : { [ENCRYPTED_AT]: asked }
}

function refused(message: string): S3Error {
  return s3Error('InvalidRequest', { message })
}
