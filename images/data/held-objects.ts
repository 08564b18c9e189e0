/**
 * Keeps objects that are images (`adopt-object.ts`) from being overwritten or deleted for as long as a record names them
 * (`store/object-holds/`). A hold is made after the record names the object, so that a hold which no record names is nobody's.
 */
import { hash } from 'node:crypto'
import type { VersionName } from '#store/contract.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { Refusal, unavailable } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { OBJECT_STORE } from './object-store.ts'

/** An image and the bytes it has: a second try with another object holds by itself. */
function holderOf(imageId: string, key: string): string {
  return `${imageId}/${hash('sha256', key)}`
}

/** 503 when they cannot be held now. */
export async function holdObjects(
  { holds }: Registry,
  context: OperationContext,
  { id, key, parts }: { readonly id: string; readonly key: string; readonly parts: readonly VersionName[] },
): Promise<Refusal | undefined> {
  const failure = await holds.hold(context, parts, holderOf(id, key))
  return failure && unavailable(`The object cannot be kept for the image now (${failure.kind}).`)
}

/** Lets go of what no record names; how many objects that were. Nothing is let go of while that is not known. */
export async function releaseObjects(registry: Registry, context: OperationContext): Promise<number> {
  const needs = async (holder: string): Promise<boolean> => {
    const id = holder.slice(0, holder.indexOf('/'))
    const image = await registry.records.find(context, id)
    if (image instanceof Refusal) return true
    return image !== undefined && placesOf(image).some(({ key }) => holderOf(id, key) === holder)
  }
  const released = await registry.holds.releaseUnneeded(context, needs)
  return typeof released === 'number' ? released : 0
}

function placesOf({ locations, pending }: ImageRecord): readonly { readonly key: string }[] {
  const places = pending === undefined ? locations : [...locations, pending]
  return places.filter(({ store }) => store === OBJECT_STORE)
}

/** Whether the image had its bytes in an object. */
export function isObject(image: ImageRecord): boolean {
  return placesOf(image).length > 0
}
