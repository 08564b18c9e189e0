/**
 * What storage servers are told by layers whose objects stand for others: which stored headers mark such an object, so that
 * it is given whole for its range to be found elsewhere, and which hold the ETag that its readers see. Pure.
 */
import type { WriteCondition } from './condition.ts'
import type { ObjectReadOptions } from './contract.ts'

export interface StandIn {
  /** Stored headers that mark one, comma-separated. */
  readonly marks: string
  /** Stored headers that hold its ETag, comma-separated. */
  readonly etagIsAt: string
}

/** The options of a read that may meet one; only what the request makes storage servers ask is told them. */
export function meetingStandIns(options: ObjectReadOptions, { marks, etagIsAt }: StandIn): ObjectReadOptions {
  const { conditions } = options
  const isRanged = conditions['range'] !== undefined
  const isTagged = conditions['if-match'] !== undefined || conditions['if-none-match'] !== undefined
  if (!isRanged && !isTagged) return options
  return {
    ...options,
    ...(isRanged ? { wholeWith: listed(options.wholeWith, marks) } : {}),
    ...(isTagged ? { etagIsAt: listed(options.etagIsAt, etagIsAt) } : {}),
  }
}

/** The same write, its condition judged by the ETag that readers see. */
export function onShownEtag<Write extends { readonly condition?: WriteCondition | undefined }>(
  write: Write,
  { etagIsAt }: Pick<StandIn, 'etagIsAt'>,
): Write {
  const { condition } = write
  if (condition?.kind !== 'matches') return write
  return { ...write, condition: { ...condition, etagIsAt: listed(condition.etagIsAt, etagIsAt) } }
}

function listed(before: string | undefined, more: string): string {
  return before === undefined ? more : `${before},${more}`
}
