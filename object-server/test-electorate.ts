/**
 * Replicas and handoffs of one name as a model: the real acceptor (`acceptor.ts`) on storage that is durable or not, and
 * a network that loses, delays, doubles and reorders messages on virtual time. The real proposer
 * (`#cluster/conditional-write.ts`) speaks to it.
 */
import type { Acceptance, Ballot, CandidateId } from '#base/ballot.ts'
import { FIRST_BALLOT, NONCE_BYTES, timeOf } from '#base/ballot.ts'
import type { Clock } from '#base/environment.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import type { Condition, PromiseAnswer, SeenState } from '#cluster/conditional-rules.ts'
import { NOTHING_SEEN } from '#cluster/conditional-rules.ts'
import {
  type AcceptAnswer,
  type CommitAnswer,
  type ConditionalOutcome,
  type Electorate,
  type Proposed,
  writeConditionally,
} from '#cluster/conditional-write.ts'
import {
  type AcceptMode,
  accept,
  committed,
  emptyRecord,
  hasCommitted,
  knows,
  type PromiseRecord,
  promise,
} from './acceptor.ts'

export interface Chaos {
  /** Messages lost, of a hundred; each way. */
  readonly lost: number
  /** Messages that come twice, of a hundred. */
  readonly doubled: number
  /** Longest way of a message, milliseconds. */
  readonly delayMs: number
}

export const CALM: Chaos = { lost: 0, doubled: 0, delayMs: 1 }

/** One node. What is not in `#lost` when it crashes was durable. */
export class ModelReplica {
  readonly role: 'primary' | 'handoff'
  up = true
  state: SeenState = NOTHING_SEEN
  record: PromiseRecord = emptyRecord()
  /** Bodies received; only that of the accepted candidate is durable. */
  bodies = new Set<CandidateId>()
  /** Candidates that were made visible here, for assertions. */
  readonly shown = new Set<CandidateId>()

  constructor(role: 'primary' | 'handoff') {
    this.role = role
  }

  crash(): void {
    this.up = false
    const accepted = this.record.accepted?.candidate.id
    this.bodies = new Set([...this.bodies].filter((id) => id === accepted))
  }

  promise(ballot: Ballot): Omit<PromiseAnswer<ModelReplica>, 'node' | 'role'> {
    const about = { voter: this.role === 'primary', state: this.state }
    if (this.role === 'handoff') {
      return { ...about, promised: false, ballot: FIRST_BALLOT, accepted: undefined, committed: undefined }
    }
    const vote = promise(this.record, ballot)
    this.record = vote.record
    const { promised, accepted, committed: last } = vote.record
    return { ...about, promised: vote.kind === 'yes', ballot: promised, accepted, committed: last }
  }

  accept(acceptance: Acceptance, mode: AcceptMode, body: 'with' | 'without'): AcceptAnswer {
    const { id } = acceptance.candidate
    if (body === 'with') this.bodies.add(id)
    const vote = accept(this.record, acceptance, mode, this.state.writtenAt)
    if (vote.kind === 'yes' && !this.bodies.has(id) && !hasCommitted(this.record, id)) {
      return { voter: true, vote: 'silent', ballot: undefined }
    }
    this.record = vote.record
    const no = knows(vote.record, id) ? 'silent' : 'no'
    return { voter: true, vote: vote.kind === 'yes' ? 'yes' : no, ballot: vote.record.promised }
  }

  commit(acceptance: Acceptance): CommitAnswer {
    const { id, kind } = acceptance.candidate
    if (hasCommitted(this.record, id)) return { voter: true, isVisible: true }
    if (!this.bodies.has(id)) return { voter: true, isVisible: false }
    const timestamp = timeOf(id)
    if (kind === 'data') this.write({ kind: 'found', writtenAt: timestamp, changedAt: timestamp, etag: id })
    else this.write({ kind: 'absent', writtenAt: timestamp, changedAt: timestamp, etag: undefined })
    this.record = committed(this.record, acceptance)
    this.shown.add(id)
    this.bodies.delete(id)
    return { voter: true, isVisible: true }
  }

  /** A plain write that is earlier than what was accepted would be lost behind it: it is told to come later. */
  plain(state: SeenState): 'written' | 'later' {
    const { accepted } = this.record
    if (accepted !== undefined && state.writtenAt <= timeOf(accepted.candidate.id)) return 'later'
    return this.write(state) ? 'written' : 'later'
  }

