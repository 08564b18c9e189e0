/** CopyObject: the bytes of the source, and its metadata or those of the request. */
import { isoForm } from '#base/timestamp.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { writeCopy } from '#store/copy/copy-object.ts'
import { type CopySource, type OpenedSource, openCopySource } from '#store/copy/copy-source.ts'
import { uploadAcl } from '../access/upload-acl.ts'
import { configuredUpload, copiedTags } from '../config/object-headers.ts'
import { customerKeyIn, customerKeyProblem, SOURCE_PREFIX as SOURCE_KEY } from '../encryption/customer-key.ts'
import { type UploadEncryption, uploadEncryption } from '../encryption/upload-encryption.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { listedTime } from '../listing/listing-text.ts'
import { answerInTime } from '../long-answer.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { readOf } from '../versions/version-asked.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'
import { copySourceOf, type NamedSource } from './copy-source.ts'
import { COMMON_HEADERS, DEFAULT_CONTENT_TYPE, ETAG_SYSMETA, STORED_META } from './object-facts.ts'
import { conditionsIn, isMatchedToo, preconditionFailed } from './read-conditions.ts'
import { madeVersion } from './shown-object.ts'
import { checksumIn, checksumToStore, type StoredChecksum } from './stored-checksum.ts'
import { checkKey, objectMetadataIn, type Upload } from './upload.ts'
import { unfulfilled, writeConditionIn } from './write-condition.ts'

/** Conditions on the source have the usual names after this. */
const SOURCE_PREFIX = 'x-amz-copy-source-'

export async function copyObject(visit: S3Visit): Promise<Response | S3Error> {
  const directive = directiveIn(visit.request.headers, 'x-amz-metadata-directive')
  if (isS3Error(directive)) return directive
  const wrong = checkKey(visit.request.key ?? '')
  if (wrong !== undefined) return wrong
  const source = await copySourceOf(visit)
  if (isS3Error(source)) return source
  const pointless = checkSelf(visit, source, directive.takes)
  if (pointless !== undefined) return pointless
  const tagging = directiveIn(visit.request.headers, 'x-amz-tagging-directive')
  if (isS3Error(tagging)) return tagging
  const given = objectMetadataIn(visit.request.headers)
  if (isS3Error(given)) return given
  const configured = configuredUpload(visit)
  if (isS3Error(configured)) return configured
  const acl = await uploadAcl(visit)
  if (isS3Error(acl)) return acl
  const encryption = await uploadEncryption(visit)
  if (isS3Error(encryption)) return encryption
  const condition = writeConditionIn(visit.request.headers)
  if (isS3Error(condition)) return condition
  const own = { ...given, ...configured, ...acl, ...encryption.metadata }
  const target = { ...condition, customerKey: encryption.customerKey, told: encryption.told }
  const opened = await open(visit, source)
  if (isS3Error(opened)) return opened
  const takes = { metadata: directive.takes, tags: tagging.takes }
  return await answerInTime(visit, () => write(visit, opened, { takes, own, target }))
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

/** Why there is no source, or not one that is wanted. */
export async function unopened(
  visit: S3Visit,
  source: NamedSource,
  opened: Exclude<OpenedSource, CopySource>,
  conditions: HeaderMap,
): Promise<S3Error> {
  const { headers } = visit.request
  if (opened.kind === 'source_too_large') {
    const limit = String(visit.deps.maxFileSizeBytes)
    const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${limit}`
    return s3Error('InvalidRequest', { message })
  }
  if (opened.kind === 'not_modified') {
    if (!isMatchedToo(conditions, opened.headers)) return preconditionFailed(headers, SOURCE_PREFIX)
    return s3Error('PreconditionFailed', { extra: { Condition: unwanted(headers) } })
  }
  // `If-Match` where nothing is.
  const isMissing = opened.kind === 'precondition_failed' && opened.headers['etag'] === undefined
  if (isMissing || opened.kind === 'no_such_object') return await noSuchSource(visit, source)
  if (opened.kind === 'precondition_failed') return preconditionFailed(headers, SOURCE_PREFIX)
  if (opened.kind === 'customer_key') return customerKeyProblem(opened)
  return storeError(opened, { Key: source.name.object })
}

function unwanted(headers: HeaderMap): string {
  const name = headers[`${SOURCE_PREFIX}if-none-match`] === undefined ? 'if-modified-since' : 'if-none-match'
  return SOURCE_PREFIX + name
}

async function noSuchSource(visit: S3Visit, { bucket, name, versionId }: NamedSource): Promise<S3Error> {
  const asked = { action: 's3:ListBucket', bucket, key: undefined } as const
  const denied = await visit.deps.authorize(visit, asked)
  if (denied !== undefined) return denied
  const extra = { Key: name.object }
  return versionId === undefined
    ? s3Error('NoSuchKey', { extra })
    : s3Error('NoSuchVersion', { extra: { ...extra, VersionId: versionId } })
}

interface Copying {
  readonly takes: { readonly metadata: Takes; readonly tags: Takes }
  /** Metadata of the request. */
  readonly own: Readonly<Record<string, string | undefined>>
  readonly target: Pick<Upload, 'condition' | 'customerKey'> & Pick<UploadEncryption, 'told'>
}

async function write(
  visit: S3Visit,
  source: CopySource,
  { takes, own, target }: Copying,
): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const { headers } = request
  const { told, ...written } = target
  const ofSource = takes.metadata === 'of_source'
  const checksum = source.bytes === 'same' ? wholeChecksum(source.headers) : undefined
  const put: Upload = {
    contentType: (ofSource ? source.contentType : headers['content-type']) || DEFAULT_CONTENT_TYPE,
    expectedEtag: undefined,
    metadata: {
      ...own,
      ...(ofSource ? metadataOf(source.headers) : {}),
      ...(takes.tags === 'of_source' ? copiedTags(source.headers) : {}),
      ...(checksum === undefined ? {} : checksumToStore(checksum)),
    },
    limitBytes: deps.maxFileSizeBytes,
    nullVersion: 'replaced',
    ...written,
  }
  const made = await writeCopy(deps.store, transaction, objectOf(visit), { source, put })
  if (made.kind !== 'created') return unfulfilled(made, headers, request.key ?? '')
  return copied(made, source, checksum, told)
}

/** What a copy takes over from its source: what its owner said about it, not what this door keeps of it. */
function metadataOf(stored: HeaderMap): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const name in stored) {
    const value = stored[name]
    if (value !== undefined && (name.startsWith(STORED_META) || isCommon(name))) metadata[name] = value
  }
  return metadata
}

function isCommon(name: string): boolean {
  return (COMMON_HEADERS as readonly string[]).includes(name)
}

/** That of parts is not that of the whole. */
function wholeChecksum(stored: HeaderMap): StoredChecksum | undefined {
  const checksum = checksumIn(stored)
  return checksum?.type === 'FULL_OBJECT' ? checksum : undefined
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
