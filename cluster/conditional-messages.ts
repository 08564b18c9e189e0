/** What object servers answer to PROMISE, ACCEPT, COMMIT and the PUT of a candidate. Pure. */
import { FIRST_BALLOT, parseAcceptance, parseBallot } from '#base/ballot.ts'
import {
  ACCEPTED_HEADER,
  BALLOT_HEADER,
  COMMITTED_HEADER,
  REPLICA_STATE_HEADER,
  STATE_HEADER,
  VOTE_HEADER,
} from '#base/extensions.ts'
import { parseTimestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { unquoted } from '#http/conditionals.ts'
import { headerOf, type Response } from '#http/message.ts'
import type { PromiseAnswer, SeenState } from './conditional-rules.ts'
import type { AcceptAnswer, CommitAnswer } from './conditional-write.ts'
import type { WriteAnswer } from './fan-out-write.ts'
import type { StorageNode } from './storage-node.ts'

type Headers = Response['headers']

/** `undefined` when nothing can be learnt from it. */
export function promiseAnswer(
  node: StorageNode,
  role: 'primary' | 'handoff',
  { status, headers }: Pick<Response, 'status' | 'headers'>,
): PromiseAnswer<StorageNode> | undefined {
  if (status !== 200 && status !== 202 && status !== 409) return undefined
  return {
    node,
    role,
    promised: status === 202,
    ballot: parseBallot(textIn(headers, BALLOT_HEADER)) ?? FIRST_BALLOT,
    voter: role === 'primary' && isSynced(headers),
    state: stateIn(headers),
    accepted: parseAcceptance(textIn(headers, ACCEPTED_HEADER)),
    committed: parseAcceptance(textIn(headers, COMMITTED_HEADER)),
  }
}

function stateIn(headers: Headers): SeenState | undefined {
  const kind = textIn(headers, STATE_HEADER)
  if (kind !== 'found' && kind !== 'absent') return undefined
  const writtenAt = timestampIn(headers, 'x-backend-data-timestamp')
  const changedAt = timestampIn(headers, 'x-backend-timestamp')
  const etag = textIn(headers, 'etag')
  return { kind, writtenAt, changedAt, etag: etag === undefined ? undefined : unquoted(etag) }
}

/** Whose vote it is; `undefined` for one that never came. */
export interface NodeVote extends AcceptAnswer {
  readonly node: StorageNode | undefined
}

/** `body`: it would say yes, but for the body. */
export type BodyVote = Omit<NodeVote, 'vote'> & { readonly vote: AcceptAnswer['vote'] | 'body' }

export function acceptAnswer({ status, headers, node }: WriteAnswer): BodyVote {
  const voter = isSynced(headers)
  const ballot = parseBallot(textIn(headers, BALLOT_HEADER))
  const said = textIn(headers, VOTE_HEADER)
  if (status === 202 && said === 'yes') return { node, voter, vote: 'yes', ballot }
  if (status === 409 && (said === 'no' || said === 'body')) return { node, voter, vote: said, ballot }
  // What refuses the request itself never came to a vote.
  return { node, voter, vote: isRefusal(status) ? 'no' : 'silent', ballot }
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 409 && status !== 408
}

/** How a proposal without its body ended: a missing body is no denial. */
export function withoutBodyVotes(votes: readonly BodyVote[]): readonly NodeVote[] {
  return votes.map((vote) => ({ ...vote, vote: vote.vote === 'body' ? 'silent' : vote.vote }))
}

export interface CommitVote extends CommitAnswer {
  readonly answer: WriteAnswer
}

export function commitAnswer(answer: WriteAnswer): CommitVote {
  const { status, headers } = answer
  return { voter: isSynced(headers), isVisible: status >= 200 && status < 300, answer }
}

function isSynced(headers: Headers): boolean {
  return textIn(headers, REPLICA_STATE_HEADER) === 'synced'
}

function textIn(headers: Headers, name: string): string | undefined {
  return headerOf({ status: 200, headers, body: undefined }, name)
}

function timestampIn(headers: Headers, name: string): SeenState['writtenAt'] {
  return parseTimestamp(textIn(headers, name) ?? '') ?? ZERO_TIMESTAMP
}
