/**
 * Applies the operations of a patch to an image. They act one after the other on a copy; when one is refused, nothing
 * happened (OpenStack Glance, `api/v2/images.py`: `update`). Pure.
 */
import type { Caller } from '../caller.ts'
import type { ImageLimits } from '../limits.ts'
import { notPermitted, unchangeable, visibilityRefused } from '../policy.ts'
import { conflict, forbidden, Refusal } from '../refusal.ts'
import type { ImageRecord, Visibility } from './image-record.ts'
import { isBaseProperty } from './image-schema.ts'
import type { PatchOperation } from './json-patch.ts'
import { outOfRange, tooMany } from './new-image.ts'

export interface ChangeDeps {
  readonly caller: Caller
  readonly limits: ImageLimits
}

/** The changed image, whose `updatedAt` is still the old one. */
export function applyPatch(
  image: ImageRecord,
  operations: readonly PatchOperation[],
  { caller, limits }: ChangeDeps,
): ImageRecord | Refusal {
  let changed = image
  for (const operation of operations) {
    const next = applyOperation(changed, operation, caller)
    if (next instanceof Refusal) return next
    changed = next
  }
  return tooMany(changed, limits) ?? changed
}

function applyOperation(
  image: ImageRecord,
  operation: PatchOperation,
  caller: Caller,
): ImageRecord | Refusal {
  const { name } = operation
  const refused = unchangeable(caller, image, 'modify_image')
  if (refused !== undefined) return refused
  if (name === 'locations') return forbidden("It's not allowed to change locations: they are not shown here.")
  if (operation.op === 'remove') return withoutProperty(image, name)
  if (isBaseProperty(name)) {
    const isThere = operation.op === 'add' && operation.draft === 'draft_4'
    if (isThere) return conflict(`Property ${name} already present.`)
    return withBase(image, name, operation.value, caller)
  }
  return withProperty(image, operation)
}

function withoutProperty(image: ImageRecord, name: string): ImageRecord | Refusal {
  if (isBaseProperty(name)) return forbidden(`Property ${name} may not be removed.`)
  if (!Object.hasOwn(image.properties, name)) return conflict(`Property ${name} does not exist.`)
  const { [name]: _removed, ...properties } = image.properties
  return { ...image, properties }
}

function withProperty(
  image: ImageRecord,
  { op, name, value, draft }: Extract<PatchOperation, { readonly op: 'add' | 'replace' }>,
): ImageRecord | Refusal {
  const isThere = Object.hasOwn(image.properties, name)
  if (op === 'replace' && !isThere) {
    return conflict(`Property ${name} does not exist.`)
  }
  if (op === 'add' && isThere && draft === 'draft_4') return conflict(`Property ${name} already present.`)
  return { ...image, properties: { ...image.properties, [name]: value as string | null } }
}

/** The image's own properties; values fit the schema already. */
function withBase(image: ImageRecord, name: string, value: unknown, caller: Caller): ImageRecord | Refusal {
  switch (name) {
    case 'name':
      return { ...image, name: value as string | null }
    case 'visibility':
      return visibilityRefused(caller, value as Visibility) ?? { ...image, visibility: value as Visibility }
    case 'protected':
      return { ...image, isProtected: value as boolean }
    case 'os_hidden':
      return { ...image, isHidden: value as boolean }
    case 'tags':
      return { ...image, tags: [...new Set(value as readonly string[])] }
    case 'owner':
      return caller.isAdmin || value === image.owner
        ? { ...image, owner: value as string | null }
        : notPermitted('modify_image')
    case 'min_ram':
      return outOfRange(name, value as number) ?? { ...image, minRam: value as number }
    case 'min_disk':
      return outOfRange(name, value as number) ?? { ...image, minDisk: value as number }
    case 'disk_format':
      return formatRefused(image, name) ?? { ...image, diskFormat: value as string | null }
    case 'container_format':
      return formatRefused(image, name) ?? { ...image, containerFormat: value as string | null }
    default:
      return forbidden(`Attribute '${name}' is read-only.`)
  }
}

/** The format is a promise about the bytes. */
function formatRefused({ status }: ImageRecord, name: string): Refusal | undefined {
  if (status === 'queued' || status === 'importing') return undefined
  return forbidden(`Attribute ${name} can be only replaced for a queued image.`)
}
