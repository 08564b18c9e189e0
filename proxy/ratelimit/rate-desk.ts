/**
 * When the next request of a key may go on, so that they keep to a rate: each takes a place in time behind the last one
 * (OpenStack Swift, `common/middleware/ratelimit.py`: `_get_sleep_time`). Asked at the key's desk (`store/desk/`), so that
 * the rate is that of the whole cluster.
 */

import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import type { Desk, Desks, Message } from '#store/desk/peer-desks.ts'

const SORT = 'rate'
/** Keys that are remembered; a forgotten one begins anew. */
const KEYS_MAX = 100_000

export interface RateQuestion {
  readonly key: string
  readonly perSecond: number
  /** A request that would have to wait so long is refused, milliseconds. */
  readonly maxWaitMs: number
  /** Time that a key may save up while it is quiet, milliseconds. */
  readonly bufferMs: number
}

export type Turn =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'refused'; readonly ms: number }

export class RateDesk {
  readonly #clock: Clock
  /** Until when the places of each key are taken, monotonic milliseconds. */
  readonly #takenUntilMs: AgingLru<number>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#takenUntilMs = new AgingLru(clock, KEYS_MAX)
  }

  /** For `PeerDesks`. */
  readonly answer: Desk = async (question) => {
    const read = readQuestion(question)
    return read === undefined ? undefined : { ...this.take(read) }
  }

  take({ key, perSecond, maxWaitMs, bufferMs }: RateQuestion): Turn {
    const nowMs = this.#clock.monotonicMs()
    const perRequestMs = 1000 / perSecond
    const before = this.#takenUntilMs.get(key) ?? Number.NEGATIVE_INFINITY
    const isQuiet = nowMs - (before + perRequestMs) > bufferMs
    const waitMs = isQuiet ? 0 : Math.max(before - nowMs, 0)
    if (maxWaitMs - waitMs <= MARGIN_MS) return { kind: 'refused', ms: waitMs }
    const until = isQuiet ? nowMs + perRequestMs : before + perRequestMs
    this.#takenUntilMs.set(key, until, maxWaitMs + bufferMs + perRequestMs)
    return { kind: 'wait', ms: waitMs }
  }
}

/** Waits that come so near the longest one are too long (Swift: a hundredth of its clock's second). */
const MARGIN_MS = 10

/** Asks the key's desk. Whoever cannot be asked holds nobody up. */
export async function askForTurn(desks: Desks, question: RateQuestion): Promise<Turn> {
  const answer = await desks.ask(`${SORT}/${question.key}`, { kind: SORT, ...question })
  const ms = Number(answer?.['ms'] ?? 0)
  return answer?.kind === 'refused' ? { kind: 'refused', ms } : { kind: 'wait', ms }
}

function readQuestion(message: Message): RateQuestion | undefined {
  const { kind, key, perSecond, maxWaitMs, bufferMs } = message
  const areNumbers = [perSecond, maxWaitMs, bufferMs].every((value) => typeof value === 'number')
  if (kind !== SORT || typeof key !== 'string' || !areNumbers || Number(perSecond) <= 0) return undefined
  return { key, perSecond: Number(perSecond), maxWaitMs: Number(maxWaitMs), bufferMs: Number(bufferMs) }
}
