/**
 * Subresources that nothing here could act on: reports and statistics of Amazon's own, and replication to other regions.
 * What would be stored and never done is not stored: they answer as a bucket that has none of them, and putting one is
 * `NotImplemented`.
 */
import type { Response } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { S3ErrorCode } from '../error-catalogue.ts'
import type { S3Operation, S3Visit } from '../operation.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'

interface Unconfigured {
  readonly query: string
  /** `BucketAnalyticsConfiguration`, as it stands in the names of the operations. */
  readonly subject: string
  /** `AnalyticsConfiguration`, as it stands in the names of the actions. */
  readonly action:
    | 'AnalyticsConfiguration'
    | 'InventoryConfiguration'
    | 'MetricsConfiguration'
    | 'IntelligentTieringConfiguration'
    | 'ReplicationConfiguration'
  /** Root of the list of all of them; a bucket has one at most without it. */
  readonly list?: string
  readonly absent: S3ErrorCode
}

const SUBRESOURCES: readonly Unconfigured[] = [
  {
    query: 'analytics',
    subject: 'BucketAnalyticsConfiguration',
    action: 'AnalyticsConfiguration',
    list: 'ListBucketAnalyticsConfigurationResult',
    absent: 'NoSuchConfiguration',
  },
  {
    query: 'inventory',
    subject: 'BucketInventoryConfiguration',
    action: 'InventoryConfiguration',
    list: 'ListInventoryConfigurationsResult',
    absent: 'NoSuchConfiguration',
  },
  {
    query: 'metrics',
    subject: 'BucketMetricsConfiguration',
    action: 'MetricsConfiguration',
    list: 'ListMetricsConfigurationsResult',
    absent: 'NoSuchConfiguration',
  },
  {
    query: 'intelligent-tiering',
    subject: 'BucketIntelligentTieringConfiguration',
    action: 'IntelligentTieringConfiguration',
    list: 'ListBucketIntelligentTieringConfigurationsOutput',
    absent: 'NoSuchConfiguration',
  },
  {
    query: 'replication',
    subject: 'BucketReplication',
    action: 'ReplicationConfiguration',
    absent: 'ReplicationConfigurationNotFoundError',
  },
]

export const unconfiguredOperations: readonly S3Operation[] = SUBRESOURCES.flatMap(operationsOf)

function operationsOf(one: Unconfigured): readonly S3Operation[] {
  const { query, subject, action, absent } = one
  const level = 'bucket'
  const reading = { level, query, action: `s3:Get${action}` } as const
  const writing = { level, query, action: `s3:Put${action}` } as const
  return [
    { name: `Get${subject}`, method: 'GET', ...reading, run: async (visit) => given(one, visit) },
    {
      name: `Put${subject}`,
      method: 'PUT',
      ...writing,
      run: async ({ sent }) => {
        await sent.body.cancel()
        return s3Error('NotImplemented', { message: `Put${subject} is not implemented` })
      },
    },
    {
      name: `Delete${subject}`,
      method: 'DELETE',
      ...writing,
      // Replication is gone when it was never there; what has an id must exist to be deleted.
      run: async () =>
        one.list === undefined ? { status: 204, headers: {}, body: undefined } : s3Error(absent),
    },
  ]
}

function given({ list, absent }: Unconfigured, { request }: S3Visit): Response | S3Error {
  if (list === undefined || request.query.has('id')) return s3Error(absent)
  return xmlAnswer(200, document(list, element('IsTruncated', false)))
}
