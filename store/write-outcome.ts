/** What the answers of the storage servers to a write mean to the store. Pure. */

import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { statusesOf, type WriteAnswer } from '#cluster/fan-out-write.ts'
import type { Placement } from '#cluster/placement.ts'
import { bestStatus, majoritySize, NO_ANSWER } from '#cluster/quorum.ts'
import { headerOf } from '#http/message.ts'
import type { StoreFailure } from './failure.ts'

const INSUFFICIENT_STORAGE = 507
/** Longest text of a refusal that is passed on, characters. */
const REASON_LENGTH_MAX = 500

export interface Verdict {
  /** The status that a quorum of `replicas` stands for; 503 when none does. */
  readonly status: number
  /** Its first answer; `undefined` when there is no quorum. */
  readonly answer: WriteAnswer | undefined
}

/** A write that is over: what it came to, and the answers that came in time. */
export interface Written {
  readonly verdict: Verdict
  readonly answers: readonly WriteAnswer[]
}

export function verdictOf(
  answers: readonly WriteAnswer[],
  replicas: number,
  overrides?: ReadonlyMap<number, number>,
): Verdict {
  const status = bestStatus(statusesOf(answers), replicas, overrides)
  return { status, answer: answers.find((answer) => answer.status === status) }
}

/**
 * Has a quorum taken a write of an object that comes to nothing? Who stands in for a primary knows of nothing newer. When too
 * few primaries took it and one has something newer, that may have been acknowledged before this one began.
 */
export function isOvertaken(
  answers: readonly WriteAnswer[],
  { primaries }: Pick<Placement, 'primaries'>,
): boolean {
  if (!answers.some(({ status }) => status === 409)) return false
  const taken = answers.filter(({ node, status }) => {
    return status >= 200 && status < 300 && node !== undefined && primaries.includes(node)
  })
  return taken.length < majoritySize(primaries.length)
}

/** The failure that a refused or undecided write is, after the caller has picked out the statuses it knows better. */
export function failureOf({ status, answer }: Verdict, answers: readonly WriteAnswer[]): StoreFailure {
  if (status === 409) return { kind: 'conflict', newest: newestIn(answers) }
  if (status === 412) return { kind: 'precondition_failed', headers: {} }
  if (status === 413) return { kind: 'too_large', limitBytes: 0 }
  if (status === 422) return { kind: 'etag_mismatch' }
  if (status === 499) return { kind: 'client_gone' }
  if (status === 408) return { kind: 'client_timeout' }
  if (status !== NO_ANSWER && status >= 400 && status < 500) {
    return { kind: 'bad_request', reason: reasonOf(answer) }
  }
  const statuses = statusesOf(answers)
  if (statuses.length > 0 && statuses.every((one) => one === INSUFFICIENT_STORAGE))
    return { kind: 'no_space' }
  return { kind: 'unavailable', reason: `storage servers answered ${statuses.join(', ') || 'nothing'}` }
}

/** The newest timestamp that an answer of 409 named. */
export function newestIn(answers: readonly WriteAnswer[]): Timestamp | undefined {
  let newest: Timestamp | undefined
  for (const { status, headers } of answers) {
    if (status !== 409) continue
    const written = headerOf({ status, headers, body: undefined }, 'x-backend-timestamp')
    const timestamp = written === undefined ? undefined : parseTimestamp(written)
    if (timestamp !== undefined && (newest === undefined || timestamp > newest)) newest = timestamp
  }
  return newest
}

function reasonOf(answer: WriteAnswer | undefined): string {
  return (answer?.body.toString('utf8') ?? '').slice(0, REASON_LENGTH_MAX)
}
