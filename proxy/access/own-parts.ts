/**
 * Objects that S3 clients upload in parts are large objects whose parts lie in a container beside the bucket
<<<<<<< HEAD
 * (`<bucket>+segments`, `<key>/<upload>/<part>`), as OpenStack Swift's S3 gateway lays them out. A part is judged as the
 * object that it is part of: who may read, write or delete the object may do so to its parts through it. Of a bucket that
 * locks its objects nobody may do anything but read them: whoever took the parts away would have taken the object.
 */
import type { AccountName, ContainerName, ObjectName } from '#store/contract.ts'

type AnyName = AccountName | ContainerName | ObjectName

const SEGMENTS_SUFFIX = '+segments'
/** What follows the key: the upload, and the number of the part. */
const UPLOAD_AND_PART = /^\/[^/]+\/\d{1,5}$/
=======
 * (`store/multipart/upload-names.ts`), which nobody is let into. A part is judged as the object that it is part of: who may
 * read, write or delete the object may do so to its parts through it.
 */
import type { AccountName, ContainerName, ObjectName } from '#store/contract.ts'
import { partIn, partsContainerOf, partsPrefix } from '#store/multipart/upload-names.ts'
>>>>>>> main

/** The bucket that an object in a container of parts belongs to; `undefined` of any other object. */
export function bucketOfPart({ account, container, object }: AnyName): ContainerName | undefined {
  if (object === undefined || container?.endsWith(SEGMENTS_SUFFIX) !== true) return undefined
  return { account, container: container.slice(0, -SEGMENTS_SUFFIX.length) }
}

/** Whether `part` belongs to an upload of the object. */
export function isPartOf(object: AnyName, part: ContainerName | ObjectName): boolean {
  if (object.object === undefined || part.object === undefined) return false
  const { account, container } = partsContainerOf(object)
  if (part.account !== account || part.container !== container) return false
  const folder = partsPrefix(object.object, '').slice(0, -1)
  if (!part.object.startsWith(folder)) return false
  const [uploadId, ...behind] = part.object.slice(folder.length).split('/')
  return uploadId !== '' && partIn(behind.join('/')) !== undefined
}
