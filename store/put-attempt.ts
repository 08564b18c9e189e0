/** What one attempt to store an object came to, by the answers of the copies. Pure. */

import { STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { WriteAnswer } from '#cluster/fan-out-write.ts'
import type { Placement } from '#cluster/placement.ts'
import { quorumSize } from '#cluster/quorum.ts'
import { headerOf } from '#http/message.ts'
import type { StoreFailure } from './failure.ts'
import { rowEvidence } from './row-evidence.ts'
import { failureOf, isOvertaken, newestIn, verdictOf } from './write-outcome.ts'

export interface Stored {
  readonly kind: 'stored'
  readonly answers: readonly WriteAnswer[]
  readonly etag: string
  readonly sizeBytes: number
}

/** Something as new was there; `again`: the body can be sent once more. */
export interface Overtaken {
  readonly kind: 'overtaken'
  readonly answers: readonly WriteAnswer[]
  readonly newest: Timestamp | undefined
  readonly again: 'possible' | 'impossible'
}

export type Attempt = Stored | Overtaken | StoreFailure

/** A container server disagreed, or none took the row. */
export function isDoubtful(answers: readonly WriteAnswer[]): boolean {
  const { applied, told } = rowEvidence(answers)
  if (told && applied === 0) return true
  return answers.some(
    ({ status, headers }) =>
      headerOf({ status, headers, body: undefined }, STATUS_CHANGED_AT_HEADER) !== undefined,
  )
}

export function judge(
  answers: readonly WriteAnswer[],
  placement: Pick<Placement, 'primaries'>,
  { etag, sizeBytes, again }: Pick<Stored, 'etag' | 'sizeBytes'> & Pick<Overtaken, 'again'>,
): Attempt {
  const verdict = verdictOf(answers, placement.primaries.length)
  const isTaken = verdict.status >= 200 && verdict.status < 300
  if (isTaken && !isOvertaken(answers, placement)) return { kind: 'stored', answers, etag, sizeBytes }
  // Some copies have it, others something newer: then, too, a later timestamp settles it.
  if (answers.some(({ status }) => status === 409))
    return { kind: 'overtaken', answers, newest: newestIn(answers), again }
  return failureOf(verdict, answers)
}

/** Nothing of the body was read. One copy that fails a condition is enough: the object is there. */
export function refusedBeforeBody(answers: readonly WriteAnswer[]): Attempt {
  const has = (status: number): boolean => answers.some((answer) => answer.status === status)
  if (has(412)) return { kind: 'precondition_failed', headers: {} }
  if (has(409)) return { kind: 'overtaken', answers, newest: newestIn(answers), again: 'possible' }
  const refusal = answers.find(({ status }) => status >= 400 && status < 500)
  if (refusal !== undefined) return failureOf({ status: refusal.status, answer: refusal }, answers)
  return failureOf({ status: 503, answer: undefined }, answers)
}

/**
 * What to tell of a write that is given up. A conflict means "it is there, or something newer", and whoever dictates the time
 * takes it for done. So what an earlier attempt at that very time has left on too few copies is none: replicas get there.
 */
export function conflictOf(
  { answers, newest }: Overtaken,
  { timestamp, copies }: { readonly timestamp: Timestamp; readonly copies: number },
): StoreFailure {
  if (newest !== timestamp || copiesAt(answers, timestamp) >= quorumSize(copies)) {
    return { kind: 'conflict', newest }
  }
  return { kind: 'unavailable', reason: 'an earlier attempt has left too few copies' }
}

/** Copies that have the write of this time, from now or from before. */
function copiesAt(answers: readonly WriteAnswer[], timestamp: Timestamp): number {
  return answers.filter(
    (answer) =>
      (answer.status >= 200 && answer.status < 300) ||
      (answer.status === 409 && newestIn([answer]) === timestamp),
  ).length
}

export function withLimit<Failure extends StoreFailure>(failure: Failure, limitBytes: number): StoreFailure {
  return failure.kind === 'too_large' ? { kind: 'too_large', limitBytes } : failure
}
