/** DeleteObjects: up to 1,000 keys, each judged, deleted and reported by itself. */
import type { HeaderMap, Response } from '#http/message.ts'
import { inParallel } from '#store/large-objects/in-parallel.ts'
import { checkExpectedOwner } from '../access/expected-owner.ts'
import { statesChecksum } from '../body/announced-checksum.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { sentXml } from '../sent-xml.ts'
import { checkVersionId } from '../versions/version-asked.ts'
import type { XmlElement } from '../xml-reader.ts'
import { document, element, elementOf, xmlAnswer } from '../xml-writer.ts'
import { SIZE_HEADER, TIME_HEADER } from './delete-condition.ts'
import { type Removed, removeObject } from './delete-object.ts'
import { checkKey } from './upload.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const KEYS_MAX = 1_000
/** Deletes of one request that are under way together. */
const LANES = 8

export async function deleteObjects(visit: S3Visit): Promise<Response | S3Error> {
  const wrongOwner = checkExpectedOwner(
    visit.deps,
    bucketOf(visit),
    visit.request.headers['x-amz-expected-bucket-owner'],
  )
  if (wrongOwner !== undefined) return wrongOwner
  if (!isDigested(visit.request.headers)) {
    const message = 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'
    return s3Error('InvalidRequest', { message })
  }
  const sent = await sentXml(visit, 'Delete', visit.deps.options.xmlLimitBytes)
  if (isS3Error(sent)) return sent
  const wanted = sent.all('Object')
  if (wanted.length === 0 || wanted.length > KEYS_MAX) return s3Error('MalformedXML')
  const keys = wanted.map((object) => object.child('Key')?.text)
  if (keys.includes(undefined)) return s3Error('MalformedXML')
  const isQuiet = sent.textOf('Quiet')?.toLowerCase() === 'true'
  const reports = Array.from({ length: wanted.length }, () => '')
  await inParallel(byKey(wanted), LANES, async (sameKey) => {
    for (const { at, object } of sameKey) {
      const removed = await removeOne(visit, object)
      if (isS3Error(removed)) reports[at] = errorXml(object, removed)
      else if (!isQuiet) reports[at] = deletedXml(object, removed)
    }
  })
  return xmlAnswer(200, document('DeleteResult', ...reports))
}

interface Wanted {
  /** Its place in the request, and in the answer. */
  readonly at: number
  readonly object: XmlElement
}

/** Versions of one key go one after the other: at once they would only get in each other's way. */
function byKey(wanted: readonly XmlElement[]): Iterable<readonly Wanted[]> {
  return Map.groupBy(
    wanted.map((object, at) => ({ at, object })),
    ({ object }) => keyOf(object),
  ).values()
}

/** A list of what is to be deleted must be proven to have arrived as it was sent. */
function isDigested(headers: HeaderMap): boolean {
  if (headers['content-md5'] !== undefined || headers['x-amz-trailer'] !== undefined) return true
  return statesChecksum(headers)
}

async function removeOne(visit: S3Visit, object: XmlElement): Promise<Removed | S3Error> {
  const { deps, bucket } = visit
  const key = keyOf(object)
  const wrong = key === '' || key.includes('\0') ? s3Error('UserKeyMustBeSpecified') : checkKey(key)
  if (wrong !== undefined) return wrong
  const versionId = object.textOf('VersionId')
  // Of a list AWS tells it so, of a single delete as an argument that cannot be.
  if (versionId !== undefined && checkVersionId(versionId) !== undefined) return s3Error('NoSuchVersion')
  const denied = await deps.authorize(visit, { action: 's3:DeleteObject', bucket, key, versionId })
  if (denied !== undefined) return denied
  const headers = {
    'if-match': object.textOf('ETag'),
    [SIZE_HEADER]: object.textOf('Size'),
    [TIME_HEADER]: object.textOf('LastModifiedTime'),
  }
  return await removeObject(visit, { key, headers, versionId })
}

/** Keys may begin and end with white space. */
function keyOf(object: XmlElement): string {
  return object.child('Key')?.text ?? ''
}

/** Of a marker that was made or deleted, the id is told apart from that of a version. */
function deletedXml(object: XmlElement, { versionId, isDeleteMarker }: Removed): string {
  const asked = object.textOf('VersionId')
  return elementOf(
    'Deleted',
    element('Key', keyOf(object)),
    element('VersionId', asked === undefined ? undefined : versionId),
    isDeleteMarker ? element('DeleteMarker', true) : '',
    isDeleteMarker ? element('DeleteMarkerVersionId', versionId) : '',
  )
}

function errorXml(object: XmlElement, { code, message }: S3Error): string {
  return elementOf(
    'Error',
    element('Key', keyOf(object)),
    element('VersionId', object.textOf('VersionId')),
    element('Code', code),
    element('Message', message),
  )
}
