/**
 * Configurations of a bucket that are told apart by an id: what Amazon would report on, count and move by. They are kept and given back as
 * they were put; nothing here acts on them.
 */
import type { Tag } from './documents.ts'

export interface Identified {
  readonly id: string
}

/** Exactly one member is there. */
export interface ObjectsFilter {
  readonly prefix?: string | undefined
  readonly tag?: Tag | undefined
  readonly accessPointArn?: string | undefined
  readonly and?:
    | {
        readonly prefix?: string | undefined
        readonly tags: readonly Tag[]
        readonly accessPointArn?: string | undefined
      }
    | undefined
}

export interface MetricsConfiguration extends Identified {
  readonly filter?: ObjectsFilter | undefined
}

export interface AnalyticsConfiguration extends Identified {
  readonly filter?: ObjectsFilter | undefined
  readonly analysis: {
    readonly dataExport?:
      | { readonly schema: 'V_1'; readonly destination: ReportDestination<'CSV'> }
      | undefined
  }
}

export interface IntelligentTieringConfiguration extends Identified {
  readonly filter?: ObjectsFilter | undefined
  readonly status: 'Enabled' | 'Disabled'
  readonly tierings: readonly {
    readonly days: number
    readonly tier: 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS'
  }[]
}

/** What may be told of each object besides bucket and key (`OptionalFields`). */
export const INVENTORY_FIELDS = [
  'Size',
  'LastModifiedDate',
  'StorageClass',
  'ETag',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ObjectLockRetainUntilDate',
  'ObjectLockMode',
  'ObjectLockLegalHoldStatus',
  'IntelligentTieringAccessTier',
  'BucketKeyStatus',
  'ChecksumAlgorithm',
  'ObjectAccessControlList',
  'ObjectOwner',
  'LifecycleExpirationDate',
] as const

export interface InventoryConfiguration extends Identified {
  readonly destination: ReportDestination<'CSV' | 'ORC' | 'Parquet'>
  readonly isEnabled: boolean
  readonly filter?: { readonly prefix: string } | undefined
  readonly versions: 'All' | 'Current'
  readonly fields?: readonly (typeof INVENTORY_FIELDS)[number][] | undefined
  readonly frequency: 'Daily' | 'Weekly'
}

export interface ReportDestination<Format> {
  readonly account?: string | undefined
  readonly bucketArn: string
  readonly format: Format
  readonly prefix?: string | undefined
  readonly encryption?:
    | {
        readonly sseS3?: Readonly<Record<string, never>> | undefined
        readonly sseKms?: { readonly keyId: string } | undefined
      }
    | undefined
}
