/** ListObjectVersions: every version of every key, newest first, and the markers of those that were deleted. */
import type { Response } from '#http/message.ts'
import type { ListedObject, ListedSubdir } from '#store/listing.ts'
import { DELETE_MARKER_TYPE } from '#store/versions/version-names.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import { checksumXml, etagText, ownerXml } from '../listing/listed-object.ts'
import { type Encoding, encodingIn, listedTime, pageLimitIn, writtenName } from '../listing/listing-text.ts'
import { classOfRow } from '../objects/listed-facts.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { checkVersionId, versionIdOf } from './version-asked.ts'

interface Asked {
  readonly prefix: string
  readonly delimiter: string | undefined
  readonly encoding: Encoding
  readonly limit: number
  readonly keyMarker: string
  readonly versionMarker: string | undefined
}

type Entry = ListedObject | ListedSubdir

export async function listObjectVersions(visit: S3Visit): Promise<Response | S3Error> {
  const asked = askedIn(visit.request.query)
  if (isS3Error(asked)) return asked
  const page = await pageOf(visit, asked)
  if (isS3Error(page)) return page
  const { entries: all, consistency } = page
  const entries = all.slice(0, asked.limit)
  const last = all.length > asked.limit ? entries.at(-1) : undefined
  const { name, owner } = bucketOf(visit)
  const { encoding, delimiter } = asked
  const xml = document(
    'ListVersionsResult',
    element('Name', name),
    element('Prefix', writtenName(asked.prefix, encoding)),
    element('KeyMarker', writtenName(asked.keyMarker, encoding)),
    element('VersionIdMarker', asked.versionMarker ?? ''),
    ...nextMarkers(last, encoding),
    element('MaxKeys', asked.limit),
    delimiter === undefined ? '' : element('Delimiter', writtenName(delimiter, encoding)),
    element('EncodingType', encoding),
    element('IsTruncated', last !== undefined),
    ...entries.map((entry) => entryXml(entry, encoding, owner)),
  )
  return xmlAnswer(200, xml, consistency === 'eventual' ? { 'x-listing-consistency': 'eventual' } : {})
}

function askedIn(query: ReadonlyMap<string, string>): Asked | S3Error {
  const coded = encodingIn(query)
  if (isS3Error(coded)) return coded
  const paged = pageLimitIn(query, 'max-keys')
  if (isS3Error(paged)) return paged
  const keyMarker = query.get('key-marker') ?? ''
  const versionMarker = query.get('version-id-marker')
  if (versionMarker !== undefined && keyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.'
    return invalidArgument('version-id-marker', versionMarker, message)
  }
  if (versionMarker !== undefined && versionMarker !== '' && checkVersionId(versionMarker) !== undefined) {
    return invalidArgument('version-id-marker', versionMarker, 'Invalid version id specified')
  }
  const delimiter = query.get('delimiter') ?? ''
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: delimiter === '' ? undefined : delimiter,
    encoding: coded.encoding,
    limit: paged.limit,
    keyMarker,
    versionMarker: versionMarker === '' ? undefined : versionMarker,
  }
}

interface Page {
  /** One more than is shown, if there are so many. */
  readonly entries: readonly Entry[]
  readonly consistency: 'complete' | 'eventual'
}

async function pageOf(visit: S3Visit, asked: Asked): Promise<Page | S3Error> {
  const { prefix, delimiter, limit, keyMarker, versionMarker } = asked
  if (limit === 0) return { entries: [], consistency: 'complete' }
  const { deps, transaction } = visit
  const { container, name } = bucketOf(visit)
  const read = await deps.store.containers.read(transaction, container, {
    listing: {
      prefix: prefix === '' ? undefined : prefix,
      delimiter,
      marker: keyMarker === '' ? undefined : keyMarker,
      limit: limit + 1,
      reverse: false,
      versions: { marker: versionMarker, nullVersions: 'told' },
    },
  })
  if (read.kind !== 'found') return storeError(read, { BucketName: name })
  return { entries: read.page?.entries() ?? [], consistency: read.page?.consistency ?? 'complete' }
}

/** A null version that is kept goes on from its place among the others. */
function nextMarkers(last: Entry | undefined, encoding: Encoding): readonly string[] {
  if (last === undefined) return []
  if (last.kind === 'subdir') {
    return [element('NextKeyMarker', writtenName(last.prefix, encoding)), element('NextVersionIdMarker', '')]
  }
  const { kept_id: kept } = last.extra
  const id = typeof kept === 'string' ? kept : versionIdOf(last)
  return [element('NextKeyMarker', writtenName(last.name, encoding)), element('NextVersionIdMarker', id)]
}

function entryXml(entry: Entry, encoding: Encoding, owner: string): string {
  if (entry.kind === 'subdir') {
    return elementOf('CommonPrefixes', element('Prefix', writtenName(entry.prefix, encoding)))
  }
  const isMarker = entry.contentType === DELETE_MARKER_TYPE
  const ofBoth = [
    element('Key', writtenName(entry.name, encoding)),
    element('VersionId', versionIdOf(entry)),
    element('IsLatest', entry.extra['is_latest'] === true),
    element('LastModified', listedTime(entry.lastModified)),
  ]
  if (isMarker) return elementOf('DeleteMarker', ...ofBoth, ownerXml('Owner', owner))
  return elementOf(
    'Version',
    ...ofBoth,
    `<ETag>${etagText(entry)}</ETag>${checksumXml(entry)}`,
    element('Size', entry.sizeBytes),
    ownerXml('Owner', owner),
    element('StorageClass', classOfRow(entry)),
  )
}
