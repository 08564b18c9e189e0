/** ListParts: what is there of an upload, a page at a time. */
import type { Response } from '#http/message.ts'
import type { Part } from '#store/multipart/parts.ts'
import { initiatedMs } from '#store/multipart/upload-names.ts'
import { abortHeaders } from '../config/object-headers.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import { ownerXml } from '../listing/listed-object.ts'
import { pageLimitIn } from '../listing/listing-text.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { uploadRefused } from './initiator-right.ts'
import { checksumElement, partChecksum } from './upload-checksum.ts'
import { readFacts, type UploadFacts } from './upload-facts.ts'
import { uploadError, uploadIn } from './upload-named.ts'

const MARKER = 'part-number-marker'

export async function listParts(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const refused = await uploadRefused(visit, 's3:ListMultipartUploadParts')
  if (refused !== undefined) return refused
  const asked = pageLimitIn(request.query, 'max-parts')
  if (isS3Error(asked)) return asked
  const marker = markerIn(request.query)
  if (isS3Error(marker)) return marker
  const upload = await uploadIn(visit)
  if (isS3Error(upload)) return upload
  const listed = await deps.multipart.parts(transaction, { name: upload.name, uploadId: upload.id })
  if (listed.kind !== 'parts') return uploadError(visit, listed)
  const after = listed.parts.filter(({ number }) => number > marker.after)
  const page = after.slice(0, asked.limit)
  const facts = readFacts(upload.summary)
  const xml = document(
    'ListPartsResult',
    element('Bucket', bucketOf(visit).name),
    element('Key', request.key),
    element('UploadId', upload.id),
    ownerXml('Initiator', facts.initiator),
    ownerXml('Owner', facts.owner),
    element('StorageClass', facts.storageClass),
    element('PartNumberMarker', marker.after),
    element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    element('MaxParts', asked.limit),
    // Of no part there is none to go on from.
    element('IsTruncated', asked.limit > 0 && after.length > page.length),
    ...checksumXml(facts),
    ...page.map((part) => partXml(part, facts)),
  )
  return xmlAnswer(200, xml, await abortHeaders(visit, initiatedMs(upload.id)))
}

function markerIn(query: ReadonlyMap<string, string>): { readonly after: number } | S3Error {
  const written = query.get(MARKER) ?? ''
  if (written === '') return { after: 0 }
  if (/^\d{1,10}$/.test(written)) return { after: Number(written) }
  return invalidArgument(MARKER, written, `Provided ${MARKER} not an integer or within integer range`)
}

function checksumXml({ checksum, isChecksumAsked }: UploadFacts): readonly string[] {
  if (!isChecksumAsked) return []
  return [element('ChecksumAlgorithm', checksum.algorithm), element('ChecksumType', checksum.type)]
}

function partXml(part: Part, { checksum: { algorithm } }: UploadFacts): string {
  return elementOf(
    'Part',
    element('PartNumber', part.number),
    element('LastModified', `${part.lastModified.slice(0, 23)}Z`),
    element('ETag', `"${part.etag}"`),
    element('Size', part.sizeBytes),
    element(checksumElement(algorithm), partChecksum(part, algorithm)),
  )
}
