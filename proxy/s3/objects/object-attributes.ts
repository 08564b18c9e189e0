/** GetObjectAttributes: those that are asked for of ETag, checksum, parts, storage class and size. */
import type { Response } from '#http/message.ts'
import { customerKeyIn, customerKeyProblem } from '../encryption/customer-key.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { objectPartsXml } from '../multipart/object-parts.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { isAbsent, missingVersion, readOf, versionAsked } from '../versions/version-asked.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { missingObject } from './missing-object.ts'
import { ETAG_SYSMETA, STORAGE_CLASS_SYSMETA } from './object-facts.ts'
import { shownEtag, versionHeaders } from './shown-object.ts'
import { STANDARD } from './storage-class.ts'
import { checksumIn, type StoredChecksum } from './stored-checksum.ts'

const HEADER = 'x-amz-object-attributes'
const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const
type Attribute = (typeof ATTRIBUTES)[number]

export async function getObjectAttributes(visit: S3Visit): Promise<Response | S3Error> {
  const wanted = attributesIn(visit.request.headers[HEADER])
  if (isS3Error(wanted)) return wanted
  const { deps, transaction, request } = visit
  const version = versionAsked(request.query)
  if (isS3Error(version)) return version
  const key = customerKeyIn(request.headers)
  if (isS3Error(key)) return key
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: 'HEAD',
    conditions: {},
    newest: false,
    certainty: 'confirmed',
    etagIsAt: ETAG_SYSMETA,
    ...readOf(version.versionId),
    ...key,
  })
  const { versionId } = version
  if (versionId !== undefined && read.kind !== 'not_modified' && read.kind !== 'found' && isAbsent(read)) {
    return missingVersion(request.key ?? '', versionId, read.trail, request.method)
  }
  if (read.kind === 'no_such_object') return await missingObject(visit)
  if (read.kind === 'customer_key') return customerKeyProblem(read)
  if (read.kind === 'not_modified') throw new Error('attributes were read without conditions')
  if (read.kind !== 'found') return storeError(read, { Key: request.key ?? '' })
  const { headers } = read
  const parts = wanted.has('ObjectParts') ? await objectPartsXml(visit, versionId) : ''
  const tell = (attribute: Attribute, xml: () => string): string => (wanted.has(attribute) ? xml() : '')
  const xml = document(
    'GetObjectAttributesResponse',
    tell('ETag', () => element('ETag', shownEtag(headers).replaceAll('"', ''))),
    tell('Checksum', () => checksumXml(checksumIn(headers))),
    tell('ObjectParts', () => parts),
    tell('StorageClass', () => element('StorageClass', headers[STORAGE_CLASS_SYSMETA] ?? STANDARD)),
    tell('ObjectSize', () => element('ObjectSize', headers['content-length'])),
  )
  const modified = headers['last-modified']
  return xmlAnswer(200, xml, {
    ...(modified === undefined ? {} : { 'last-modified': modified }),
    ...versionHeaders(read.trail),
  })
}

function attributesIn(header: string | undefined): ReadonlySet<Attribute> | S3Error {
  if (header === undefined || header.trim() === '') {
    const message =
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty'
    return s3Error('InvalidRequest', { message })
  }
  const names = header.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(ATTRIBUTES as readonly string[]).includes(name))
  if (unknown === undefined) return new Set(names as Attribute[])
  return invalidArgument(HEADER, unknown, 'Invalid attribute name specified.')
}

function checksumXml(checksum: StoredChecksum | undefined): string {
  if (checksum === undefined) return ''
  const { algorithm, value, type } = checksum
  // Here AWS leaves out of how many parts it is made.
  const [digest] = value.split('-', 1)
  return elementOf('Checksum', element(`Checksum${algorithm}`, digest), element('ChecksumType', type))
}
