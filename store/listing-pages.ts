/** Pages of containers and of objects, made of the JSON that storage servers send or layers make of it. */
import { compareUtf8 } from '#base/names.ts'
import type { ListedContainer, ListedObject, ListingPage } from './listing.ts'
import { listingPage, type SubdirMember } from './listing-query.ts'

type Consistency = ListingPage<never>['consistency']

/** A container in the JSON listing of an account. */
export interface ContainerMember {
  readonly name: string
  readonly count: number
  readonly bytes: number
  readonly last_modified: string
}

/** An object in the JSON listing of a container; links, versions and large objects have further members. */
export interface ObjectMember {
  readonly name: string
  readonly bytes: number
  readonly hash: string
  readonly content_type: string
  readonly last_modified: string
}

/** The rows of a listing's JSON, which is empty where nothing was listed. */
export function rowsOf<Member>(json: Buffer): readonly (Member | SubdirMember)[] {
  return json.length === 0 ? [] : (JSON.parse(json.toString('utf8')) as readonly (Member | SubdirMember)[])
}

/** Rows of several listings as one: by name; of equal names those that came first stay first. */
export function inListingOrder<Listed extends { readonly name: string } | SubdirMember>(
  rows: readonly Listed[],
  { reverse }: { readonly reverse: boolean },
): readonly Listed[] {
  const sign = reverse ? -1 : 1
  return rows.toSorted((one, other) => sign * compareUtf8(nameOf(one), nameOf(other)))
}

function nameOf(row: { readonly name: string } | SubdirMember): string {
  return 'name' in row ? row.name : row.subdir
}

export function containerPage(json: Buffer, consistency: Consistency): ListingPage<ListedContainer> {
  return listingPage(json, consistency, (member: ContainerMember) => ({
    kind: 'container',
    name: member.name,
    objectCount: member.count,
    bytesUsed: member.bytes,
    lastModified: member.last_modified,
  }))
}

export function objectPage(json: Buffer, consistency: Consistency): ListingPage<ListedObject> {
  return listingPage(json, consistency, (member: ObjectMember): ListedObject => {
    const { name, bytes, hash, content_type: contentType, last_modified: lastModified, ...extra } = member
    return { kind: 'object', name, sizeBytes: bytes, etag: hash, contentType, lastModified, extra }
  })
}
