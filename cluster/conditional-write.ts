/**
 * The proposer of a conditional write: rounds of promise, proposal and commit until the outcome is certain
 * (`docs/decisions/0005-conditional-writes.md`).
 *
 *  - `committed` is said only when a majority of the synced primaries has made the candidate visible.
 *  - `condition_false` is said only when the condition was false, and nothing of ours was or will be chosen.
 *  - Everything else is tried again with a later ballot, after a while that chance decides, and is `undecided` in the end.
 *
 * It may stop at any step, for ever: whoever comes next finishes or drops what it left. It knows nothing of the network
 * (`conditional-nodes.ts` does), so that the model in `object-server/conditional-model.test.ts` runs it as it is.
 */
import {
  type Acceptance,
  type Ballot,
  ballotOf,
  type Candidate,
  candidateIdOf,
  NONCE_BYTES,
  timeOf,
} from '#base/ballot.ts'
import type { Environment } from '#base/environment.ts'
import type { Timestamp } from '#base/timestamp.ts'
import {
  type Condition,
  judge,
  latestBallot,
  newestState,
  type PromiseAnswer,
  type SeenState,
  type Sent,
} from './conditional-rules.ts'
import { majoritySize } from './quorum.ts'

/** How long a proposer keeps trying, from its start and again from when its body was sent, milliseconds. */
export const PATIENCE_MS = 15_000
/** The longest pause before the next round, at first and at most, milliseconds. It doubles each time. */
const FIRST_PAUSE_MS = 25
const LAST_PAUSE_MS = 1500

export interface AcceptAnswer {
  /** A synced primary: its yes counts. */
  readonly voter: boolean
  /**
   * `no` is for ever: it has not accepted this in this ballot, and never will. `silent`: it may have.
   */
  readonly vote: 'yes' | 'no' | 'silent'
  /** The latest ballot it has promised, when it said so. */
  readonly ballot: Ballot | undefined
}

export interface CommitAnswer {
  readonly voter: boolean
  /** The candidate is visible there, or something newer is that came after it. */
  readonly isVisible: boolean
}

export type Proposed<Failure> =
  | { readonly kind: 'answered'; readonly answers: readonly AcceptAnswer[] }
  /** The body is gone, or was never good: nobody has accepted anything of it. */
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface Promises<Node> {
  readonly answers: readonly PromiseAnswer<Node>[]
  /** A primary speaks Swift's dialect alone. */
  readonly support: 'all' | 'missing'
}

/** The replicas of one name, as the proposer speaks to them. Nothing of it rejects for what nodes or networks do. */
export interface Electorate<Node, Commit extends CommitAnswer, Failure> {
  readonly primaries: number
  /**
   * What every handoff that can be reached has. They are asked before the ballot is taken: one that is slow to answer
   * must not make a round so long that others outbid it.
   */
  askHandoffs(): Promise<readonly PromiseAnswer<Node>[]>
  /** The answers of the primaries. */
  promise(ballot: Ballot): Promise<Promises<Node>>
  /** Sends one's own candidate, the body with it where it is missing. */
  propose(acceptance: Acceptance): Promise<Proposed<Failure>>
  /** Brings a candidate that some have to the others, whoever proposed it. `certain`: it was chosen, so nothing may refuse it. */
  carry(
    acceptance: Acceptance,
    choice: 'certain' | 'possible',
    promises: readonly PromiseAnswer<Node>[],
  ): Promise<readonly AcceptAnswer[]>
  commit(acceptance: Acceptance): Promise<readonly Commit[]>
}

export interface ConditionalWriteOptions<Node, Commit extends CommitAnswer, Failure> {
  readonly clock: Environment['clock']
  readonly random: Environment['random']
  /** The hybrid clock of this proxy. */
  readonly timestamps: { next(): Promise<Timestamp>; observe(timestamp: Timestamp): void }
  readonly electorate: Electorate<Node, Commit, Failure>
  readonly kind: Candidate['kind']
  readonly condition: Condition
  readonly patienceMs?: number
}

export type ConditionalOutcome<Commit, Failure> =
  | {
      readonly kind: 'committed'
      readonly timestamp: Timestamp
      readonly answers: readonly Commit[]
    }
  | { readonly kind: 'condition_false'; readonly newest: SeenState }
  /** What is there is later than this proxy's clock may go. */
  | { readonly kind: 'overtaken'; readonly newest: Timestamp }
  | { readonly kind: 'undecided'; readonly reason: string }
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** Carries one conditional write to its end. Rejects only for our own bugs, or when the clock can give no time. */
export function writeConditionally<Node, Commit extends CommitAnswer, Failure>(
  options: ConditionalWriteOptions<Node, Commit, Failure>,
): Promise<ConditionalOutcome<Commit, Failure>> {
  return new Proposer(options).run()
}

/** `next`: another round is needed, after a pause or at once. */
type Step<Commit, Failure> =
  | ConditionalOutcome<Commit, Failure>
  | { readonly kind: 'next'; readonly after: 'pause' | 'nothing'; readonly why: string }

class Proposer<Node, Commit extends CommitAnswer, Failure> {
  readonly #options: ConditionalWriteOptions<Node, Commit, Failure>
  readonly #electorate: Electorate<Node, Commit, Failure>
  readonly #needed: number
  /** Own candidates that somebody may have accepted. */
  #sent: Sent[] = []
  #deadlineMs: number
  #pauseMs = FIRST_PAUSE_MS

  constructor(options: ConditionalWriteOptions<Node, Commit, Failure>) {
    this.#options = options
    this.#electorate = options.electorate
    this.#needed = majoritySize(options.electorate.primaries)
    this.#deadlineMs = this.#fromNow()
  }

