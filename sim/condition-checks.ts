/**
 * What must hold of conditional writes beside plain ones, as far as it is certain what was there: what a majority had
 * acknowledged before, and nobody could have changed since.
 */
import type { WriteCondition } from '#store/condition.ts'
import { CLOCKS_APART_MS } from './clocks.ts'
import type { Attempt, ClientWrite, ObjectHistory } from './history.ts'
import type { Solid } from './read-checks.ts'
import { Violation } from './violation.ts'

/** What clients may ask for. */
export type ClientCondition = Exclude<WriteCondition, { readonly kind: 'unchanged' }>

interface Circumstances {
  readonly condition: ClientCondition
  readonly solid: Solid
  readonly wallMs: number
}

/** A write that was done found what it asked for. */
export function checkCondition(
  object: ObjectHistory,
  write: ClientWrite,
  { condition, solid, wallMs }: Circumstances,
): void {
  const before = object.acknowledged(write.startedMs, solid)
  if (before === undefined || others(object, write).some((one) => mayFulfil(one, before, condition))) return
  if (condition.kind === 'absent' && object.mayHaveExpired(before.timestamp, wallMs + CLOCKS_APART_MS)) return
  throw new Violation(
    'condition_ignored',
    `${object.path}: write ${write.id} was made on condition "${condition.kind}", but ${before.method} of write ${before.write.id} at ${before.timestamp} was what was there`,
    [object.path],
  )
}

/** Could this version have been there and be what the condition asks for? */
function mayFulfil(one: Attempt, before: Attempt, condition: ClientCondition): boolean {
  if (one.timestamp < before.timestamp) return false
  return condition.kind === 'absent'
    ? one.method === 'DELETE'
    : one.method === 'PUT' && condition.etags.includes(one.write.etag)
}

/** A write that was refused, refused for a reason. */
export function checkRefusal(
  object: ObjectHistory,
  write: ClientWrite,
  { condition, solid, wallMs }: Circumstances,
): void {
  const before = object.acknowledged(write.startedMs, solid)
  const later = others(object, write).filter(
    (one) =>
      one !== before && one.method !== 'POST' && (before === undefined || one.timestamp >= before.timestamp),
  )
  if (later.some((one) => mayRefuse(one, condition))) return
  if (before === undefined ? condition.kind === 'matches' : mayRefuse(before, condition)) return
  if (condition.kind === 'matches') {
    if (before === undefined || object.mayHaveExpired(before.timestamp, wallMs + CLOCKS_APART_MS)) return
  }
  throw new Violation(
    'refused_for_nothing',
    `${object.path}: write ${write.id} on condition "${condition.kind}" was refused, but nothing else than ${before?.method ?? 'nothing'} of ${before?.timestamp ?? 'ever'} could be there`,
    [object.path],
  )
}

/** Is this version one that the condition does not hold of? */
function mayRefuse(one: Attempt, condition: ClientCondition): boolean {
  if (condition.kind === 'absent') return one.method === 'PUT'
  return one.method === 'DELETE' || !condition.etags.includes(one.write.etag)
}

/** What others had sent by the end of this write. */
function others(object: ObjectHistory, write: ClientWrite): readonly Attempt[] {
  return object.attempts.filter((one) => one.write !== write && one.sentMs <= write.endedMs)
}
