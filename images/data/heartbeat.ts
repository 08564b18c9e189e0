/** While bytes of an image come in, or are copied into the cache, its record says from time to time that somebody is at it. */
import type { Timer } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { onItsOwn, type Registry } from '../registry.ts'

/** How often, milliseconds. */
const BEAT_MS = 30_000
/** After so long a silence nobody is. Milliseconds; several beats may be late, or lost. */
export const SILENCE_MS = 5 * 60_000

/** Does the work, and says so for as long as it takes. */
export async function keepingAlive<Result>(
  registry: Registry,
  context: OperationContext,
  id: string,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const { clock } = registry.environment
  const own = onItsOwn(context)
  let timer: Timer | undefined
  const beat = (): void => {
    timer = clock.setTimer(BEAT_MS, () => {
      void registry.records
        .change(own, id, (image) => alive(image, key, clock.wallMs()), 'server')
        .catch(() => {})
      beat()
    })
  }
  beat()
  try {
    return await work()
  } finally {
    timer?.cancel()
  }
}

function alive(image: ImageRecord, key: string, nowMs: number): ImageRecord {
  const { pending, cached } = image
  if (pending?.key === key) return { ...image, pending: { ...pending, aliveAt: nowMs } }
  const isFilling = cached?.state === 'queued' && cached.key === key
  return isFilling ? { ...image, cached: { ...cached, at: nowMs } } : image
}