  async run(): Promise<ConditionalOutcome<Commit, Failure>> {
    for (;;) {
      const step = await this.#round()
      if (step.kind !== 'next') return step
      const { clock, random } = this.#options
      if (clock.monotonicMs() >= this.#deadlineMs) return { kind: 'undecided', reason: step.why }
      if (step.after === 'nothing') continue
      await clock.sleep(1 + random.below(this.#pauseMs))
      this.#pauseMs = Math.min(LAST_PAUSE_MS, this.#pauseMs * 2)
    }
  }

  async #round(): Promise<Step<Commit, Failure>> {
    const { timestamps, random, condition } = this.#options
    const handoffs = await this.#electorate.askHandoffs()
    const ballot = ballotOf(await timestamps.next(), random.bytes(NONCE_BYTES))
    const { answers: promises, support } = await this.#electorate.promise(ballot)
    if (support === 'missing') return { kind: 'unsupported' }
    const answers = [...promises, ...handoffs]
    timestamps.observe(timeOf(latestBallot(answers)))
    timestamps.observe(newestState(answers).changedAt)
    const judgement = judge(answers, this.#electorate.primaries, condition, this.#sent)
    switch (judgement.kind) {
      case 'won':
        return await this.#commit(judgement.acceptance)
      case 'finish':
        return await this.#finish({ ...judgement.acceptance, ballot }, judgement.choice, answers)
      case 'propose':
        return await this.#propose(ballot, judgement.newest)
      case 'false':
        return { kind: 'condition_false', newest: judgement.newest }
      case 'doubtful':
        return { kind: 'undecided', reason: 'the write may have been made and overwritten' }
      case 'again':
        return again('too few replicas promised to judge by')
    }
  }

  async #propose(ballot: Ballot, newest: SeenState): Promise<Step<Commit, Failure>> {
    const candidate = this.#standing(newest) ?? (await this.#newCandidate())
    if (timeOf(candidate.id) <= newest.changedAt && timeOf(candidate.id) <= newest.writtenAt) {
      return { kind: 'overtaken', newest: newest.writtenAt }
    }
    const acceptance: Acceptance = { ballot, candidate, base: newest.writtenAt }
    const before = this.#sent
    this.#sent = [...before.filter((one) => one.candidate.id !== candidate.id), { candidate, ballot }]
    const proposed = await this.#electorate.propose(acceptance)
    this.#deadlineMs = Math.max(this.#deadlineMs, this.#bodySent(before))
    if (proposed.kind === 'failed') return proposed
    const { answers } = proposed
    if (this.#isChosen(answers)) return await this.#commit(acceptance)
    // Nobody has it, and nobody ever will in this ballot: as if it had not been sent.
    if (answers.every(({ vote }) => vote === 'no')) this.#sent = before
    this.#learn(answers)
    return again('too few replicas accepted')
  }

  /** One's own candidate that can be proposed once more: later than all that is visible. */
  #standing(newest: SeenState): Candidate | undefined {
    const last = this.#sent.at(-1)?.candidate
    return last !== undefined && timeOf(last.id) > newest.writtenAt ? last : undefined
  }

  async #newCandidate(): Promise<Candidate> {
    const { timestamps, random, kind } = this.#options
    return { id: candidateIdOf(await timestamps.next(), random.bytes(NONCE_BYTES)), kind }
  }

  async #finish(
    acceptance: Acceptance,
    choice: 'certain' | 'possible',
    promises: readonly PromiseAnswer<Node>[],
  ): Promise<Step<Commit, Failure>> {
    const { candidate, ballot } = acceptance
    const isOwn = this.#sent.some((one) => one.candidate.id === candidate.id)
    if (isOwn)
      this.#sent = this.#sent.map((one) => (one.candidate.id === candidate.id ? { candidate, ballot } : one))
    const answers = await this.#electorate.carry(acceptance, choice, promises)
    this.#learn(answers)
    if (!this.#isChosen(answers)) return again('what another had begun could not be finished')
    if (isOwn) return await this.#commit(acceptance)
    await this.#electorate.commit(acceptance)
    return { kind: 'next', after: 'nothing', why: 'other writes came first' }
  }

  /** It is chosen; it is ours to say so once a majority shows it. */
  async #commit(acceptance: Acceptance): Promise<Step<Commit, Failure>> {
    const answers = await this.#electorate.commit(acceptance)
    const visible = answers.filter(({ voter, isVisible }) => voter && isVisible).length
    if (visible < this.#needed) return again('too few replicas made the write visible')
    return { kind: 'committed', timestamp: timeOf(acceptance.candidate.id), answers }
  }

  #isChosen(answers: readonly AcceptAnswer[]): boolean {
    return answers.filter(({ voter, vote }) => voter && vote === 'yes').length >= this.#needed
  }

  #learn(answers: readonly AcceptAnswer[]): void {
    for (const { ballot } of answers)
      if (ballot !== undefined) this.#options.timestamps.observe(timeOf(ballot))
  }

  /** The first time a body was sent, the time for it does not count. */
  #bodySent(before: readonly Sent[]): number {
    return before.length === 0 ? this.#fromNow() : 0
  }

  #fromNow(): number {
    return this.#options.clock.monotonicMs() + (this.#options.patienceMs ?? PATIENCE_MS)
  }
}

function again(why: string): { readonly kind: 'next'; readonly after: 'pause'; readonly why: string } {
  return { kind: 'next', after: 'pause', why }
}
