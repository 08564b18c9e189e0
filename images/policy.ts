/**
 * Who may do what with an image (the default policies of OpenStack Glance, `policies/image.py`, scope project). An image that
 * the caller may not see does not exist for them; what they may see and not do is refused by name.
 */
import type { Caller } from './caller.ts'
import type { ImageRecord, Visibility } from './model/image-record.ts'
import { isGone } from './model/image-status.ts'
import { forbidden, notFound, type Refusal } from './refusal.ts'

export function owns(caller: Caller, image: Pick<ImageRecord, 'owner'>): boolean {
  return image.owner !== null && image.owner === caller.projectId
}

export function isMemberOf(caller: Caller, image: ImageRecord): boolean {
  return image.visibility === 'shared' && image.members.some(({ id }) => id === caller.projectId)
}

/** By its id: also shared images that the project has not accepted, and the community's. */
export function maySee(caller: Caller, image: ImageRecord): boolean {
  if (isGone(image)) return false
  if (caller.isAdmin) return true
  if (!caller.roles.includes('reader')) return false
  if (image.visibility === 'public' || image.visibility === 'community') return true
  return owns(caller, image) || isMemberOf(caller, image)
}

/** Create, modify, delete, upload, share, deactivate. */
export function mayChange(caller: Caller, image: Pick<ImageRecord, 'owner'>): boolean {
  return caller.isAdmin || (caller.roles.includes('member') && owns(caller, image))
}

export function mayDownload(caller: Caller, image: ImageRecord): boolean {
  return caller.isAdmin || (caller.roles.includes('member') && maySee(caller, image))
}

/** A service acting for others, or an administrator. */
export function isService(caller: Caller): boolean {
  return caller.isAdmin || caller.roles.includes('service')
}

/** 404 when the image is not for the caller's eyes. */
export function unseen(caller: Caller, image: ImageRecord | undefined, id: string): Refusal | undefined {
  return image !== undefined && maySee(caller, image) ? undefined : noImage(id)
}

export function noImage(id: string): Refusal {
  return notFound(`No image found with ID ${id}`)
}

/** 403 when the caller may see it and no more. */
export function unchangeable(caller: Caller, image: ImageRecord, action: string): Refusal | undefined {
  return mayChange(caller, image) ? undefined : notPermitted(action)
}

export function notPermitted(action: string): Refusal {
  return forbidden(`You are not authorized to complete ${action} action.`)
}

/** Only administrators offer images to everybody; the community is for every owner. */
export function visibilityRefused(caller: Caller, visibility: Visibility): Refusal | undefined {
  if (visibility !== 'public' || caller.isAdmin) return undefined
  return notPermitted('publicize_image')
}
