/**
 * What a replica that wants read leases and the one that grants them say to each other: JSON in a `SYNC` request of kind
 * `lease` (`replication/messages.ts`).
 */

/** Ranges asked for in one request at most. */
export const ASKED_MAX = 1_024
const RANGES = 65_536
const NAME_LENGTH_MAX = 512

/** One of 65,536 ranges of hashes, and the digest of what whoever asks has in it: 32 hex digits. */
export type AskedRange = readonly [range: number, digest: string]

export interface LeaseRequest {
  /** Who wants to read, as the ring names it: `10.0.0.1:6200/d1`. */
  readonly holder: string
  /** Another one after every start of the holder. */
  readonly session: string
  /** The number of the last answer that it has acted on. */
  readonly seen: number
  readonly asked: readonly AskedRange[]
}

export interface LeaseAnswer {
  /** Another one when what was granted before counts no more. */
  readonly epoch: string
  readonly number: number
  /** Ranges in which something changed at the granter. */
  readonly revoked: readonly number[]
  /** Of those asked for. */
  readonly granted: readonly number[]
}

/** `undefined` for what is no such request. */
export function parseLeaseRequest(written: unknown): LeaseRequest | undefined {
  const { holder, session, seen, asked } = membersOf<LeaseRequest>(written)
  if (!isName(holder) || !isName(session) || !isCount(seen)) return undefined
  if (!Array.isArray(asked) || asked.length > ASKED_MAX || !asked.every(isAsked)) return undefined
  return { holder, session, seen, asked }
}

/** `undefined` for what is no such answer. */
export function parseLeaseAnswer(written: unknown): LeaseAnswer | undefined {
  const { epoch, number, revoked, granted } = membersOf<LeaseAnswer>(written)
  if (!isName(epoch) || !isCount(number) || !isRanges(revoked) || !isRanges(granted)) return undefined
  return { epoch, number, revoked, granted }
}

function membersOf<Message>(written: unknown): Partial<Record<keyof Message, unknown>> {
  return typeof written === 'object' && written !== null ? written : {}
}

function isAsked(one: unknown): one is AskedRange {
  return Array.isArray(one) && one.length === 2 && isRange(one[0]) && typeof one[1] === 'string'
}

function isRanges(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= RANGES && value.every(isRange)
}

function isRange(value: unknown): value is number {
  return isCount(value) && value < RANGES
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX
}
