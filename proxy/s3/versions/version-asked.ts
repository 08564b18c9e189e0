/** The version that a request names, and what is said of versions that are not there. */
import type { ObjectReadOptions, ReadTrail } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import type { ListedObject } from '#store/listing.ts'
import { versionsIn } from '#store/versions/kept-versions.ts'
import { DELETE_MARKER_TYPE, NULL_VERSION } from '#store/versions/version-names.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'

const PARAMETER = 'versionId'
/** The form of the ids that are given here. */
const VERSION_ID = /^\d{10}\.\d{5}$/

/** `versionId` of a request, checked. */
export function versionAsked(
  query: ReadonlyMap<string, string>,
): { readonly versionId: string | undefined } | S3Error {
  const written = query.get(PARAMETER)
  if (written === undefined) return { versionId: undefined }
  if (written === '') return invalidArgument(PARAMETER, '', 'Version id cannot be the empty string')
  return checkVersionId(written) ?? { versionId: written }
}

/** `undefined` when it has the form of a version id. */
export function checkVersionId(written: string): S3Error | undefined {
  if (written === NULL_VERSION || VERSION_ID.test(written)) return undefined
  return invalidArgument(PARAMETER, written, 'Invalid version id specified')
}

/** How the store is asked for a version. */
export function readOf(versionId: string | undefined): Pick<ObjectReadOptions, 'versionId' | 'nullVersion'> {
  return versionId === NULL_VERSION ? { versionId, nullVersion: 'kept_too' } : { versionId }
}

type Absent = Extract<StoreFailure, { readonly kind: 'no_such_object' | 'version_refused' }>

/** Whether a read failed because there is no such version, or none that has a body. */
export function isAbsent(failure: StoreFailure): failure is Absent {
  return failure.kind === 'no_such_object' || failure.kind === 'version_refused'
}

/** A version that cannot be read: it is not there, or it says that the object was deleted. */
export function missingVersion(
  key: string,
  versionId: string,
  trail: ReadTrail | undefined,
  method: string,
): S3Error {
  if (trail?.isDeleteMarker !== true) {
    return s3Error('NoSuchVersion', { extra: { Key: key, VersionId: versionId } })
  }
  return s3Error('MethodNotAllowed', {
    extra: { Method: method, ResourceType: 'DeleteMarker' },
    headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId, allow: 'DELETE' },
  })
}

/** The headers that tell of the marker which deleted an object, where versions are kept. */
export async function markerHeaders(
  { deps, transaction, bucket }: S3Visit,
  key: string,
): Promise<Readonly<Record<string, string>>> {
  if (bucket === undefined || versionsIn(bucket.info.metadata) === undefined) return {}
  const listing = { prefix: key, limit: 1, reverse: false, versions: { nullVersions: 'told' } } as const
  const read = await deps.store.containers.read(transaction, bucket.container, { listing })
  const [row] = read.kind === 'found' ? (read.page?.entries() ?? []) : []
  if (row?.kind !== 'object' || row.name !== key || row.contentType !== DELETE_MARKER_TYPE) return {}
  return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionIdOf(row) }
}

/** Of a row in a listing of versions. */
export function versionIdOf({ extra }: ListedObject): string {
  const { version_id: id } = extra
  return typeof id === 'string' ? id : NULL_VERSION
}

/** Whether objects of the bucket have versions. */
export function keepsVersions(visit: S3Visit): boolean {
  return versionsIn(bucketOf(visit).info.metadata) !== undefined
}
