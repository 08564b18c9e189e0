/**
 * The rows of objects whose current version lies in a hidden container: they show the version's size and ETag, and its id
 * in `symlink_path` (OpenStack Swift, `object_versioning.py`: `ContainerContext.handle_request`).
 */
import { decodePercent, quotedPath } from '#base/names.ts'
import type { ListedObject, ListingPage } from '../listing.ts'
import { type ObjectMember, objectPage, rowsOf } from '../listing-pages.ts'
import type { SubdirMember } from '../listing-query.ts'
import { splitParameters } from '../symlinks/link-listing.ts'
import { versionIn } from './version-names.ts'

const MARK = Buffer.from('"symlink_bytes"')

/** A row as the layer of links gives it. */
export interface LinkRow extends ObjectMember {
  readonly symlink_path?: string
  readonly symlink_etag?: string
  readonly symlink_bytes?: number
}

export type Row = LinkRow | SubdirMember

/** A row of a link to a version, with what the link's row says of it. */
export interface VersionRow {
  readonly row: ObjectMember
  /** Its name in the hidden container. */
  readonly version: string
}

/** The version that a row links to; `undefined` of any other row. */
export function versionOfRow(row: Row, hidden: string): VersionRow | undefined {
  if (!('name' in row) || row.symlink_path === undefined) return undefined
  const { symlink_path: path, symlink_etag: etag, symlink_bytes: bytes, ...rest } = row
  if (etag === undefined || bytes === undefined) return undefined
  const [, , , container, ...object] = (decodePercent(path) ?? '').split('/')
  if (container !== hidden) return undefined
  const parameters = splitParameters(row.hash).parameters.map(([key, value]) => `; ${key}=${value}`)
  return { row: { ...rest, hash: `${etag}${parameters.join('')}`, bytes }, version: object.join('/') }
}

/** The page as clients see it. The same page where no row links to a version. */
export function withVersionsShown(
  page: ListingPage<ListedObject>,
  {
    account,
    container,
    hidden,
  }: { readonly account: string; readonly container: string; readonly hidden: string },
): ListingPage<ListedObject> {
  if (!page.json.includes(MARK)) return page
  const shown = rowsOf<LinkRow>(page.json).map((row) => {
    const linked = versionOfRow(row, hidden)
    if (linked === undefined) return row
    const version = versionIn(linked.version)
    const path = quotedPath(`/v1/${account}/${container}/${version?.object ?? linked.version}`)
    return {
      ...linked.row,
      version_symlink: true,
      symlink_path: version === undefined ? path : `${path}?version-id=${version.id}`,
    }
  })
  return objectPage(Buffer.from(JSON.stringify(shown)), page.consistency)
}
