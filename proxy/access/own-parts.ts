/**
 * Objects that S3 clients upload in parts are large objects whose parts lie in a container beside the bucket
 * (`<bucket>+segments`, `<key>/<upload>/<part>`), as OpenStack Swift's S3 gateway lays them out. A part is judged as the
 * object that it is part of: who may read, write or delete the object may do so to its parts through it. Of a bucket that
 * locks its objects nobody may do anything but read them: whoever took the parts away would have taken the object.
 */
import type { AccountName, ContainerName, ObjectName } from '#store/contract.ts'

type AnyName = AccountName | ContainerName | ObjectName

const SEGMENTS_SUFFIX = '+segments'
/** What follows the key: the upload, and the number of the part. */
const UPLOAD_AND_PART = /^\/[^/]+\/\d{1,5}$/

/** The bucket that an object in a container of parts belongs to; `undefined` of any other object. */
export function bucketOfPart({ account, container, object }: AnyName): ContainerName | undefined {
  if (object === undefined || container?.endsWith(SEGMENTS_SUFFIX) !== true) return undefined
  return { account, container: container.slice(0, -SEGMENTS_SUFFIX.length) }
}

/** Whether `part` belongs to an upload of the object. */
export function isPartOf(object: AnyName, part: ContainerName | ObjectName): boolean {
  if (object.object === undefined || part.object === undefined) return false
  if (part.account !== object.account || part.container !== object.container + SEGMENTS_SUFFIX) return false
  return (
    part.object.startsWith(object.object) && UPLOAD_AND_PART.test(part.object.slice(object.object.length))
  )
}
