/** `ServerSideEncryptionConfiguration` (Amazon S3 API Reference, PutBucketEncryption). */
import type { EncryptionConfiguration, SseAlgorithm } from '#store/bucket-settings/documents.ts'
import { s3Error } from '../error.ts'
import { checked, holding, many, optional, required, struct, text, truth, word } from './xml-schema.ts'

type Rule = EncryptionConfiguration['rules'][number]
type ByDefault = NonNullable<Rule['byDefault']>

const byDefault = checked(
  struct<ByDefault>({
    algorithm: required<SseAlgorithm>('SSEAlgorithm', word('AES256', 'aws:kms', 'aws:kms:dsse')),
    kmsKeyId: optional('KMSMasterKeyID', text()),
  }),
  ({ algorithm, kmsKeyId }) =>
    algorithm === 'AES256' && kmsKeyId !== undefined
      ? s3Error('InvalidArgument', {
          message:
            'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
        })
      : undefined,
)

/** One rule, as AWS has it. */
export const encryptionDocument = struct<EncryptionConfiguration>({
  rules: many(
    'Rule',
    struct<Rule>({
      byDefault: optional('ApplyServerSideEncryptionByDefault', byDefault),
      bucketKeyEnabled: optional('BucketKeyEnabled', truth),
      blocked: optional(
        'BlockedEncryptionTypes',
        holding(many('EncryptionType', word('NONE', 'SSE-C'), { atLeast: 1 })),
      ),
    }),
    { atLeast: 1, atMost: 1 },
  ),
})
