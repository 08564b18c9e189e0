/**
 * Objects that S3 clients upload in parts are large objects whose parts lie in a container beside the bucket
 * (`store/multipart/upload-names.ts`), which nobody is let into. A part is judged as the object that it is part of: who may
 * read, write or delete the object may do so to its parts through it. Of a bucket that locks its objects nobody may do
 * anything but read them: whoever took the parts away would have taken the object.
 */

import { bucketOfParts, partIn, partsContainerOf, partsPrefix } from '#store/multipart/upload-names.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'

/** The bucket that an object in a container of parts belongs to; `undefined` of any other name. */
export function bucketOfPart({
  account,
  container,
  object,
}: AccountName | ContainerName | ObjectName): ContainerName | undefined {
  if (container === undefined || object === undefined) return undefined
  return bucketOfParts({ account, container })
}

/** Whether `part` belongs to an upload of the object. */
export function isPartOf(
  object: AccountName | ContainerName | ObjectName,
  part: ContainerName | ObjectName,
): boolean {
  if (object.object === undefined || part.object === undefined) return false
  const { account, container } = partsContainerOf(object)
  if (part.account !== account || part.container !== container) return false
  const folder = partsPrefix(object.object, '').slice(0, -1)
  if (!part.object.startsWith(folder)) return false
  const [uploadId, ...behind] = part.object.slice(folder.length).split('/')
  return uploadId !== '' && partIn(behind.join('/')) !== undefined
}
