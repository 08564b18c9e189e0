/**
 * What one replica may promise and accept of a name's conditional writes: the acceptor's half of the agreement
 * (`docs/decisions/0005-conditional-writes.md`). Pure; `conditional-writes.ts` makes the records durable before it answers.
 *
 * Invariants, for each name:
 *  - `promised` never goes back, and nothing is accepted in a ballot earlier than it.
 *  - Of `accepted` and `committed` the one of the later ballot is never forgotten while it could still matter.
 */
import {
  type Acceptance,
  type Ballot,
  type CandidateId,
  FIRST_BALLOT,
  lastBallotAt,
  laterBallot,
  timeOf,
} from '#base/ballot.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'

export interface PromiseRecord {
  /** No earlier ballot is heard any more. */
  readonly promised: Ballot
  /** A candidate that may have been chosen and is not visible here. */
  readonly accepted: Acceptance | undefined
  /** The candidate chosen last that became visible here, or would have but for something newer. */
  readonly committed: Acceptance | undefined
}

/**
 * An accepted candidate that nobody finished for so long is given up, seconds. Whoever proposed it has long told its
 * client that it does not know (`cluster/conditional-write.ts`: `PATIENCE_MS`), and one that was acknowledged is visible
 * on a majority.
 */
export const ACCEPTED_LIFE_SECONDS = 600
/** A promise, and what was committed last, are forgotten after so long: long after every accepted candidate. Seconds. */
export const PROMISE_LIFE_SECONDS = 3600

/** What is known of a name that no record tells of; `floor` is not earlier than any record that was forgotten. */
export function emptyRecord(floor: Ballot = FIRST_BALLOT): PromiseRecord {
  return { promised: floor, accepted: undefined, committed: undefined }
}

export type Vote =
  | { readonly kind: 'yes'; readonly record: PromiseRecord }
  /** A later ballot was promised: `record.promised`. */
  | { readonly kind: 'outvoted'; readonly record: PromiseRecord }
  /** Something newer than the base was written here since the condition was judged. */
  | { readonly kind: 'moved'; readonly record: PromiseRecord }

/** May the proposer of this ballot count on this replica? */
export function promise(record: PromiseRecord, ballot: Ballot): Vote {
  if (ballot < record.promised) return { kind: 'outvoted', record }
  return { kind: 'yes', record: { ...record, promised: ballot } }
}

/**
 * `proposed`: nobody knows whether it was chosen, so it does not cover what was written here since its condition was judged.
 * `chosen`: it was, and whoever saw that finishes it.
 */
export type AcceptMode = 'proposed' | 'chosen'

/** `newest`: when what is visible here was written or deleted; zero when nothing was. */
export function accept(
  record: PromiseRecord,
  acceptance: Acceptance,
  mode: AcceptMode,
  newest: Timestamp,
): Vote {
  const { ballot, candidate, base } = acceptance
  if (ballot < record.promised) return { kind: 'outvoted', record }
  const { committed } = record
  if (committed?.candidate.id === candidate.id) {
    return { kind: 'yes', record: { promised: ballot, accepted: undefined, committed: acceptance } }
  }
  if (mode === 'proposed' && (newest > base || newest >= timeOf(candidate.id)))
    return { kind: 'moved', record }
  return { kind: 'yes', record: { promised: ballot, accepted: acceptance, committed } }
}

/** The record after a chosen candidate became visible. A commit that comes late forgets nothing that is newer. */
export function committed(record: PromiseRecord, chosen: Acceptance): PromiseRecord {
  const { accepted } = record
  const last = record.committed
  return {
    promised: laterBallot(record.promised, chosen.ballot),
    accepted: accepted?.candidate.id === chosen.candidate.id ? undefined : accepted,
    committed: last === undefined || last.ballot < chosen.ballot ? chosen : last,
  }
}

/**
 * The record without an accepted candidate that has been waiting for too long. Ballots to come are later than that
 * candidate, so that nothing that is judged without knowing of it can be older.
 */
export function withoutAbandoned(record: PromiseRecord, now: Timestamp): PromiseRecord {
  const { accepted } = record
  if (accepted === undefined || ageSeconds(accepted.ballot, now) <= ACCEPTED_LIFE_SECONDS) return record
  const after = lastBallotAt(timeOf(accepted.candidate.id))
  return { ...record, promised: laterBallot(record.promised, after), accepted: undefined }
}

/**
 * The record without what a clock that was wrong has left in it: until that time had come, nobody could propose anything, and
 * no plain write would be taken before the candidate. Others refused such ballots, so that nothing was chosen in them.
 */
export function withoutFuture(record: PromiseRecord, now: Timestamp): PromiseRecord {
  const { promised, accepted } = record
  if (!isToCome(promised, now)) return record
  const isOfThen = accepted !== undefined && isToCome(accepted.ballot, now)
  return { ...record, promised: lastBallotAt(now), accepted: isOfThen ? undefined : accepted }
}

/** By more than clocks in order differ. */
function isToCome(ballot: Ballot, now: Timestamp): boolean {
  return ageSeconds(ballot, now) < -PROMISE_LIFE_SECONDS
}

/** Nothing in the record matters any more, besides that no earlier ballot may be heard. */
export function isForgettable(record: PromiseRecord, now: Timestamp): boolean {
  return record.accepted === undefined && ageSeconds(record.promised, now) > PROMISE_LIFE_SECONDS
}

/** Did this replica accept the candidate in some ballot, as far as it remembers? Then its no to another ballot is no denial. */
export function knows(record: PromiseRecord, id: CandidateId): boolean {
  return record.accepted?.candidate.id === id || hasCommitted(record, id)
}

/** Is this candidate the one that was made visible here last? */
export function hasCommitted(record: PromiseRecord, id: CandidateId): boolean {
  return record.committed?.candidate.id === id
}

function ageSeconds(ballot: Ballot, now: Timestamp): number {
  return (ticksOf(now) - ticksOf(timeOf(ballot))) / TICKS_PER_SECOND
}
