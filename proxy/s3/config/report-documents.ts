/** The documents of analytics, inventories, metrics and intelligent tiering (Amazon S3 API Reference). */
import type { Tag } from '#store/bucket-settings/documents.ts'
import {
  type AnalyticsConfiguration,
  INVENTORY_FIELDS,
  type IntelligentTieringConfiguration,
  type InventoryConfiguration,
  type MetricsConfiguration,
  type ObjectsFilter,
  type ReportDestination,
} from '#store/bucket-settings/report-configurations.ts'
import { s3Error } from '../error.ts'
import {
  type Codec,
  checked,
  exactText,
  type Field,
  holding,
  malformed,
  many,
  optional,
  required,
  struct,
  text,
  truth,
  whole,
  word,
} from './xml-schema.ts'

const ID = /^[\w.-]{1,64}$/
const BUCKET_ARN = /^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

const id = required(
  'Id',
  text((written) => ID.test(written)),
)
const tag = struct<Tag>({ key: required('Key', exactText), value: required('Value', exactText) })
const arn = text((written) => written.startsWith('arn:'))

const objectsFilter: Codec<ObjectsFilter> = checked(
  struct<ObjectsFilter>({
    prefix: optional('Prefix', exactText),
    tag: optional('Tag', tag),
    accessPointArn: optional('AccessPointArn', arn),
    and: optional(
      'And',
      struct<NonNullable<ObjectsFilter['and']>>({
        prefix: optional('Prefix', exactText),
        tags: many('Tag', tag),
        accessPointArn: optional('AccessPointArn', arn),
      }),
    ),
  }),
  (filter) => (Object.keys(filter).length === 1 ? undefined : malformed()),
)

/** Access points are for metrics alone. */
const keysFilter: Codec<ObjectsFilter> = checked(objectsFilter, ({ accessPointArn, and }) =>
  accessPointArn === undefined && and?.accessPointArn === undefined ? undefined : malformed(),
)

export const metricsDocument = struct<MetricsConfiguration>({
  id,
  filter: optional('Filter', objectsFilter),
})

type Encryption = NonNullable<ReportDestination<'CSV'>['encryption']>

function destination<const Format extends string>(
  account: string,
  ...formats: readonly Format[]
): Field<ReportDestination<Format>> {
  const inBucket = struct<ReportDestination<Format>>({
    account: optional(account, text()),
    bucketArn: required(
      'Bucket',
      text((written) => BUCKET_ARN.test(written)),
    ),
    format: required('Format', word(...formats)),
    prefix: optional('Prefix', exactText),
    encryption: optional(
      'Encryption',
      struct<Encryption>({
        sseS3: optional('SSE-S3', struct<Record<string, never>>({})),
        sseKms: optional('SSE-KMS', struct<{ keyId: string }>({ keyId: required('KeyId', text()) })),
      }),
    ),
  })
  return required('Destination', holding(required('S3BucketDestination', inBucket)))
}

type Analysis = AnalyticsConfiguration['analysis']

export const analyticsDocument = struct<AnalyticsConfiguration>({
  id,
  filter: optional('Filter', keysFilter),
  analysis: required(
    'StorageClassAnalysis',
    struct<Analysis>({
      dataExport: optional(
        'DataExport',
        struct<NonNullable<Analysis['dataExport']>>({
          schema: required('OutputSchemaVersion', word('V_1')),
          destination: destination('BucketAccountId', 'CSV'),
        }),
      ),
    }),
  ),
})

export const inventoryDocument = struct<InventoryConfiguration>({
  id,
  destination: destination('AccountId', 'CSV', 'ORC', 'Parquet'),
  isEnabled: required('IsEnabled', truth),
  filter: optional('Filter', struct<{ prefix: string }>({ prefix: required('Prefix', exactText) })),
  versions: required('IncludedObjectVersions', word('All', 'Current')),
  fields: optional('OptionalFields', holding(many('Field', word(...INVENTORY_FIELDS)))),
  frequency: required('Schedule', holding(required('Frequency', word('Daily', 'Weekly')))),
})

type Tiering = IntelligentTieringConfiguration['tierings'][number]

/** After how many days without access an object is moved at the earliest, and at the latest. */
const DAYS_MIN: Readonly<Record<Tiering['tier'], number>> = { ARCHIVE_ACCESS: 90, DEEP_ARCHIVE_ACCESS: 180 }
const DAYS_MAX = 730

const tiering: Codec<Tiering> = checked(
  struct<Tiering>({
    tier: required('AccessTier', word('ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS')),
    days: required('Days', whole),
  }),
  ({ tier, days }) => {
    if (days >= DAYS_MIN[tier] && days <= DAYS_MAX) return undefined
    const message = `'Days' in the Tiering element for ${tier} must be between ${DAYS_MIN[tier]} and ${DAYS_MAX}`
    return s3Error('InvalidArgument', { message })
  },
)

export const intelligentTieringDocument = checked(
  struct<IntelligentTieringConfiguration>({
    id,
    filter: optional('Filter', keysFilter),
    status: required('Status', word('Enabled', 'Disabled')),
    tierings: many('Tiering', tiering, { atLeast: 1, atMost: 2 }),
  }),
  ({ tierings: [one, other] }) => (one?.tier === other?.tier ? malformed() : undefined),
)