  write(state: SeenState): boolean {
    if (state.writtenAt <= this.state.writtenAt) return false
    this.state = state
    return true
  }
}

export class ModelCluster {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly chaos: Chaos
  readonly primaries: readonly ModelReplica[]
  readonly handoffs: readonly ModelReplica[]

  constructor(parts: {
    readonly clock: VirtualClock
    readonly random: SeededRandom
    readonly chaos: Chaos
    readonly primaries: number
  }) {
    this.clock = parts.clock
    this.random = parts.random
    this.chaos = parts.chaos
    this.primaries = Array.from({ length: parts.primaries }, () => new ModelReplica('primary'))
    this.handoffs = Array.from({ length: parts.primaries }, () => new ModelReplica('handoff'))
  }

  /** `undefined` when no answer came. */
  async send<Answer>(replica: ModelReplica, work: () => Answer): Promise<Answer | undefined> {
    const { lost, doubled } = this.chaos
    if (this.random.below(100) < doubled) void this.#arrive(replica, work)
    const answer = await this.#arrive(replica, work)
    await this.#travel()
    return this.random.below(100) < lost ? undefined : answer
  }

  /** The newest that anybody has, after everything is over. */
  newest(): SeenState {
    return [...this.primaries, ...this.handoffs].reduce<SeenState>(
      (newest, { state }) => (state.writtenAt > newest.writtenAt ? state : newest),
      NOTHING_SEEN,
    )
  }

  async #arrive<Answer>(replica: ModelReplica, work: () => Answer): Promise<Answer | undefined> {
    await this.#travel()
    return this.random.below(100) < this.chaos.lost || !replica.up ? undefined : work()
  }

  async #travel(): Promise<void> {
    await this.clock.sleep(this.random.below(this.chaos.delayMs + 1))
  }
}

export interface ModelWrite {
  readonly kind?: 'data' | 'tombstone'
  readonly condition: Condition
  /** The proposer stops for ever after so many messages. */
  readonly diesAfter?: number
  /** Told of each candidate before it is sent. */
  readonly onProposal?: (id: CandidateId) => void
}

/** A proxy with a clock of its own. */
export class ModelProxy {
  readonly #cluster: ModelCluster
  readonly #skewTicks: number
  #lastTicks = 0

  constructor(cluster: ModelCluster, skewMs = 0) {
    this.#cluster = cluster
    this.#skewTicks = (skewMs * TICKS_PER_SECOND) / 1000
  }

