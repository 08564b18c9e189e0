/**
 * What the proposer of a conditional write may conclude from the answers of one round
 * (`docs/decisions/0005-conditional-writes.md`). Pure.
 *
 * A majority of promises holds a replica that knows what was chosen last: the accepted or committed candidate of the
 * latest ballot. If it is not visible yet and may have been chosen, it is finished before anything else; but not over a plain
 * write that came after its condition was judged, unless it is certain that it was chosen: that write may have been acknowledged.
 * A plain write needs no agreement, so the condition is held against the newest state that any replica or handoff has.
 */
import {
  type Acceptance,
  type Ballot,
  type Candidate,
  type CandidateId,
  FIRST_BALLOT,
  laterBallot,
  timeOf,
} from '#base/ballot.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { majoritySize } from './quorum.ts'

/** What one node has under the name, as a condition sees it. */
export interface SeenState {
  readonly kind: 'found' | 'absent'
  /** When it was put or deleted; zero when nothing was ever there. */
  readonly writtenAt: Timestamp
  /** The same, or when a later POST changed it. */
  readonly changedAt: Timestamp
  readonly etag: string | undefined
}

export type Condition = (state: SeenState) => boolean

/** What one node answered to a ballot. */
export interface PromiseAnswer<Node> {
  readonly node: Node
  readonly role: 'primary' | 'handoff'
  /** It promised. Handoffs never do. */
  readonly promised: boolean
  /** The latest ballot it has promised to anybody. */
  readonly ballot: Ballot
  /** A synced primary: its silence and its promise count. */
  readonly voter: boolean
  /** `undefined` when it has lost what it had. */
  readonly state: SeenState | undefined
  readonly accepted: Acceptance | undefined
  readonly committed: Acceptance | undefined
}

/** One's own candidate that was sent to somebody who may have accepted it. */
export interface Sent {
  readonly candidate: Candidate
  /** The latest ballot in which it was sent. */
  readonly ballot: Ballot
}

export type Judgement =
  /** The condition holds: propose, later than everything seen. */
  | { readonly kind: 'propose'; readonly newest: SeenState }
  /** This candidate comes first, whosever it is. */
  | { readonly kind: 'finish'; readonly acceptance: Acceptance; readonly choice: 'certain' | 'possible' }
  /** One's own candidate was chosen. */
  | { readonly kind: 'won'; readonly acceptance: Acceptance }
  /** The condition does not hold. */
  | { readonly kind: 'false'; readonly newest: SeenState }
  /** One's own candidate may have been chosen and overwritten since: nothing can be said. */
  | { readonly kind: 'doubtful' }
  /** Too few promises to judge by: try again with a later ballot. */
  | { readonly kind: 'again' }

export const NOTHING_SEEN: SeenState = {
  kind: 'absent',
  writtenAt: ZERO_TIMESTAMP,
  changedAt: ZERO_TIMESTAMP,
  etag: undefined,
}

/** `primaries`: how many there are. `sent`: one's own candidates that may have been accepted somewhere. */
export function judge<Node>(
  answers: readonly PromiseAnswer<Node>[],
  primaries: number,
  condition: Condition,
  sent: readonly Sent[],
): Judgement {
  const own = (id: CandidateId): boolean => sent.some(({ candidate }) => candidate.id === id)
  const won = answers.find(
    ({ committed }) => committed !== undefined && own(committed.candidate.id),
  )?.committed
  if (won !== undefined) return { kind: 'won', acceptance: won }
  const newest = newestState(answers)
  const needed = majoritySize(primaries)
  const knowing = answers.filter(({ voter, state }) => voter && state !== undefined)
  const holds = condition(newest)
  if (knowing.filter(({ promised }) => promised).length < needed) {
    const isFalse = knowing.length >= needed && sent.length === 0 && !holds && !isUnderWay(answers, newest)
    return isFalse ? { kind: 'false', newest } : { kind: 'again' }
  }
  const last = lastDecision(answers)
  if (last !== undefined && isPending(last, answers, newest)) {
    const { acceptance } = last
    const choice = choiceOf(acceptance.candidate.id, answers, newest, primaries)
    if (choice === 'certain' || (choice === 'possible' && newest.writtenAt <= acceptance.base)) {
      return { kind: 'finish', acceptance, choice }
    }
    if (choice === 'possible') return { kind: 'again' }
  }
  const chosen = lastCommitted(answers)
  if (holds) return mayProposeOnTop(sent, newest, chosen) ? { kind: 'propose', newest } : DOUBTFUL
  return areDead(sent, chosen) ? { kind: 'false', newest } : DOUBTFUL
}

const DOUBTFUL: Judgement = { kind: 'doubtful' }

