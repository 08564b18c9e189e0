/**
 * The contract of an engine's conditional writes: the replica's part in the agreement of the primaries
 * (`docs/decisions/0005-conditional-writes.md`). `conditional-writes.ts` is it, over whatever keeps records and bodies.
 *
 * When a call resolves with success, what it promised, accepted or made visible is durable. A candidate that was
 * accepted is no object: no reader, listing, digest or replica knows of it before it was committed.
 */
import type { Acceptance, Ballot, CandidateId } from '#base/ballot.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { AcceptMode, PromiseRecord } from './acceptor.ts'
import type { Changed, DiskFailed, ObjectContent, UpdatesOf } from './engine.ts'
import type { ObjectState } from './object-state.ts'
import type { StoredObject } from './stored-object.ts'

/** `told`: no promise was asked for. */
export interface Promised {
  readonly kind: 'promised' | 'outvoted' | 'told'
  readonly record: PromiseRecord
  /** What is visible, at the same moment. */
  readonly state: ObjectState
  readonly object: StoredObject | undefined
}

/** `body_needed`: it would accept, but does not have the body. */
export interface Accepted {
  readonly kind: 'accepted' | 'outvoted' | 'moved' | 'body_needed'
  readonly record: PromiseRecord
}

export interface AcceptRequest {
  readonly acceptance: Acceptance
  readonly mode: AcceptMode
}

export interface CommitCandidate {
  readonly acceptance: Acceptance
  readonly updates: UpdatesOf
}

export type Committed =
  | Changed
  /** It became visible before. */
  | { readonly kind: 'known' }
  /** Something newer is visible, and stays. */
  | { readonly kind: 'superseded' }
  /** It was never accepted here, or given up since. */
  | { readonly kind: 'unknown' }

export type OpenedCandidate =
  | { readonly kind: 'open'; readonly object: StoredObject; readonly content: ObjectContent }
  | { readonly kind: 'unknown' }

/** What a staged body is to be when it is committed. */
export interface StageRequest {
  readonly candidate: CandidateId
  readonly etag: string
  readonly contentType: string
  readonly headers: HeaderMap
}

export type Staged = { readonly kind: 'staged' } | DiskFailed

/** Names are `/account/container/object`, decoded. Bodies come through `ObjectWriter.stage`. */
export interface ConditionalEngine {
  /** Without a ballot it only tells. */
  promise(name: string, ballot: Ballot | undefined): Promise<Promised | DiskFailed>
  accept(name: string, request: AcceptRequest): Promise<Accepted | DiskFailed>
  commit(name: string, request: CommitCandidate): Promise<Committed | DiskFailed>
  /** The body of a candidate that was accepted here, for a replica that lacks it. */
  open(name: string, candidate: CandidateId): Promise<OpenedCandidate | DiskFailed>
}

/**
 * Candidates that were accepted and are not visible, by hash: plain writes must not slip in before them
 * (`ObjectWrites`). In memory, so that a plain write costs no look at the index.
 */
export type PendingCandidates = ReadonlyMap<string, Timestamp>

/** The time of the candidate that a plain write of this time would be lost behind; `undefined` when there is none. */
export function candidateAhead(
  pending: PendingCandidates,
  hash: string,
  timestamp: Timestamp,
): Timestamp | undefined {
  if (pending.size === 0) return undefined
  const candidate = pending.get(hash)
  return candidate !== undefined && timestamp <= candidate ? candidate : undefined
}
