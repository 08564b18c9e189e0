/** How most verbs begin: the image of the path, if the caller may see it, and may do what the verb does. */
import type { ImageRecord } from '../model/image-record.ts'
import { unchangeable, unseen } from '../policy.ts'
import { Refusal } from '../refusal.ts'
import type { ImageVisit } from '../visit.ts'

/** 404 for images that the caller may not see, as for those that are not there. */
export async function visibleImage({
  registry,
  context,
  caller,
  names,
}: ImageVisit): Promise<ImageRecord | Refusal> {
  const id = (names[0] ?? '').toLowerCase()
  const image = await registry.records.find(context, id)
  if (image instanceof Refusal) return image
  return unseen(caller, image, id) ?? (image as ImageRecord)
}

/** 403 besides, when the caller may see it and not change it. */
export async function changeableImage(visit: ImageVisit, action: string): Promise<ImageRecord | Refusal> {
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  return unchangeable(visit.caller, image, action) ?? image
}
