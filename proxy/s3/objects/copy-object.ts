/** CopyObject: the bytes of the source, and its metadata or those of the request. */
import type { ChecksumAlgorithm } from '#base/checksums/checksum.ts'
import { isoForm } from '#base/timestamp.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { type CopySource, openCopySource } from '#store/copy/copy-source.ts'
import { uploadAcl } from '../access/upload-acl.ts'
import { checksumAsked } from '../body/announced-checksum.ts'
import { configuredUpload, expirationOfUpload, withTagsOf } from '../config/object-headers.ts'
import { customerKeyIn, SOURCE_PREFIX as SOURCE_KEY } from '../encryption/customer-key.ts'
import { type UploadEncryption, uploadEncryption } from '../encryption/upload-encryption.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { listedTime } from '../listing/listing-text.ts'
import { answerInTime } from '../long-answer.ts'
import { checkNoPart } from '../multipart/upload-named.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { readOf } from '../versions/version-asked.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'
import { CopiedChecksum } from './copied-checksum.ts'
import { descriptionOf, typeOf, withoutDescription } from './copied-description.ts'
import { copySourceOf, type NamedSource } from './copy-source.ts'
import { factsInRow } from './listed-facts.ts'
import { ETAG_SYSMETA } from './object-facts.ts'
import { conditionsIn } from './read-conditions.ts'
import { madeVersion } from './shown-object.ts'
import type { StoredChecksum } from './stored-checksum.ts'
import { SOURCE_PREFIX, unopened } from './unopened-source.ts'
import { objectMetadataIn, type Upload } from './upload.ts'
import { contentTypeIn } from './uploaded-headers.ts'
import { unfulfilled, writeConditionIn } from './write-condition.ts'

export async function copyObject(visit: S3Visit): Promise<Response | S3Error> {
  const stray = checkNoPart(visit.request.query)
  if (stray !== undefined) return stray
  const directive = directiveIn(visit.request.headers, 'x-amz-metadata-directive')
  if (isS3Error(directive)) return directive
  const source = await copySourceOf(visit)
  if (isS3Error(source)) return source
  const pointless = checkSelf(visit, source, directive.takes)
  if (pointless !== undefined) return pointless
  const tagging = directiveIn(visit.request.headers, 'x-amz-tagging-directive')
  if (isS3Error(tagging)) return tagging
  const given = objectMetadataIn(visit.request.headers)
  if (isS3Error(given)) return given
  const type = contentTypeIn(visit.request.headers)
  if (isS3Error(type)) return type
  const configured = await configuredUpload(visit)
  if (isS3Error(configured)) return configured
  const acl = await uploadAcl(visit)
  if (isS3Error(acl)) return acl
  const encryption = await uploadEncryption(visit)
  if (isS3Error(encryption)) return encryption
  const condition = writeConditionIn(visit.request.headers)
  if (isS3Error(condition)) return condition
  const checksum = checksumAsked(visit.request.headers)
  if (isS3Error(checksum)) return checksum
  const own = { ...given, ...configured, ...acl, ...encryption.metadata }
  const opened = await open(visit, source)
  if (isS3Error(opened)) return opened
  const asked = {
    metadata: directive.takes,
    tags: tagging.takes,
    own,
    contentType: type.contentType,
    ...condition,
    checksum: checksum.algorithm,
    encryption,
  }
  return await answerInTime(visit, () => write(visit, opened, asked))
}

type Takes = 'of_source' | 'of_request'

/** `COPY` or `REPLACE`; the former without the header. */
export function directiveIn(headers: HeaderMap, name: string): { readonly takes: Takes } | S3Error {
  const written = headers[name]
  if (written === undefined || written.toUpperCase() === 'COPY') return { takes: 'of_source' }
  if (written.toUpperCase() === 'REPLACE') return { takes: 'of_request' }
  return invalidArgument(
    name,
    written,
    `Unknown ${name.includes('tagging') ? 'tagging' : 'metadata'} directive.`,
  )
}

/** With one of these an object may be copied onto itself, because something about it changes. */
const CHANGES = [
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-checksum-algorithm',
] as const

function checkSelf(visit: S3Visit, { name, versionId }: NamedSource, takes: Takes): S3Error | undefined {
  const target = objectOf(visit)
  const isSelf =
    name.account === target.account && name.container === target.container && name.object === target.object
  if (!isSelf || versionId !== undefined || takes === 'of_request') return undefined
  if (CHANGES.some((header) => visit.request.headers[header] !== undefined)) return undefined
  return s3Error('InvalidRequest', {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
      'metadata, storage class, website redirect location or encryption attributes.',
  })
}

async function open(visit: S3Visit, source: NamedSource): Promise<CopySource | S3Error> {
  const { deps, transaction, request } = visit
  const key = customerKeyIn(request.headers, SOURCE_KEY)
  if (isS3Error(key)) return key
  const conditions = conditionsIn(request.headers, SOURCE_PREFIX)
  const opened = await openCopySource(deps.store, transaction, source.name, {
    read: { conditions, ...readOf(source.versionId), etagIsAt: ETAG_SYSMETA, ...key },
    limitBytes: deps.maxFileSizeBytes,
  })
  return opened.kind === 'source' ? opened : await unopened(visit, source, opened, conditions)
}

interface CopyAsked {
  readonly metadata: Takes
  readonly tags: Takes
  /** What the request's own headers store. */
  readonly own: Readonly<Record<string, string>>
  readonly contentType: string
  readonly condition: Upload['condition']
  /** The algorithm that is asked for. */
  readonly checksum: ChecksumAlgorithm | undefined
  readonly encryption: UploadEncryption
}

async function write(visit: S3Visit, source: CopySource, asked: CopyAsked): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const checksum = new CopiedChecksum(source, asked.checksum)
  const ofSource = asked.metadata === 'of_source'
  const described = ofSource
    ? { ...withoutDescription(asked.own), ...descriptionOf(source.headers) }
    : asked.own
  const put: Upload = {
    contentType: ofSource ? typeOf(source) : asked.contentType,
    expectedEtag: undefined,
    cause: 'Copy',
    metadata: asked.tags === 'of_source' ? withTagsOf(source.headers, described) : described,
    limitBytes: deps.maxFileSizeBytes,
    condition: asked.condition,
    customerKey: asked.encryption.customerKey,
    nullVersion: 'replaced',
    atEnd: ({ etag }) => {
      const found = checksum.toStore()
      return { ...found, ...factsInRow({ ...asked.own, ...found }, etag) }
    },
  }
  const checked = { ...source, body: checksum.body }
  const written = await writeCopy(deps.store, transaction, objectOf(visit), { source: checked, put })
  if (written.kind !== 'created') return unfulfilled(written, request.headers, request.key ?? '')
  const told = { ...asked.encryption.told, ...(await expirationOfUpload(visit, written, put.metadata)) }
  return copied(written, source, checksum.value(), told)
}

function copied(
  written: ObjectPutReceipt,
  { trail }: CopySource,
  checksum: StoredChecksum | undefined,
  told: UploadEncryption['told'],
): Response {
  const xml = document(
    'CopyObjectResult',
    element('LastModified', listedTime(isoForm(written.timestamp))),
    element('ETag', `"${written.etag}"`),
    checksum === undefined ? '' : element(`Checksum${checksum.algorithm}`, checksum.value),
    checksum === undefined ? '' : element('ChecksumType', checksum.type),
  )
  const from = trail?.versionId
  return xmlAnswer(200, xml, {
    ...madeVersion(written),
    ...told,
    ...(from === undefined ? {} : { 'x-amz-copy-source-version-id': from }),
  })
}