/** Something may have been chosen that is later than all that is visible to a majority: somebody may have read it. */
function isUnderWay<Node>(answers: readonly PromiseAnswer<Node>[], newest: SeenState): boolean {
  return answers.some(
    ({ accepted }) => accepted !== undefined && timeOf(accepted.candidate.id) >= newest.writtenAt,
  )
}

interface LastDecision {
  readonly stage: 'accepted' | 'committed'
  readonly acceptance: Acceptance
}

/**
 * Must it come first? Also what only a replica has committed that cannot say what it has (one that was away for long): nobody
 * whose word counts shows it.
 */
function isPending<Node>(
  { stage, acceptance }: LastDecision,
  answers: readonly PromiseAnswer<Node>[],
  newest: SeenState,
): boolean {
  const time = timeOf(acceptance.candidate.id)
  if (stage === 'accepted') return time >= newest.writtenAt
  const isAccepted = answers.some(
    ({ promised, accepted }) => promised && accepted?.ballot === acceptance.ballot,
  )
  return isAccepted && time > newest.writtenAt
}

/**
 * Was it chosen? What anybody shows was. `impossible`: too many of those that promised say that they do not have it, and in its ballots they never
 * will; who proposes something else now need not finish it.
 */
function choiceOf<Node>(
  id: CandidateId,
  answers: readonly PromiseAnswer<Node>[],
  newest: SeenState,
  primaries: number,
): 'certain' | 'possible' | 'impossible' {
  const isVisible = newest.writtenAt === timeOf(id)
  if (isVisible || answers.some(({ committed }) => committed?.candidate.id === id)) return 'certain'
  const needed = majoritySize(primaries)
  const told = answers.filter(({ voter, promised, state }) => voter && promised && state !== undefined)
  const holders = told.filter(({ accepted }) => accepted?.candidate.id === id).length
  if (holders >= needed) return 'certain'
  return primaries - (told.length - holders) >= needed ? 'possible' : 'impossible'
}

/** What was made visible somewhere was chosen. */
function lastCommitted<Node>(answers: readonly PromiseAnswer<Node>[]): Acceptance | undefined {
  return answers.reduce<Acceptance | undefined>((last, { promised, committed }) => {
    if (!promised || committed === undefined) return last
    return last === undefined || committed.ballot > last.ballot ? committed : last
  }, undefined)
}

/** Of all that was accepted or committed, that of the latest ballot; in the same ballot there is only one candidate. */
function lastDecision<Node>(answers: readonly PromiseAnswer<Node>[]): LastDecision | undefined {
  let last: LastDecision | undefined
  for (const { promised, accepted, committed } of answers) {
    if (!promised) continue
    if (committed !== undefined && (last === undefined || committed.ballot >= last.acceptance.ballot)) {
      last = { stage: 'committed', acceptance: committed }
    }
    if (accepted !== undefined && (last === undefined || accepted.ballot > last.acceptance.ballot)) {
      last = { stage: 'accepted', acceptance: accepted }
    }
  }
  return last
}

/**
 * A candidate of one's own that is later than everything visible was not chosen before now, or it would be found; it is
 * proposed once more. An earlier one must be out of the way for good.
 */
function mayProposeOnTop(sent: readonly Sent[], newest: SeenState, chosen: Acceptance | undefined): boolean {
  return areDead(
    sent.filter(({ candidate }) => timeOf(candidate.id) <= newest.writtenAt),
    chosen,
  )
}

/**
 * None of the candidates was or will be chosen: in a later ballot than theirs something else was, and whoever proposed
 * that had seen nothing as new as they are.
 */
function areDead(sent: readonly Sent[], chosen: Acceptance | undefined): boolean {
  return sent.every(
    ({ candidate, ballot }) =>
      chosen !== undefined && chosen.ballot > ballot && chosen.base < timeOf(candidate.id),
  )
}

/** The newest that anybody has; a tombstone over data of the same time. */
export function newestState<Node>(answers: readonly PromiseAnswer<Node>[]): SeenState {
  let newest = NOTHING_SEEN
  let changedAt = ZERO_TIMESTAMP
  for (const { state } of answers) {
    if (state === undefined) continue
    if (state.changedAt > changedAt) changedAt = state.changedAt
    const isNewer = state.writtenAt > newest.writtenAt
    if (isNewer || (state.writtenAt === newest.writtenAt && state.kind === 'absent')) newest = state
  }
  return { ...newest, changedAt }
}

/** The latest ballot that anybody promised: the next one must be later. */
export function latestBallot<Node>(answers: readonly PromiseAnswer<Node>[]): Ballot {
  return answers.reduce((latest, { ballot }) => laterBallot(latest, ballot), FIRST_BALLOT)
}
