/**
 * Replication to other buckets, which nothing here would do: what would be stored and never done is not stored. It answers as a bucket
 * that has none, and putting it is `NotImplemented`.
 */
import { s3Error } from '../error.ts'
import type { S3Operation } from '../operation.ts'

const OF_REPLICATION = { level: 'bucket', query: 'replication' } as const

export const unconfiguredOperations: readonly S3Operation[] = [
  {
    name: 'GetBucketReplication',
    method: 'GET',
    ...OF_REPLICATION,
    action: 's3:GetReplicationConfiguration',
    run: async () => s3Error('ReplicationConfigurationNotFoundError'),
  },
  {
    name: 'PutBucketReplication',
    method: 'PUT',
    ...OF_REPLICATION,
    action: 's3:PutReplicationConfiguration',
    run: async ({ sent }) => {
      await sent.body.cancel()
      return s3Error('NotImplemented', { message: 'PutBucketReplication is not implemented' })
    },
  },
  {
    name: 'DeleteBucketReplication',
    method: 'DELETE',
    ...OF_REPLICATION,
    action: 's3:PutReplicationConfiguration',
    // It is gone when it was never there.
    run: async () => ({ status: 204, headers: {}, body: undefined }),
  },
]
