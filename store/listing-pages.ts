/** Pages of containers and of objects, made of the JSON that storage servers send or layers make of it. */
import type { ListedContainer, ListedObject, ListingPage } from './contract.ts'
import { listingPage } from './listing-query.ts'

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
