/** How many requests a second a container of some size may have. Pure. */

/** From this many objects on, so many requests a second; between two steps the rate changes evenly. */
export interface RateStep {
  readonly objects: number
  readonly perSecond: number
}

/** Reads `100:20`: containers of 100 objects get 20 requests a second. `undefined` when it is written otherwise. */
export function parseRateStep(written: string): RateStep | undefined {
  const match = /^(\d{1,15}) ?[:=] ?(\d{1,9}(?:\.\d{1,6})?)$/.exec(written.trim())
  return match === null ? undefined : { objects: Number(match[1]), perSecond: Number(match[2]) }
}

/**
 * The rate for a container with so many objects; `undefined` for one that is smaller than the first step, or empty
 * (OpenStack Swift, `common/middleware/ratelimit.py`: `get_maxrate`). `steps` by size.
 */
export function rateFor(steps: readonly RateStep[], objects: number): number | undefined {
  if (objects === 0) return undefined
  const after = steps.findIndex((step) => step.objects > objects)
  const from = steps.at(after < 0 ? -1 : after - 1)
  if (from === undefined || after === 0) return undefined
  const to = after < 0 ? undefined : steps[after]
  if (to === undefined) return from.perSecond
  const slope = (to.perSecond - from.perSecond) / (to.objects - from.objects)
  return from.perSecond + (objects - from.objects) * slope
}