  next = async (): Promise<Timestamp> => {
    this.#lastTicks = Math.max(this.#wallTicks(), this.#lastTicks + 1)
    return timestampFromTicks(this.#lastTicks)
  }

  observe = (timestamp: Timestamp): void => {
    const ticks = Math.round(Number(timestamp) * TICKS_PER_SECOND)
    this.#lastTicks = Math.max(this.#lastTicks, ticks)
  }

  /** A conditional write; never resolves when the proxy dies on the way. */
  write(write: ModelWrite): Promise<ConditionalOutcome<CommitAnswer, never>> {
    const { clock, random } = this.#cluster
    return writeConditionally({
      clock: clock as Clock,
      random,
      timestamps: { next: this.next, observe: this.observe },
      electorate: new ModelElectorate(this.#cluster, write),
      kind: write.kind ?? 'data',
      condition: write.condition,
    })
  }

  /**
   * A plain PUT or DELETE with Swift's quorum, handoffs standing in; whether it was acknowledged, and whether by a majority of the
   * primaries.
   */
  async writePlainly(
    kind: 'found' | 'absent',
  ): Promise<{ readonly acknowledged: boolean; readonly byPrimaries: boolean; readonly state: SeenState }> {
    let state = await this.#plainState(kind)
    const { primaries } = this.#cluster
    for (let attempt = 0; ; attempt += 1) {
      const answers = await this.#plain(state)
      const written = answers.filter((answer) => answer === 'written').length
      const held = primaries.filter((primary) => primary.state.etag === state.etag).length
      const byPrimaries = kind === 'found' && held * 2 > primaries.length
      if (written >= Math.floor((primaries.length + 1) / 2)) return { acknowledged: true, byPrimaries, state }
      if (attempt > 0 || !answers.includes('later')) return { acknowledged: false, byPrimaries, state }
      for (const { state: seen, record } of this.#cluster.primaries) {
        this.observe(seen.writtenAt)
        if (record.accepted !== undefined) this.observe(timeOf(record.accepted.candidate.id))
      }
      state = await this.#plainState(kind)
    }
  }

  async #plainState(kind: 'found' | 'absent'): Promise<SeenState> {
    const writtenAt = await this.next()
    const etag =
      kind === 'found'
        ? `plain-${writtenAt}-${this.#cluster.random.bytes(NONCE_BYTES).toString('hex')}`
        : undefined
    return { kind, writtenAt, changedAt: writtenAt, etag }
  }

  #plain(state: SeenState): Promise<readonly ('written' | 'later' | undefined)[]> {
    const { primaries, handoffs } = this.#cluster
    return Promise.all(
      primaries.map(async (primary, at) => {
        const answer = await this.#cluster.send(primary, () => primary.plain(state))
        const handoff = handoffs[at] as ModelReplica
        return answer ?? (await this.#cluster.send(handoff, () => handoff.plain(state)))
      }),
    )
  }

  #wallTicks(): number {
    return Math.floor((this.#cluster.clock.wallMs() * TICKS_PER_SECOND) / 1000) + this.#skewTicks
  }
}

class ModelElectorate implements Electorate<ModelReplica, CommitAnswer, never> {
  readonly primaries: number
  readonly #cluster: ModelCluster
  readonly #onProposal: (id: CandidateId) => void
  #messagesLeft: number

  constructor(cluster: ModelCluster, { diesAfter, onProposal }: ModelWrite) {
    this.#cluster = cluster
    this.#onProposal = onProposal ?? (() => {})
    this.#messagesLeft = diesAfter ?? Number.POSITIVE_INFINITY
    this.primaries = cluster.primaries.length
  }

  askHandoffs(): Promise<readonly PromiseAnswer<ModelReplica>[]> {
    return this.#ask(this.#cluster.handoffs, FIRST_BALLOT)
  }

  async promise(
    ballot: Ballot,
  ): Promise<{ readonly answers: readonly PromiseAnswer<ModelReplica>[]; readonly support: 'all' }> {
    return { answers: await this.#ask(this.#cluster.primaries, ballot), support: 'all' }
  }

  async #ask(
    nodes: readonly ModelReplica[],
    ballot: Ballot,
  ): Promise<readonly PromiseAnswer<ModelReplica>[]> {
    const answers = await Promise.all(
      nodes.map(async (node) => {
        const answer = await this.#send(node, () => node.promise(ballot))
        return answer === undefined ? [] : [{ ...answer, node, role: node.role }]
      }),
    )
    return answers.flat()
  }

  async propose(acceptance: Acceptance): Promise<Proposed<never>> {
    this.#onProposal(acceptance.candidate.id)
    const answers = await this.#toPrimaries((node) => node.accept(acceptance, 'proposed', 'with'))
    return { kind: 'answered', answers: answers.map((answer) => answer ?? SILENT) }
  }

  async carry(
    acceptance: Acceptance,
    choice: 'certain' | 'possible',
    promises: readonly PromiseAnswer<ModelReplica>[],
  ): Promise<readonly AcceptAnswer[]> {
    const { id } = acceptance.candidate
    const holders = promises.filter(({ accepted }) => accepted?.candidate.id === id).map(({ node }) => node)
    const sources = await Promise.all(
      holders.map((node) => this.#send(node, () => node.bodies.has(id) || hasCommitted(node.record, id))),
    )
    const body = sources.includes(true) ? 'with' : 'without'
    const mode = choice === 'certain' ? 'chosen' : 'proposed'
    const answers = await this.#toPrimaries((node) => node.accept(acceptance, mode, body))
    return answers.map((answer) => answer ?? SILENT)
  }

  async commit(acceptance: Acceptance): Promise<readonly CommitAnswer[]> {
    const answers = await this.#toPrimaries((node) => node.commit(acceptance))
    return answers.filter((answer) => answer !== undefined)
  }

  #toPrimaries<Answer>(work: (node: ModelReplica) => Answer): Promise<(Answer | undefined)[]> {
    return Promise.all(this.#cluster.primaries.map((node) => this.#send(node, () => work(node))))
  }

  async #send<Answer>(node: ModelReplica, work: () => Answer): Promise<Answer | undefined> {
    if (this.#messagesLeft <= 0) return await new Promise<never>(() => {})
    this.#messagesLeft -= 1
    return await this.#cluster.send(node, work)
  }
}

const SILENT: AcceptAnswer = { voter: true, vote: 'silent', ballot: undefined }

export const ONLY_IF_ABSENT: Condition = ({ kind }) => kind === 'absent'
