/**
 * `X-Timestamp`: the one time of an operation, taken by the proxy, by which every replica orders it. Texts as Swift's
 * (`common/swob.py`, `Request.timestamp`); refusing times far ahead is ours, because one wild clock would otherwise make
 * names that nobody can overwrite.
 */
import type { Clock } from '#base/environment.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import {
  parseTimestamp,
  TICKS_PER_SECOND,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
} from '#base/timestamp.ts'
import type { Request } from '#http/message.ts'
import { textAnswer } from './answers.ts'
import { Refusal } from './refusal.ts'

export interface TimestampRules {
  readonly clock: Clock
  /** Timestamps further ahead of our clock than this are refused, seconds. */
  readonly aheadSecondsMax?: number
}

/** The request's timestamp, or a refusal with 400 when it is missing, malformed or too far ahead. */
export function requestTimestamp(request: Request, rules: TimestampRules): Timestamp | Refusal {
  const written = request.headers['x-timestamp']
  if (written === undefined) return refuse('Missing X-Timestamp header')
  const timestamp = parseTimestamp(written)
  if (timestamp === undefined) return refuse('Invalid X-Timestamp header')
  const aheadMax = rules.aheadSecondsMax ?? MAX_CLOCK_AHEAD_SECONDS
  if (ticksOf(timestamp) > nowTicks(rules.clock) + aheadMax * TICKS_PER_SECOND) {
    return refuse(`X-Timestamp ${timestamp} is more than ${aheadMax} seconds ahead of this server's clock`)
  }
  return timestamp
}

/** Now, as a timestamp. For what a storage server stamps by itself, never for an operation of a client. */
export function timestampNow(clock: Clock): Timestamp {
  return timestampFromTicks(nowTicks(clock))
}

function nowTicks(clock: Clock): number {
  return Math.floor((clock.wallMs() * TICKS_PER_SECOND) / 1000)
}

function refuse(text: string): Refusal {
  return new Refusal(textAnswer(400, text))
}
