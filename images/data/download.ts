/** Reads the bytes of an image: from the cache, or from the first of its places that has them; and on from another when that one breaks. */
import type { ByteRange } from '#http/ranges.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord, Place } from '../model/image-record.ts'
import type { Registry } from '../registry.ts'
import { resumedRead } from '../remote/resumed-read.ts'
import type { BytesRead } from './image-store.ts'

export interface Download {
  readonly range: ByteRange | undefined
  /** Ids of stores that are asked first, in order. */
  readonly prefer?: readonly string[] | undefined
}

/** `absent` when no place has them; `unavailable` when one could have them and cannot be asked. */
export async function openImage(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
  { range, prefer = [] }: Download,
): Promise<BytesRead> {
  const { cached } = image
  const isCached = cached?.state === 'cached' && prefer.length === 0
  const hit = isCached ? await registry.cluster.read(context, cached.key, range) : undefined
  if (hit?.kind === 'found') {
    registry.cacheUse.hit(registry, context, image)
    return hit
  }
  const { locations } = image
  const read = await openOriginal(registry, context, { locations: preferred(locations, prefer) }, range)
  const isElsewhere = !locations.some(({ store }) => store === registry.cluster.id)
  if (read.kind === 'found' && isElsewhere) registry.cacheUse.miss(registry, context, image)
  return read
}

function preferred(locations: ImageRecord['locations'], prefer: readonly string[]): ImageRecord['locations'] {
  const rank = ({ store }: Place): number => {
    const at = prefer.indexOf(store)
    return at < 0 ? prefer.length : at
  }
  return locations.toSorted((left, right) => rank(left) - rank(right))
}

/** From the image's own places, not from the cache. */
export async function openOriginal(
  registry: Registry,
  context: OperationContext,
  { locations }: Pick<ImageRecord, 'locations'>,
  range: ByteRange | undefined,
): Promise<BytesRead> {
  const first = await openFirst(registry, context, locations, range)
  if (first.kind !== 'found') return first
  const wanted = range ?? { start: 0, end: first.sizeBytes }
  let places = locations
  const reopen = (rest: ByteRange): Promise<BytesRead> => {
    // Whichever broke is asked last.
    places = [...places.slice(1), ...places.slice(0, 1)]
    return openFirst(registry, context, places, rest)
  }
  const { clock } = registry.environment
  const pause = (breaks: number): Promise<void> => clock.sleep(PAUSES_MS[breaks - 1] ?? 0, context.signal)
  const patience = { breaksMax: PAUSES_MS.length, pause }
  return { ...first, body: resumedRead(first.body, wanted, reopen, patience) }
}

/**
 * Before each try to go on where a download broke, milliseconds. Replicas that were too slow are set aside for a while: a
 * cluster that is busier than it can bear for some seconds must not break every download.
 */
const PAUSES_MS = [0, 1000, 2000, 4000, 8000, 15_000] as const

async function openFirst(
  { stores }: Registry,
  context: OperationContext,
  locations: ImageRecord['locations'],
  range: ByteRange | undefined,
): Promise<BytesRead> {
  let failed: BytesRead = { kind: 'absent' }
  for (const { store: id, key } of locations) {
    const read = await stores.find(id)?.read(context, key, range)
    if (read?.kind === 'found') return read
    // A store that is not configured (any more) may have them, too.
    if (read?.kind !== 'absent') failed = read ?? { kind: 'unavailable', reason: `store ${id} is not known` }
  }
  return failed
}
