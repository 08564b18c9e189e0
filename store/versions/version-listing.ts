/**
 * `?versions`: every version of every object, newest first, put together from two listings (OpenStack Swift,
 * `object_versioning.py`: `_list_versions`). The container's own listing tells which version of an object is the current
 * one, and which objects were put without a version; the hidden container's has all the others. One page of each is enough
 * for a page of both: an object that has a link in the first has a row in the second.
 */
import type { ContainerOperations, ContainerRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ListedObject, ListingPage, ListingQuery } from '../listing.ts'
import { inListingOrder, type ObjectMember, objectPage, rowsOf } from '../listing-pages.ts'
import type { SubdirMember } from '../listing-query.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { type Current, isCurrent, lookAt, type VersionsDeps } from './current-object.ts'
import { withoutNullMark } from './null-version.ts'
import {
  countedDown,
  DELETE_MARKER_TYPE,
  NULL_VERSION,
  RESERVED,
  versionIdIn,
  versionIn,
} from './version-names.ts'
import { type LinkRow, type Row, versionOfRow } from './version-rows.ts'

/** What stands in versions' names besides the object's: cutting there would cut within the name. */
const NOT_DELIMITERS = /[0-9.\0]/

export interface VersionListing {
  readonly containers: ContainerOperations
  readonly deps: VersionsDeps
  readonly context: OperationContext
  readonly name: ContainerName
  /** The hidden container, whether or not it is there. */
  readonly hidden: string
  readonly query: ListingQuery & { readonly versions: NonNullable<ListingQuery['versions']> }
}

export interface ListedVersions {
  readonly kind: 'listed'
  readonly page: ListingPage<ListedObject>
  /** Bytes of all versions. */
  readonly bytesUsed: number
}

/** Of the page of the container's own listing that answers the same query. */
export async function listVersions(
  listing: VersionListing,
  own: ListingPage<ListedObject>,
): Promise<ListedVersions | StoreFailure> {
  const { containers, context, name, hidden, query } = listing
  const hiddenQuery = queryOf(query)
  if ('kind' in hiddenQuery) return hiddenQuery
  const read = await containers.read(
    context,
    { account: name.account, container: hidden },
    { listing: hiddenQuery },
  )
  if (read.kind !== 'found' && read.kind !== 'no_such_container') return read
  const page = read.kind === 'found' ? read.page : undefined
  const resumed = await resumedObject(listing)
  if (resumed !== undefined && !isCurrent(resumed)) return resumed
  const rows = merged(
    listing,
    rowsOf<LinkRow>(own.json),
    page === undefined ? [] : rowsOf<LinkRow>(page.json),
    resumed,
  )
  const isComplete = own.consistency === 'complete' && (page?.consistency ?? 'complete') === 'complete'
  return {
    kind: 'listed',
    page: objectPage(Buffer.from(JSON.stringify(rows)), isComplete ? 'complete' : 'eventual'),
    bytesUsed: bytesIn(read),
  }
}

function bytesIn(read: ContainerRead | StoreFailure): number {
  return read.kind === 'found' ? read.info.bytesUsed : 0
}

/** The query of the hidden container, whose names begin with NUL and end with a time. */
function queryOf(query: VersionListing['query']): ListingQuery | StoreFailure {
  const { delimiter, limit, reverse } = query
  if (delimiter !== undefined && NOT_DELIMITERS.test(delimiter)) {
    return { kind: 'version_refused', problem: 'invalid_delimiter' }
  }
  const marker = markerOf(query)
  if (typeof marker === 'object') return marker
  return { prefix: `${RESERVED}${query.prefix ?? ''}`, marker, delimiter, limit, reverse }
}

function markerOf(query: VersionListing['query']): string | undefined | StoreFailure {
  const { marker, versions, reverse } = query
  if (marker === undefined) return undefined
  if (isListedPrefix(marker, query)) return RESERVED + marker
  const object = `${RESERVED}${marker}${RESERVED}`
  // `:` comes after all digits.
  const behindAll = `${object}:`
  if (versions.marker === undefined) return reverse ? object : behindAll
  // An object's version without an id stands before its others.
  if (versions.marker === NULL_VERSION) return reverse ? behindAll : object
  const id = versionIdIn(versions.marker)
  return id === undefined
    ? { kind: 'version_refused', problem: 'invalid_marker' }
    : `${object}${countedDown(id)}`
}

