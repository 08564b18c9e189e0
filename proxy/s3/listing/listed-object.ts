/** An object in a listing of a bucket. */
import type { ListedObject } from '#store/contract.ts'
import { classOfRow } from '../objects/storage-class.ts'
import { element, elementOf } from '../xml-writer.ts'
import { type Encoding, listedTime, writtenName } from './listing-text.ts'

/** `Contents`, or `Version` with further members before the key's own. The owner is a canonical id. */
export function contentsXml(
  name: string,
  entry: ListedObject,
  encoding: Encoding,
  owner: string | undefined,
): string {
  return elementOf(
    name,
    element('Key', writtenName(entry.name, encoding)),
    element('LastModified', listedTime(entry.lastModified)),
    element('ETag', listedEtag(entry)),
    element('Size', entry.sizeBytes),
    owner === undefined ? '' : ownerXml('Owner', owner),
    element('StorageClass', classOfRow(entry)),
  )
}

/** An owner or an initiator by canonical id; its name to be shown is the same. */
export function ownerXml(name: string, user: string): string {
  return elementOf(name, element('ID', user), element('DisplayName', user))
}

/**
 * With quotes. Of what was uploaded in parts, that of the parts (`s3_etag`, as OpenStack Swift's s3api has it in rows); of
 * a large object of Swift's, that of its segments with `-N`, so that nobody takes it for an MD5.
 */
export function listedEtag({ etag, extra }: ListedObject): string {
  const { s3_etag: ofParts, slo_etag: ofSegments } = extra
  if (typeof ofParts === 'string') return `"${ofParts.replaceAll('"', '')}"`
  if (typeof ofSegments === 'string') return `"${ofSegments.replaceAll('"', '')}-N"`
  return `"${etag}"`
}
