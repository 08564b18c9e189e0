/**
 * What every operation of the S3 door is and is given: one visit by one caller to one bucket or key. Adding an operation
 * is adding a line to the table of its family (`operations.ts` names them).
 */
import type { Principal, ResellerPrefix } from '#auth/principal.ts'
import type { S3Action } from '#auth/s3/actions.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { ChecksumAlgorithm } from '#base/checksums/checksum.ts'
import type { Clock } from '#base/environment.ts'
import type { RequestBody, Response } from '#http/message.ts'
import type { BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import type { ContainerInfo, Store } from '#store/contract.ts'
import type { MultipartUploads } from '#store/multipart/multipart-uploads.ts'
import type { ObjectLocks } from '#store/object-lock/object-locks.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import type { AccessDeps } from '../access/ask-access.ts'
import type { Transaction } from '../transaction.ts'
import type { BucketRecords } from './buckets/bucket-records.ts'
import type { S3Error } from './error.ts'
import type { LogDelivery } from './logging/log-delivery.ts'
import type { S3Options } from './options.ts'
import type { Level, S3Request } from './request.ts'

export interface S3Operation {
  /** As AWS calls it: `PutObject`. */
  readonly name: string
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'
  readonly level: Level
  /** The parameter that tells it from others of its method and level: `acl`, `uploads`, `uploadId`. */
  readonly query?: string
  /** At the level of accounts, what of the account it is about: `configuration/publicAccessBlock`. */
  readonly ofAccount?: string
  /** A header that tells it from others: `x-amz-copy-source`. */
  readonly header?: string
  /** The action by which access is judged: `s3:PutObject`; `none` when the operation judges by itself. */
  readonly action: S3Action | 'none' | ((request: S3Request) => S3Action | 'none')
  /** `not_looked_at`: whatever signature there is, the request is a visitor's. */
  readonly signature?: 'not_looked_at'
  /** `may_be_missing`: run also when there is no such bucket. */
  readonly bucket?: 'may_be_missing'
  readonly run: (visit: S3Visit) => Promise<Response | S3Error>
}

/** Who asks, once the signature was verified. */
export type Caller =
  | {
      readonly kind: 'user'
      /** The canonical id: the name of the user, `test:tester`. */
      readonly user: string
      readonly displayName: string
      readonly principal: Principal
      /** Where the buckets are that the caller makes: `AUTH_test`. */
      readonly account: string
      readonly accessKey: string
      /** Of temporary credentials. */
      readonly session?: CallerSession | undefined
    }
  | { readonly kind: 'anonymous' }

export interface CallerSession {
  readonly name: string
  /** What the session may do at most, as a policy document; all that the user may when `undefined`. */
  readonly policy?: string | undefined
}

/** A body as the client means it: what frames it on the wire is taken off. */
export interface SentBody {
  /**
   * The bytes to be stored. A frame that is wrong rejects the read with a `BodyError`; `problem` tells why. Its length
   * is that of the payload.
   */
  readonly body: RequestBody
  /**
   * What is wrong with the body: a signature, a checksum, a trailer. Asked when its last byte was read, before anything
   * is done with it, and again after reading has failed.
   */
  readonly problem: () => S3Error | undefined
  /**
   * The checksum that came with it, verified, or the one that was to be computed; asked when `problem` said that there is
   * none.
   */
  readonly checksum: () => SentChecksum | undefined
  /** Where none comes with it, this one is computed. To be asked for before the first byte is read. */
  readonly computeChecksum: (algorithm: SentChecksum['algorithm']) => void
}

export interface SentChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** In base64, as in `x-amz-checksum-…`. */
  readonly value: string
}

export interface Authenticated {
  readonly kind: 'authenticated'
  readonly caller: Caller
  readonly sent: SentBody
}

/** Verifies what signature there is; a request without one is anonymous. */
export type Authenticate = (request: S3Request, transaction: Transaction) => Promise<Authenticated | S3Error>

/** Who signed an upload form, by its fields; a form without a signature is anonymous. */
export type AuthenticateForm = (fields: ReadonlyMap<string, string>) => Promise<Caller | S3Error>

/** What is asked of access: may the caller of the visit do this to that? */
export interface AccessAsked {
  readonly action: S3Action
  /** `undefined` at the service, and of a bucket that does not exist yet. */
  readonly bucket: Bucket | undefined
  readonly key: string | undefined
  /** Of the object, if it is not the one that the request itself names. */
  readonly versionId?: string | undefined
}

/** `undefined`: yes. */
export type Authorize = (visit: S3Visit, asked: AccessAsked) => Promise<S3Error | undefined>

export interface Bucket {
  /** The name of the container, too. */
  readonly name: string
  readonly container: ContainerName
  readonly info: ContainerInfo
  /** Canonical id. */
  readonly owner: string
}

export interface S3Deps {
  readonly store: Store
  readonly clock: Clock
  readonly policies: StoragePolicies
  readonly options: S3Options
  readonly resellers: readonly ResellerPrefix[]
  /** Longest body of one upload, bytes. */
  readonly maxFileSizeBytes: number
  readonly authenticate: Authenticate
  readonly authenticateForm: AuthenticateForm
  readonly authorize: Authorize
  /** What the one decision about access is asked with. */
  readonly access: AccessDeps
  readonly records: BucketRecords
  readonly multipart: MultipartUploads
  /** What the owners of buckets have configured. */
  readonly settings: BucketSettings
  /** What keeps versions from being deleted. */
  readonly locks: ObjectLocks
  /** Where lines of buckets' access logs go; there are none without it. */
  readonly logs?: LogDelivery | undefined
}

export interface S3Visit {
  readonly deps: S3Deps
  readonly request: S3Request
  /** The context that operations of the store take. */
  readonly transaction: Transaction
  readonly caller: Caller
  readonly sent: SentBody
  /** `undefined` at the service, and where the operation says that it may be missing. */
  readonly bucket: Bucket | undefined
}

/** The bucket of an operation that runs only where there is one. */
export function bucketOf({ bucket }: S3Visit): Bucket {
  if (bucket === undefined) throw new Error('the operation was run without a bucket')
  return bucket
}

/** The object that an operation at the level of objects is about. */
export function objectOf(visit: S3Visit): ObjectName {
  const { key } = visit.request
  if (key === undefined) throw new Error('the operation was run without a key')
  return { ...bucketOf(visit).container, object: key }
}
