/** The subresources of buckets that are one document each (Amazon S3 API Reference; actions: Service Authorization Reference). */
import { locksObjects } from '#store/object-lock/lock-facts.ts'
import { s3Error } from '../error.ts'
import { bucketOf, type S3Operation } from '../operation.ts'
import { element } from '../xml-writer.ts'
import { accelerateDocument } from './accelerate-document.ts'
import { operationsOf } from './bucket-document.ts'
import { corsDocument } from './cors-document.ts'
import { encryptionDocument } from './encryption-document.ts'
import { lifecycleDocument } from './lifecycle-document.ts'
import { movedFromHeader, withMovedFrom } from './lifecycle-header.ts'
import { loggingDocument } from './logging-document.ts'
import { loggingProblem } from './logging-target.ts'
import { notificationDocument } from './notification-document.ts'
import { notificationProblem } from './notification-target.ts'
import { objectLockDocument } from './object-lock-documents.ts'
import { lockConfigurationProblem } from './object-lock-state.ts'
import { replicationDocument } from './replication-document.ts'
import { placedReplication } from './replication-target.ts'
import { duplicateTag, taggingDocument, tagProblem } from './tags.ts'
import { websiteDocument } from './website-document.ts'

export const bucketDocumentOperations: readonly S3Operation[] = [
  ...operationsOf({
    query: 'cors',
    member: 'cors',
    root: 'CORSConfiguration',
    codec: corsDocument,
    get: ['GetBucketCors', 's3:GetBucketCORS'],
    put: ['PutBucketCors', 's3:PutBucketCORS'],
    delete: ['DeleteBucketCors', 's3:PutBucketCORS'],
    absent: 'NoSuchCORSConfiguration',
  }),
  ...operationsOf({
    query: 'tagging',
    member: 'tagging',
    root: 'Tagging',
    codec: taggingDocument,
    get: ['GetBucketTagging', 's3:GetBucketTagging'],
    put: ['PutBucketTagging', 's3:PutBucketTagging'],
    delete: ['DeleteBucketTagging', 's3:PutBucketTagging'],
    absent: 'NoSuchTagSet',
    putStatus: 204,
    check: async (_visit, tags) => duplicateTag(tags) ?? tagProblem(tags, 'bucket'),
  }),
  ...operationsOf({
    query: 'website',
    member: 'website',
    root: 'WebsiteConfiguration',
    codec: websiteDocument,
    get: ['GetBucketWebsite', 's3:GetBucketWebsite'],
    put: ['PutBucketWebsite', 's3:PutBucketWebsite'],
    delete: ['DeleteBucketWebsite', 's3:DeleteBucketWebsite'],
    absent: 'NoSuchWebsiteConfiguration',
  }),
  ...operationsOf({
    query: 'lifecycle',
    member: 'lifecycle',
    root: 'LifecycleConfiguration',
    codec: lifecycleDocument,
    get: ['GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration'],
    put: ['PutBucketLifecycleConfiguration', 's3:PutLifecycleConfiguration'],
    delete: ['DeleteBucketLifecycle', 's3:PutLifecycleConfiguration'],
    absent: 'NoSuchLifecycleConfiguration',
    fromHeaders: withMovedFrom,
    headers: movedFromHeader,
  }),
  ...operationsOf({
    query: 'encryption',
    member: 'encryption',
    root: 'ServerSideEncryptionConfiguration',
    codec: encryptionDocument,
    get: ['GetBucketEncryption', 's3:GetEncryptionConfiguration'],
    put: ['PutBucketEncryption', 's3:PutEncryptionConfiguration'],
    delete: ['DeleteBucketEncryption', 's3:PutEncryptionConfiguration'],
    absent: 'ServerSideEncryptionConfigurationNotFoundError',
  }),
  ...operationsOf({
    query: 'object-lock',
    member: 'objectLock',
    root: 'ObjectLockConfiguration',
    codec: objectLockDocument,
    get: ['GetObjectLockConfiguration', 's3:GetBucketObjectLockConfiguration'],
    put: ['PutObjectLockConfiguration', 's3:PutBucketObjectLockConfiguration'],
    absent: (info) =>
      locksObjects(info)
        ? { inner: element('ObjectLockEnabled', 'Enabled') }
        : 'ObjectLockConfigurationNotFoundError',
    check: lockConfigurationProblem,
  }),
  ...operationsOf({
    query: 'logging',
    member: 'logging',
    root: 'BucketLoggingStatus',
    codec: loggingDocument,
    get: ['GetBucketLogging', 's3:GetBucketLogging'],
    put: ['PutBucketLogging', 's3:PutBucketLogging'],
    absent: { inner: '' },
    check: loggingProblem,
  }),
  ...operationsOf({
    query: 'notification',
    member: 'notification',
    root: 'NotificationConfiguration',
    codec: notificationDocument,
    get: ['GetBucketNotificationConfiguration', 's3:GetBucketNotification'],
    put: ['PutBucketNotificationConfiguration', 's3:PutBucketNotification'],
    absent: { inner: '' },
    check: notificationProblem,
  }),
  ...operationsOf({
    query: 'replication',
    member: 'replication',
    root: 'ReplicationConfiguration',
    codec: replicationDocument,
    get: ['GetBucketReplication', 's3:GetReplicationConfiguration'],
    put: ['PutBucketReplication', 's3:PutReplicationConfiguration'],
    delete: ['DeleteBucketReplication', 's3:PutReplicationConfiguration'],
    absent: 'ReplicationConfigurationNotFoundError',
    stored: placedReplication,
  }),
  ...operationsOf({
    query: 'accelerate',
    member: 'accelerate',
    root: 'AccelerateConfiguration',
    codec: accelerateDocument,
    get: ['GetBucketAccelerateConfiguration', 's3:GetAccelerateConfiguration'],
    put: ['PutBucketAccelerateConfiguration', 's3:PutAccelerateConfiguration'],
    absent: { inner: '' },
    check: async (visit) =>
      bucketOf(visit).name.includes('.')
        ? s3Error('InvalidRequest', {
            message: 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
          })
        : undefined,
  }),
]
