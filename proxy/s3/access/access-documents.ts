/**
 * The settings of access that are one document each: blocks of public access, ownership of objects, who pays (Amazon S3 API
 * Reference; actions: Service Authorization Reference).
 */
import { isPrivateAcl } from '#auth/s3/acl/access-control-list.ts'
import { OBJECT_OWNERSHIPS, type ObjectOwnership } from '#auth/s3/ownership.ts'
import type { PublicAccessBlock } from '#auth/s3/public-access-block.ts'
import type { Response } from '#http/message.ts'
import { NO_DOCUMENTS } from '#store/bucket-settings/documents.ts'
import { CREATED_OWNERSHIP, ownershipIn } from '../../access/container-grants.ts'
import { documentsOf, operationsOf, setDocument } from '../config/bucket-document.ts'
import {
  type Codec,
  holding,
  mapped,
  optional,
  parsed,
  required,
  struct,
  truth,
  word,
} from '../config/xml-schema.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Operation, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { element } from '../xml-writer.ts'
import { aclOf } from './bucket-acl.ts'

type Switches = { readonly [Name in keyof PublicAccessBlock]: boolean | undefined }

/** A switch that is left out is off. */
export const publicAccessBlockDocument: Codec<PublicAccessBlock> = mapped(
  struct<Switches>({
    blockPublicAcls: optional('BlockPublicAcls', truth),
    ignorePublicAcls: optional('IgnorePublicAcls', truth),
    blockPublicPolicy: optional('BlockPublicPolicy', truth),
    restrictPublicBuckets: optional('RestrictPublicBuckets', truth),
  }),
  ({ blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets }) =>
    parsed({
      blockPublicAcls: blockPublicAcls === true,
      ignorePublicAcls: ignorePublicAcls === true,
      blockPublicPolicy: blockPublicPolicy === true,
      restrictPublicBuckets: restrictPublicBuckets === true,
    }),
  (value) => value,
)

const ownershipDocument: Codec<ObjectOwnership> = holding(
  required('Rule', holding(required('ObjectOwnership', word(...OBJECT_OWNERSHIPS)))),
)

export const accessDocumentOperations: readonly S3Operation[] = [
  ...operationsOf({
    query: 'publicAccessBlock',
    member: 'publicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    codec: publicAccessBlockDocument,
    get: ['GetPublicAccessBlock', 's3:GetBucketPublicAccessBlock'],
    put: ['PutPublicAccessBlock', 's3:PutBucketPublicAccessBlock'],
    delete: ['DeletePublicAccessBlock', 's3:PutBucketPublicAccessBlock'],
    absent: 'NoSuchPublicAccessBlockConfiguration',
  }),
  ...operationsOf({
    query: 'ownershipControls',
    member: 'ownershipControls',
    root: 'OwnershipControls',
    codec: ownershipDocument,
    get: ['GetBucketOwnershipControls', 's3:GetBucketOwnershipControls'],
    put: ['PutBucketOwnershipControls', 's3:PutBucketOwnershipControls'],
    absent: ({ metadata }) => {
      const created = ownershipIn(metadata, NO_DOCUMENTS)
      return created === undefined
        ? 'OwnershipControlsNotFoundError'
        : { inner: ownershipDocument.write(created) }
    },
    check: ownershipProblem,
  }),
  {
    name: 'DeleteBucketOwnershipControls',
    method: 'DELETE',
    level: 'bucket',
    query: 'ownershipControls',
    action: 's3:PutBucketOwnershipControls',
    run: deleteOwnership,
  },
  ...operationsOf({
    query: 'requestPayment',
    member: 'requestPayment',
    root: 'RequestPaymentConfiguration',
    codec: holding(required('Payer', word('BucketOwner', 'Requester'))),
    get: ['GetBucketRequestPayment', 's3:GetBucketRequestPayment'],
    put: ['PutBucketRequestPayment', 's3:PutBucketRequestPayment'],
    absent: { inner: element('Payer', 'BucketOwner') },
  }),
]

/** What was said when the bucket was made is gone, too. */
async function deleteOwnership(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction } = visit
  const { container, info, name } = bucketOf(visit)
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  if (documents.ownershipControls !== undefined) {
    const refused = await setDocument(visit, 'ownershipControls', undefined)
    if (refused !== undefined) return refused
  }
  if (info.metadata[CREATED_OWNERSHIP] !== undefined) {
    const posted = await deps.store.containers.post(transaction, container, { [CREATED_OWNERSHIP]: '' })
    if (posted.kind !== 'updated') return storeError(posted, { BucketName: name })
  }
  return { status: 204, headers: {}, body: undefined }
}

/** Lists that let others in are not turned off silently. */
async function ownershipProblem(visit: S3Visit, wanted: ObjectOwnership): Promise<S3Error | undefined> {
  const isRefused = wanted === 'BucketOwnerEnforced' && !isPrivateAcl(aclOf(bucketOf(visit)))
  return isRefused ? s3Error('InvalidBucketAclWithObjectOwnership') : undefined
}
