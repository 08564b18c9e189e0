/**
 * How bytes leave a store. The sweeper lists what is in the cluster; it does not list a store elsewhere, which may hold what
 * others put there. So the change of a record that stops naming a place remembers it in the same write, and it is forgotten
 * when the store said that the bytes are gone: whoever dies in between, and whenever the store is away, the sweeper goes on.
 */
import type { OperationContext } from '#store/operation.ts'
import {
  type ImageRecord,
  isSamePlace,
  type LeavingData,
  namesPlace,
  type Place,
} from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'

/**
 * How long bytes are removed again and again whose bringer was given up: one who was only slow may still finish writing
 * them. Milliseconds.
 */
export const MAY_COME_BACK_MS = 24 * 3_600_000

/** The record, which names these places no more. */
export function leave(
  { stores, cluster }: Pick<Registry, 'stores' | 'cluster'>,
  image: ImageRecord,
  places: readonly (Place | undefined)[],
  until?: number,
): ImageRecord {
  const isRemembered = (place: Place): boolean =>
    place.store !== cluster.id && stores.find(place.store)?.access !== 'read_only'
  const leaving = places.filter(
    (place) => place !== undefined && isRemembered(place) && !namesPlace(image, place),
  ) as readonly Place[]
  if (leaving.length === 0) return image
  const others = (image.leaving ?? []).filter((one) => !leaving.some((place) => isSamePlace(place, one)))
  const remembered = leaving.map(({ store, key }): LeavingData => ({ store, key, until }))
  return { ...image, leaving: [...others, ...remembered] }
}

/** Every place of an import, an upload or a staging, one for each store. */
export function placesOf(data: Place | undefined): readonly Place[] {
  if (data === undefined || data.key === '') return []
  return data.store.split(',').map((store) => ({ store, key: data.key }))
}

/**
 * Removes the bytes from the places, which the record names no more, and what it remembers besides. Tells how many are still there;
 * the sweeper tries again.
 */
export async function removePlaces(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
  places: readonly (Place | undefined)[] = [],
): Promise<number> {
  const wanted = [...places, ...(image.leaving ?? [])].filter(
    (place, at, all): place is Place =>
      place !== undefined &&
      !namesPlace(image, place) &&
      all.findIndex((one) => isSamePlace(one, place)) === at,
  )
  const gone: Place[] = []
  for (const place of wanted) if (await removePlace(registry, context, place)) gone.push(place)
  await forget(registry, context, image, gone)
  const leftCount = wanted.length - gone.length
  if (leftCount > 0)
    context.log.warn({ image: image.id, leftCount }, 'bytes of an image are left to the sweeper')
  return leftCount
}

/** A store that is not configured any more holds what it holds. */
async function removePlace(
  { stores }: Registry,
  context: OperationContext,
  { store, key }: Place,
): Promise<boolean> {
  const found = stores.find(store)
  return found !== undefined && (await found.remove(context, key))
}

async function forget(
  { records, environment }: Registry,
  context: OperationContext,
  { id, leaving = [] }: ImageRecord,
  gone: readonly Place[],
): Promise<void> {
  const nowMs = environment.clock.wallMs()
  const isOver = ({ until, ...place }: LeavingData): boolean =>
    (until ?? 0) <= nowMs && gone.some((one) => isSamePlace(one, place))
  if (!leaving.some(isOver)) return
  const without = (image: ImageRecord): ImageRecord => {
    const { leaving: all = [], ...rest } = image
    const left = all.filter((one) => !isOver(one))
    return left.length === 0 ? rest : { ...rest, leaving: left }
  }
  const changed = await records.change(context, id, without, 'server')
  if (changed instanceof Refusal) context.log.warn({ image: id }, 'a record remembers bytes that are gone')
}