/** Names that are listed by what they begin with: all of them were, when that was the last of a page. */
function isListedPrefix(marker: string, { prefix = '', delimiter }: ListingQuery): boolean {
  if (delimiter === undefined || !marker.startsWith(prefix)) return false
  const end = marker.indexOf(delimiter, prefix.length)
  return end >= 0 && end + delimiter.length === marker.length
}

/** What is there of the object in the middle of whose versions the page begins: its own row came on an earlier page. */
async function resumedObject({
  deps,
  context,
  name,
  query,
}: VersionListing): Promise<Current | StoreFailure | undefined> {
  if (query.marker === undefined || query.versions.marker === undefined) return undefined
  return await lookAt(deps, context, { ...name, object: query.marker })
}

interface ListedVersion extends ObjectMember {
  readonly version_id: string
  /** Of a null version that is kept: by which paging goes on. */
  readonly kept_id?: string
  readonly is_latest: boolean
}

function merged(
  listing: VersionListing,
  own: readonly Row[],
  kept: readonly Row[],
  resumed: Current | undefined,
): readonly (ListedVersion | SubdirMember)[] {
  const { hidden, query } = listing
  const seen = ownRows(own, hidden)
  if (resumed?.kind === 'version') seen.current.set(resumed.object, undefined)
  const subdirs = new Set(seen.subdirs)
  const withCurrent = new Set(seen.named)
  if (resumed !== undefined && query.marker !== undefined) withCurrent.add(query.marker)
  const versions: ListedVersion[] = []
  // Of an object that is deleted, the newest marker is what is there: newest first, whatever the order asked for.
  for (const row of query.reverse ? kept.toReversed() : kept) {
    if (!('name' in row)) subdirs.add(row.subdir.slice(RESERVED.length))
    else versions.push(...listedVersion(listing, row, seen, withCurrent))
  }
  if (query.reverse) versions.reverse()
  const dangling = [...seen.current].flatMap(([version, row]) =>
    row === undefined ? [] : danglingRow(version, row),
  )
  const rows = [...seen.plain, ...versions, ...[...subdirs].map((subdir) => ({ subdir })), ...dangling]
  return inListingOrder(rows, query).slice(0, query.limit)
}

interface OwnRows {
  /** Rows of links, by the name of the version; `undefined` where the row is not at hand. */
  readonly current: Map<string, ObjectMember | undefined>
  /** Objects that are there. */
  readonly named: readonly string[]
  readonly plain: readonly ListedVersion[]
  readonly subdirs: readonly string[]
}

function ownRows(rows: readonly Row[], hidden: string): OwnRows {
  const current = new Map<string, ObjectMember | undefined>()
  const plain: ListedVersion[] = []
  const named: string[] = []
  const subdirs: string[] = []
  for (const row of rows) {
    if (!('name' in row)) {
      subdirs.push(row.subdir)
      continue
    }
    named.push(row.name)
    const linked = versionOfRow(row, hidden)
    if (linked === undefined) plain.push({ ...row, version_id: NULL_VERSION, is_latest: true })
    else current.set(linked.version, linked.row)
  }
  return { current, named, plain, subdirs }
}

function listedVersion(
  { query }: VersionListing,
  row: ObjectMember,
  { current }: OwnRows,
  withCurrent: Set<string>,
): readonly ListedVersion[] {
  const version = versionIn(row.name)
  if (version === undefined) return []
  const isLinked = current.delete(row.name)
  const { etag: hash, isNull } = withoutNullMark(row.hash)
  const isTold = isNull && query.versions.nullVersions === 'told'
  const id = isTold ? { version_id: NULL_VERSION, kept_id: version.id } : { version_id: version.id }
  const isMarker = row.content_type === DELETE_MARKER_TYPE && !withCurrent.has(version.object)
  if (isMarker) withCurrent.add(version.object)
  return [{ ...row, name: version.object, hash, ...id, is_latest: isLinked || isMarker }]
}

/** A link whose version is not listed: on a later page, or gone. */
function danglingRow(version: string, row: ObjectMember): readonly ListedVersion[] {
  const known = versionIn(version)
  if (known === undefined) return []
  const { bytes, hash, content_type, last_modified } = row
  return [
    { name: known.object, version_id: known.id, is_latest: true, bytes, hash, content_type, last_modified },
  ]
}
