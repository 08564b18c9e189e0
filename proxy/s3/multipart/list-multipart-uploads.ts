/** ListMultipartUploads: the uploads of a bucket that are not complete. */
import type { Response } from '#http/message.ts'
import type { ListedUpload, UploadsQuery } from '#store/multipart/list-uploads.ts'
import { initiatedMs } from '#store/multipart/upload-names.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { ownerXml } from '../listing/listed-object.ts'
import { type Encoding, encodingIn, pageLimitIn, writtenName } from '../listing/listing-text.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { readFacts } from './upload-facts.ts'

export async function listMultipartUploads(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const { query } = request
  const coded = encodingIn(query)
  if (isS3Error(coded)) return coded
  const asked = pageLimitIn(query, 'max-uploads')
  if (isS3Error(asked)) return asked
  const { name, container } = bucketOf(visit)
  const wanted = queryOf(query, asked.limit)
  const listed = await deps.multipart.list(transaction, container, wanted)
  if (listed.kind !== 'uploads') return storeError(listed, { BucketName: name })
  const { encoding } = coded
  const { entries, isTruncated } = listed
  const { delimiter } = wanted
  const xml = document(
    'ListMultipartUploadsResult',
    element('Bucket', name),
    element('KeyMarker', writtenName(wanted.keyMarker ?? '', encoding)),
    element('UploadIdMarker', wanted.uploadIdMarker ?? ''),
    ...nextMarkers(entries.at(-1), encoding),
    element('Prefix', writtenName(wanted.prefix, encoding)),
    delimiter === undefined ? '' : element('Delimiter', writtenName(delimiter, encoding)),
    element('EncodingType', encoding),
    element('MaxUploads', asked.limit),
    element('IsTruncated', isTruncated),
    ...entries.map((entry) => entryXml(entry, encoding)),
  )
  return xmlAnswer(200, xml)
}

/** An upload id means nothing without a key. */
function queryOf(query: ReadonlyMap<string, string>, limit: number): UploadsQuery {
  const keyMarker = query.get('key-marker') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: delimiter === '' ? undefined : delimiter,
    keyMarker: keyMarker === '' ? undefined : keyMarker,
    uploadIdMarker: keyMarker === '' ? undefined : query.get('upload-id-marker'),
    limit,
  }
}

/** AWS tells where the page ended even where nothing follows. */
function nextMarkers(last: ListedUpload | undefined, encoding: Encoding): readonly string[] {
  if (last === undefined) return [element('NextKeyMarker', ''), element('NextUploadIdMarker', '')]
  const isPrefix = last.kind === 'prefix'
  return [
    element('NextKeyMarker', writtenName(isPrefix ? last.prefix : last.key, encoding)),
    element('NextUploadIdMarker', isPrefix ? '' : last.uploadId),
  ]
}

function entryXml(entry: ListedUpload, encoding: Encoding): string {
  if (entry.kind === 'prefix') {
    return elementOf('CommonPrefixes', element('Prefix', writtenName(entry.prefix, encoding)))
  }
  const { owner, initiator, storageClass, checksum, isChecksumAsked } = readFacts(entry.summary)
  return elementOf(
    'Upload',
    element('Key', writtenName(entry.key, encoding)),
    element('UploadId', entry.uploadId),
    ownerXml('Initiator', initiator),
    ownerXml('Owner', owner),
    element('StorageClass', storageClass),
    element('Initiated', new Date(initiatedMs(entry.uploadId)).toISOString()),
    isChecksumAsked ? element('ChecksumAlgorithm', checksum.algorithm) : '',
    isChecksumAsked ? element('ChecksumType', checksum.type) : '',
  )
}
