/** What PUT, ACCEPT and COMMIT of a candidate say in their headers, and the answer to the first two. */
import { answer, textAnswer } from '#backend/answers.ts'
import { Refusal } from '#backend/refusal.ts'
import { type Acceptance, type CandidateId, parseAcceptance, timeOf } from '#base/ballot.ts'
import { BALLOT_HEADER, CARRIED_HEADER, PROPOSAL_HEADER, VOTE_HEADER } from '#base/extensions.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { type AcceptMode, knows } from '../acceptor.ts'
import type { Accepted } from '../conditional.ts'

export interface Proposal {
  readonly acceptance: Acceptance
  readonly mode: AcceptMode
}

/** The time of the request must be that of the candidate: it is held to the rule of all timestamps. */
export function proposalIn(headers: HeaderMap): Proposal | Refusal {
  const acceptance = parseAcceptance(headers[PROPOSAL_HEADER])
  if (acceptance === undefined) return new Refusal(textAnswer(400, 'Invalid proposal'))
  if (timeOf(acceptance.candidate.id) !== headers['x-timestamp']) {
    return new Refusal(textAnswer(400, 'X-Timestamp is not that of the candidate'))
  }
  return { acceptance, mode: headers[CARRIED_HEADER] === 'certain' ? 'chosen' : 'proposed' }
}

/** 202 for a yes, 409 for everything else. */
export function voteAnswer({ kind, record }: Accepted, candidate: CandidateId): Response {
  if (kind === 'accepted') return answer(202, { [VOTE_HEADER]: 'yes', [BALLOT_HEADER]: record.promised })
  const no = knows(record, candidate) ? 'silent' : 'no'
  return answer(409, {
    [VOTE_HEADER]: kind === 'body_needed' ? 'body' : no,
    [BALLOT_HEADER]: record.promised,
  })
}
