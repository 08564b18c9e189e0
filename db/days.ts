/** Days, by which deleted rows and databases are kept and given up. */
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'

const SECONDS_PER_DAY = 86_400
const TICKS_PER_DAY = SECONDS_PER_DAY * TICKS_PER_SECOND

/** The day since the epoch on which a time lies. */
export function dayOf(timestamp: Timestamp): number {
  return Math.floor(ticksOf(timestamp) / TICKS_PER_DAY)
}

/** When a day begins, milliseconds since the epoch. */
export function startOfDayMs(day: number): number {
  return day * SECONDS_PER_DAY * 1000
}

/**
 * The first day whose deletions replicas must agree on, at this moment. Deletions are given up
 * a day later than they are no longer compared (`givenUpBefore`), because clocks differ.
 */
export function horizonDay(wallMs: number, reclaimAgeSeconds: number): number {
  return Math.floor((wallMs / 1000 - reclaimAgeSeconds) / SECONDS_PER_DAY)
}

/** Only deletions of days before this one may be given up. */
export function givenUpBefore(horizon: number): number {
  return horizon - 1
}
