/** GetBucketVersioning and PutBucketVersioning. Swift's switch of versions is S3's; MFA delete is none that we have. */
import type { Response } from '#http/message.ts'
import { locksObjects } from '#store/object-lock/lock-facts.ts'
import { ENABLED_HEADER, SUSPENDED } from '#store/versions/container-versions.ts'
import { VERSIONS_ENABLED } from '#store/versions/kept-versions.ts'
import { documentsOf } from '../config/bucket-document.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { sentXml } from '../sent-xml.ts'
import { storeError } from '../store-errors.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'

const ROOT = 'VersioningConfiguration'

export async function getBucketVersioning(visit: S3Visit): Promise<Response | S3Error> {
  const written = bucketOf(visit).info.metadata[VERSIONS_ENABLED]
  const status = written === undefined || written === '' ? undefined : statusOf(written)
  return xmlAnswer(200, document(ROOT, element('Status', status)))
}

function statusOf(enabled: string): string {
  return enabled.toLowerCase() === 'true' ? 'Enabled' : 'Suspended'
}

export async function putBucketVersioning(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction } = visit
  const root = await sentXml(visit, ROOT, deps.options.xmlLimitBytes)
  if (isS3Error(root)) return root
  const [status, mfaDelete] = [root.textOf('Status'), root.textOf('MfaDelete')]
  if (mfaDelete !== undefined && mfaDelete !== 'Disabled') {
    return mfaDelete === 'Enabled'
      ? s3Error('NotImplemented', { extra: { Header: 'MfaDelete' } })
      : s3Error('MalformedXML')
  }
  if (status === undefined) {
    const message = 'The Versioning element must be specified'
    return s3Error('IllegalVersioningConfigurationException', { message })
  }
  if (status !== 'Enabled' && status !== 'Suspended') return s3Error('MalformedXML')
  const { container, info, name } = bucketOf(visit)
  if (status === 'Suspended' && locksObjects(info)) {
    const message =
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.'
    return s3Error('InvalidBucketState', { message })
  }
  const replicated = status === 'Suspended' ? await replicationProblem(visit) : undefined
  if (replicated !== undefined) return replicated
  const changed = await deps.store.containers.post(transaction, container, {
    [ENABLED_HEADER]: status === 'Enabled' ? 'true' : SUSPENDED,
  })
  if (changed.kind === 'version_refused') return s3Error('InvalidBucketState')
  if (changed.kind !== 'updated') return storeError(changed, { BucketName: name })
  return { status: 200, headers: { 'content-length': '0' }, body: undefined }
}

/** What is replicated keeps its versions. */
async function replicationProblem(visit: S3Visit): Promise<S3Error | undefined> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  if (documents.replication === undefined) return undefined
  const message =
    'A replication configuration is present on this bucket, so you cannot change the versioning state. ' +
    'To change the versioning state, first delete the replication configuration.'
  return s3Error('InvalidBucketState', { message })
}
