/**
 * What the owner of a bucket has configured, one member per subresource of the S3 API, as plain JSON values: what is stored
 * is this and nothing else. A member that is absent was never configured, or was deleted.
 */
import type { ObjectOwnership } from '#auth/s3/ownership.ts'
import type { PublicAccessBlock } from '#auth/s3/public-access-block.ts'
import type { LifecycleConfiguration } from './lifecycle-rules.ts'
import type { NotificationConfiguration } from './notification-rules.ts'
import type { ObjectLockConfiguration } from './object-lock-rules.ts'
import type { ReplicationConfiguration } from './replication-rules.ts'
import type {
  AnalyticsConfiguration,
  IntelligentTieringConfiguration,
  InventoryConfiguration,
  MetricsConfiguration,
} from './report-configurations.ts'
import type { WebsiteConfiguration } from './website-rules.ts'

export interface BucketDocuments {
  /** The policy's JSON text, byte for byte as it was put. */
  readonly policy?: string | undefined
  readonly publicAccessBlock?: PublicAccessBlock | undefined
  readonly ownershipControls?: ObjectOwnership | undefined
  readonly requestPayment?: 'BucketOwner' | 'Requester' | undefined
  readonly cors?: CorsConfiguration | undefined
  readonly tagging?: readonly Tag[] | undefined
  readonly lifecycle?: LifecycleConfiguration | undefined
  readonly website?: WebsiteConfiguration | undefined
  readonly encryption?: EncryptionConfiguration | undefined
  readonly objectLock?: ObjectLockConfiguration | undefined
  readonly logging?: LoggingConfiguration | undefined
  readonly notification?: NotificationConfiguration | undefined
  readonly accelerate?: 'Enabled' | 'Suspended' | undefined
  readonly replication?: ReplicationConfiguration | undefined
  /** These four: in the order of their ids. */
  readonly analytics?: readonly AnalyticsConfiguration[] | undefined
  readonly inventory?: readonly InventoryConfiguration[] | undefined
  readonly metrics?: readonly MetricsConfiguration[] | undefined
  readonly intelligentTiering?: readonly IntelligentTieringConfiguration[] | undefined
}

export const NO_DOCUMENTS: BucketDocuments = {}

export interface Tag {
  readonly key: string
  readonly value: string
}

export const CORS_METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'] as const
export type CorsMethod = (typeof CORS_METHODS)[number]

export interface CorsRule {
  readonly id?: string | undefined
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly CorsMethod[]
  readonly allowedHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds?: number | undefined
}

export interface CorsConfiguration {
  readonly rules: readonly CorsRule[]
}

export interface EncryptionConfiguration {
  readonly rules: readonly {
    readonly byDefault?:
      | { readonly algorithm: SseAlgorithm; readonly kmsKeyId?: string | undefined }
      | undefined
    readonly bucketKeyEnabled?: boolean | undefined
    /** Kinds of encryption that uploads may not ask for; `NONE`: they may ask for any. */
    readonly blocked?: readonly ('NONE' | 'SSE-C')[] | undefined
  }[]
}

export type SseAlgorithm = 'AES256' | 'aws:kms' | 'aws:kms:dsse'

/** `enabled` is absent when logging was turned off: that is an answer of its own, not an error. */
export interface LoggingConfiguration {
  readonly enabled?:
    | {
        readonly targetBucket: string
        readonly targetPrefix: string
        readonly grants?: readonly LoggingGrant[] | undefined
        readonly keyFormat?: LoggingKeyFormat | undefined
      }
    | undefined
}

export interface LoggingGrant {
  readonly grantee: {
    readonly type: string
    readonly id?: string | undefined
    readonly displayName?: string | undefined
    readonly emailAddress?: string | undefined
    readonly uri?: string | undefined
  }
  readonly permission: 'FULL_CONTROL' | 'READ' | 'WRITE'
}

export type LoggingKeyFormat =
  | { readonly kind: 'simple' }
  | { readonly kind: 'partitioned'; readonly dateSource?: 'EventTime' | 'DeliveryTime' | undefined }
