/** Conditions of writes, held against what is there. Pure. */
import type { Condition, SeenState } from '#cluster/conditional-rules.ts'
import { parseTags } from '#http/conditionals.ts'
import type { WriteCondition } from './condition.ts'

/** The condition as the agreement of the replicas judges it. */
export function conditionOf(condition: WriteCondition): Condition {
  if (condition.kind === 'absent') return ({ kind }) => kind === 'absent'
  if (condition.kind === 'unchanged') {
    const { writtenAt, changedAt } = condition
    return (seen) => seen.kind === 'found' && seen.writtenAt === writtenAt && seen.changedAt === changedAt
  }
  const wanted = parseTags(condition.etags)
  return ({ kind, etag }: SeenState) =>
    kind === 'found' && (wanted?.isAny === true || (etag !== undefined && wanted?.matches(etag) === true))
}

/** Where a condition finds the ETag (`X-Backend-Etag-Is-At`), for requests to object servers. */
export function etagIsAt(condition: WriteCondition): string | undefined {
  return condition.kind === 'matches' ? condition.etagIsAt : undefined
}
