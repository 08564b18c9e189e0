/** UploadPart. */
import type { Response } from '#http/message.ts'
import type { PartPut, PartStored } from '#store/multipart/put-part.ts'
import type { Upload } from '#store/multipart/upload-record.ts'
import { expectedMd5In } from '../body/content-md5.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { checkLength } from '../objects/upload.ts'
import type { S3Visit, SentBody } from '../operation.ts'
import { partEncryption } from './part-encryption.ts'
import { checkPartAlgorithm, writtenChecksum } from './upload-checksum.ts'
import { readFacts } from './upload-facts.ts'
import { partNumberIn, uploadError, uploadIn } from './upload-named.ts'

export async function uploadPart(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, request, sent } = visit
  const part = partNumberIn(request.query)
  if (isS3Error(part)) return part
  if (sent.body.lengthBytes === undefined) return s3Error('MissingContentLength')
  const tooLarge = checkLength(visit)
  if (tooLarge !== undefined) return tooLarge
  const expected = expectedMd5In(request.headers)
  if (isS3Error(expected)) return expected
  const upload = await uploadIn(visit)
  if (isS3Error(upload)) return upload
  const encryption = partEncryption(visit, upload)
  if (isS3Error(encryption)) return encryption
  const facts = readFacts(upload.summary)
  const mismatch = checkPartAlgorithm(facts, request.headers)
  if (mismatch !== undefined) return mismatch
  sent.computeChecksum(facts.checksum.algorithm)
  const stored = await putPart(visit, upload, {
    number: part.number,
    customerKey: encryption.customerKey,
    metadata: encryption.metadata,
    body: sent.body,
    expectedEtag: expected.md5,
    limitBytes: deps.maxFileSizeBytes,
    atEnd: () => endOf(sent),
  })
  if (isS3Error(stored)) return sent.problem() ?? stored
  const headers = {
    etag: `"${stored.etag}"`,
    'content-length': '0',
    ...checksumHeader(sent),
    ...encryption.told,
  }
  return { status: 200, headers, body: undefined }
}

/** Stores a part, and says what went wrong in S3's words. */
export async function putPart(
  visit: S3Visit,
  { name, id: uploadId }: Upload,
  part: PartPut,
): Promise<Extract<PartStored, { readonly kind: 'stored' }> | S3Error> {
  const stored = await visit.deps.multipart.putPart(visit.transaction, { name, uploadId }, part)
  return stored.kind === 'stored' ? stored : uploadError(visit, stored)
}

/** Asked after the last byte: what was said about the body must be true before it becomes a part. */
function endOf(sent: SentBody): ReturnType<NonNullable<PartPut['atEnd']>> {
  if (sent.problem() !== undefined) return 'etag_mismatch'
  const checksum = sent.checksum()
  return { checksum: checksum && writtenChecksum(checksum) }
}

function checksumHeader(sent: SentBody): Readonly<Record<string, string>> {
  const checksum = sent.checksum()
  if (checksum === undefined) return {}
  return { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value }
}
