/** An object in a listing of a bucket. */
import type { ListedObject } from '#store/listing.ts'
import { checksumOfRow, classOfRow } from '../objects/listed-facts.ts'
import { element, elementOf, escapedText } from '../xml-writer.ts'
import { type Encoding, listedTime, writtenName } from './listing-text.ts'

/** `Contents`, or `Version` with further members before the key's own. The owner is a canonical id. */
export function contentsXml(
  name: string,
  entry: ListedObject,
  encoding: Encoding,
  owner: string | undefined,
): string {
  const key = element('Key', writtenName(entry.name, encoding))
  const ownedBy = owner === undefined ? '' : ownerXml('Owner', owner)
  // Written without the detour over lists and escapes of what needs none: a page has a thousand of them.
  return (
    `<${name}>${key}<LastModified>${listedTime(entry.lastModified)}</LastModified>` +
    `<ETag>${etagText(entry)}</ETag>${checksumXml(entry)}<Size>${entry.sizeBytes}</Size>${ownedBy}` +
    `<StorageClass>${classOfRow(entry)}</StorageClass></${name}>`
  )
}

/** Nothing of an object without a checksum, as those of Swift's clients are. */
export function checksumXml(entry: ListedObject): string {
  const checksum = checksumOfRow(entry)
  if (checksum === undefined) return ''
  const { algorithm, type } = checksum
  return `<ChecksumAlgorithm>${algorithm}</ChecksumAlgorithm><ChecksumType>${type}</ChecksumType>`
}

/** An owner or an initiator by canonical id; its name to be shown is the same. */
export function ownerXml(name: string, user: string): string {
  return elementOf(name, element('ID', user), element('DisplayName', user))
}

/**
 * The ETag of a row as text of XML, with quotes. Of what was uploaded in parts, that of the parts (`s3_etag`, as OpenStack
 * Swift's s3api has it in rows); of a large object of Swift's, that of its segments with `-N`, so that nobody takes it for an
 * MD5.
 */
export function etagText({ etag, extra }: ListedObject): string {
  const { s3_etag: ofParts, slo_etag: ofSegments } = extra
  if (typeof ofParts === 'string') return quoted(ofParts.replaceAll('"', ''))
  if (typeof ofSegments === 'string') return quoted(`${ofSegments.replaceAll('"', '')}-N`)
  return quoted(etag)
}

function quoted(etag: string): string {
  return `&quot;${escapedText(etag)}&quot;`
}
