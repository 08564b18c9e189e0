/**
 * The states of an image and the ways between them (OpenStack Glance, `domain/__init__.py`). Whether bytes may come, and
 * what a refused change is called, is decided here and nowhere else.
 */
import { badRequest, conflict, type Refusal } from '../refusal.ts'
import type { ImageRecord } from './image-record.ts'

export const IMAGE_STATUSES = [
  ...(['queued', 'saving', 'active', 'killed', 'deleted'] as const),
  ...(['uploading', 'importing', 'pending_delete', 'deactivated'] as const),
] as const
export type ImageStatus = (typeof IMAGE_STATUSES)[number]

const WAYS: Readonly<Record<ImageStatus, readonly ImageStatus[]>> = {
  queued: ['saving', 'uploading', 'importing', 'active', 'deleted'],
  saving: ['active', 'killed', 'deleted', 'queued'],
  uploading: ['importing', 'queued', 'deleted'],
  importing: ['active', 'deleted', 'queued'],
  active: ['pending_delete', 'deleted', 'deactivated'],
  killed: ['deleted'],
  pending_delete: ['deleted', 'active'],
  deleted: [],
  deactivated: ['active', 'deleted'],
}

export function mayBecome(from: ImageStatus, to: ImageStatus): boolean {
  return WAYS[from].includes(to)
}

export function transitionMessage(from: ImageStatus, to: ImageStatus): string {
  return `Image status transition from ${from} to ${to} is not allowed`
}

/** The image in another state; an image without bytes has no size. 409 when there is no way there. */
export function withStatus(image: ImageRecord, to: ImageStatus): ImageRecord | Refusal {
  if (!mayBecome(image.status, to)) return conflict(transitionMessage(image.status, to))
  const changed = { ...image, status: to }
  return to === 'queued' ? { ...changed, sizeBytes: null, virtualSizeBytes: null } : changed
}

/** 400 while it is not said what the bytes will be. */
export function formatsMissing(image: ImageRecord): Refusal | undefined {
  const missing = [
    ...(image.diskFormat === null ? ['disk_format'] : []),
    ...(image.containerFormat === null ? ['container_format'] : []),
  ]
  if (missing.length === 0) return undefined
  const what = missing.length === 1 ? 'Property' : 'Properties'
  return badRequest(`${what} ${missing.join(', ')} must be set prior to saving data.`)
}

/** Users do not see images that are gone. */
export function isGone(image: ImageRecord): boolean {
  return image.status === 'deleted' || image.status === 'killed'
}
