/**
 * The primaries and handoffs of an object, as the proposer of a conditional write (`conditional-write.ts`) speaks to
 * them. Only primaries vote; every handoff that can be reached is asked what it has. Nobody is sent a candidate who has
 * not said that it knows what one is: a server of another make would take it for an object.
 */
import { type Acceptance, type Ballot, formatAcceptance, timeOf } from '#base/ballot.ts'
import type { Environment } from '#base/environment.ts'
import {
  BALLOT_HEADER,
  CARRIED_HEADER,
  INCOMPLETE_HEADER,
  PROMISES_CAPABILITY,
  PROPOSAL_HEADER,
} from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { discard, EMPTY_BODY, type HeaderMap } from '#http/message.ts'
import {
  type BodyFailure,
  type BodyTrip,
  type CandidateBody,
  SILENT,
  sendBody,
  votingRules,
} from './conditional-body.ts'
import { copyCandidate } from './conditional-copy.ts'
import {
  acceptAnswer,
  type BodyVote,
  type CommitVote,
  commitAnswer,
  type NodeVote,
  promiseAnswer,
  withoutBodyVotes,
} from './conditional-messages.ts'
import type { PromiseAnswer } from './conditional-rules.ts'
import type { AcceptAnswer, Electorate, Promises, Proposed } from './conditional-write.ts'
import { fanOutWrite, type WaitRules, type WriteAnswer } from './fan-out-write.ts'
import { gather } from './gather.ts'
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'
import { majoritySize } from './quorum.ts'
import type { StorageNode } from './storage-node.ts'

export interface ConditionalName {
  readonly client: NodeClient
  readonly random: Environment['random']
  readonly placement: Placement
  readonly path: string
  /** On every request: transaction, policy, reserved names, where the ETag is. */
  readonly common: HeaderMap
  /** Metadata and content type of a PUT. */
  readonly stored: HeaderMap
  /** `undefined` for a removal. */
  readonly body: CandidateBody | undefined
  /** One set for each of these nodes, for a candidate of this time: who is told of it. */
  readonly commitHeaders: (timestamp: Timestamp, nodes: Placement) => readonly HeaderMap[]
  /** How long the answer waits for rows once a majority shows the candidate. */
  readonly rowRules: Pick<WaitRules, 'isSettled' | 'patienceMs'>
}

/** How long those who are not needed any more may still answer, milliseconds. */
const STRAGGLERS_MS = 50

export class NodeElectorate implements Electorate<StorageNode, CommitVote, BodyFailure> {
  readonly primaries: number
  readonly #name: ConditionalName
  readonly #needed: number
  /** The candidate whose body flowed, and is gone here. */
  #spentOn: string | undefined
  /** Who said yes to the last proposal. */
  #holders: ReadonlySet<StorageNode> = new Set()
  /** What is known of the body. */
  #facts: { readonly etag: string; readonly sizeBytes: number } | undefined

  constructor(name: ConditionalName) {
    this.#name = name
    this.primaries = name.placement.primaries.length
    this.#needed = majoritySize(this.primaries)
    const { body } = name
    if (body?.kind === 'held') this.#facts = { etag: body.etag, sizeBytes: body.bytes.length }
  }

  /** ETag and length of the body, once it was sent. */
  get facts(): { readonly etag: string; readonly sizeBytes: number } | undefined {
    return this.#facts
  }

  async askHandoffs(): Promise<readonly PromiseAnswer<StorageNode>[]> {
    const { placement, client } = this.#name
    const asked = placement.handoffs.map((node) => ({ node, isSetAside: client.errors.isSetAside(node) }))
    const expected = asked.filter(({ isSetAside }) => !isSetAside).length
    if (expected === 0 || this.#isUnsupported()) return []
    const replies = asked.map(async ({ node, isSetAside }) => {
      return { isSetAside, answer: await this.#ask(node, 'handoff', {}) }
    })
    const heard = await gather(replies, {
      clock: client.clock,
      isSettled: () => false,
      // Those that are set aside are asked too, and not waited for.
      isDecided: (some) => some.filter(({ isSetAside }) => !isSetAside).length === expected,
      patienceMs: STRAGGLERS_MS,
    })
    return heard.flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
  }

  async promise(ballot: Ballot): Promise<Promises<StorageNode>> {
    const { placement, client } = this.#name
    if (this.#isUnsupported()) return { answers: [], support: 'missing' }
    const vote = { [BALLOT_HEADER]: ballot, 'x-timestamp': timeOf(ballot) }
    const replies = await gather(
      placement.primaries.map((node) => this.#ask(node, 'primary', vote)),
      {
        clock: client.clock,
        isSettled: () => false,
        isDecided: (some) => this.#hasPromises(some),
        patienceMs: STRAGGLERS_MS,
      },
    )
    const answers = replies.filter((answer) => answer !== undefined)
    return { answers, support: this.#isUnsupported() ? 'missing' : 'all' }
  }

  async propose(acceptance: Acceptance): Promise<Proposed<BodyFailure>> {
    const { body, stored } = this.#name
    const { id } = acceptance.candidate
    if (body === undefined || this.#spentOn === id) {
      return {
        kind: 'answered',
        answers: this.#noted(withoutBodyVotes(await this.#accept(acceptance))),
      }
    }
    if (this.#spentOn !== undefined) {
      const reason = 'something newer was written while the body arrived, and the body is gone'
      return { kind: 'failed', failure: { kind: 'unavailable', reason } }
    }
    const sent = await sendBody(this.#trip({ ...stored, ...this.#headers(acceptance) }), body)
    if (sent.kind === 'failed') return sent
    if (sent.facts !== undefined) {
      this.#facts = sent.facts
      this.#spentOn = id
    }
    return { kind: 'answered', answers: this.#noted(sent.answers) }
  }

  async carry(
    acceptance: Acceptance,
    choice: 'certain' | 'possible',
    promises: readonly PromiseAnswer<StorageNode>[],
  ): Promise<readonly AcceptAnswer[]> {
    const own = { [CARRIED_HEADER]: choice }
    const votes = await this.#accept(acceptance, own)
    const isChosen = votes.filter(({ voter, vote }) => voter && vote === 'yes').length >= this.#needed
    const lacking = votes.flatMap(({ node, vote }) => (vote === 'body' && node !== undefined ? [node] : []))
    if (isChosen || lacking.length === 0) return this.#noted(withoutBodyVotes(votes))
    const { id } = acceptance.candidate
    const holders = promises.filter(({ accepted }) => accepted?.candidate.id === id).map(({ node }) => node)
    const trip = this.#trip({ ...this.#headers(acceptance), ...own })
    const copied = await copyCandidate(
      { ...trip, placement: this.#name.placement.only(lacking) },
      holders,
      id,
    )
    const others = withoutBodyVotes(votes.filter(({ vote }) => vote !== 'body'))
    return this.#noted([...others, ...copied])
  }

  async commit(acceptance: Acceptance): Promise<readonly CommitVote[]> {
    const { commitHeaders, rowRules, placement } = this.#name
    // The rows are dealt among those that are known to have it: what a dead one was to tell would be told late.
    const holders = this.#able().filter((node) => this.#holders.has(node))
    const others = this.#able().filter((node) => !this.#holders.has(node))
    const telling = holders.length >= this.#needed ? holders : this.#able()
    const own = this.#headers(acceptance)
    const dealt = commitHeaders(timeOf(acceptance.candidate.id), placement.only(telling))
    const nodes = [...holders, ...others]
    // A majority is enough to commit, and not enough to stay with: one that has it brings it to those that do not.
    const isIncomplete = holders.length < this.primaries
    const perCopy = nodes.map((_, at) => ({
      ...dealt[at % dealt.length],
      ...own,
      ...(isIncomplete && at === 0 ? { [INCOMPLETE_HEADER]: 'true' } : {}),
    }))
    const isDecided = (answers: readonly WriteAnswer[]): boolean => {
      const votes = answers.map(commitAnswer)
      return votes.filter(({ voter, isVisible }) => voter && isVisible).length >= this.#needed
    }
    const answers = await this.#write('COMMIT', nodes, perCopy, {
      isDecided,
      isSettled: (some) => isDecided(some) && rowRules.isSettled(some),
      patienceMs: rowRules.patienceMs,
    })
    return answers.map(commitAnswer)
  }

  /** Remembers who said yes last. */
  #noted(votes: readonly NodeVote[]): readonly NodeVote[] {
    const yes = votes.filter(({ vote }) => vote === 'yes')
    this.#holders = new Set(yes.flatMap(({ node }) => (node === undefined ? [] : [node])))
    return votes
  }

  async #accept(acceptance: Acceptance, own: HeaderMap = {}): Promise<readonly BodyVote[]> {
    const nodes = this.#able()
    const headers = { ...this.#headers(acceptance), ...own, 'content-length': '0' }
    const answers = await this.#write(
      'ACCEPT',
      nodes,
      nodes.map(() => headers),
      votingRules({ needed: this.#needed }),
    )
    const late = Array.from({ length: nodes.length - answers.length }, () => SILENT)
    return [...answers.map(acceptAnswer), ...late]
  }

  #write(
    method: string,
    nodes: readonly StorageNode[],
    headers: readonly HeaderMap[],
    rules: WaitRules,
  ): Promise<readonly WriteAnswer[]> {
    const { client, placement, path } = this.#name
    return fanOutWrite(client, {
      server: 'object',
      method,
      path,
      placement: placement.only(nodes),
      headers,
      rules,
    })
  }

  async #ask(
    node: StorageNode,
    role: 'primary' | 'handoff',
    vote: HeaderMap,
  ): Promise<PromiseAnswer<StorageNode> | undefined> {
    const { client, placement, path, common } = this.#name
    const outcome = await client.send(node, {
      server: 'object',
      method: 'PROMISE',
      partition: placement.partition,
      path,
      query: '',
      headers: { ...common, ...vote, 'content-length': '0' },
      body: EMPTY_BODY,
      signal: undefined,
    })
    if (outcome.kind === 'failed') return undefined
    await discard(outcome.response).catch(() => {})
    return promiseAnswer(node, role, outcome.response)
  }

  #hasPromises(replies: readonly (PromiseAnswer<StorageNode> | undefined)[]): boolean {
    const promised = replies.filter((answer) => answer?.voter === true && answer.promised)
    return promised.length >= this.#needed
  }

  #isUnsupported(): boolean {
    const { placement, client } = this.#name
    return placement.primaries.some((node) => client.lacks(node, PROMISES_CAPABILITY))
  }

  #headers(acceptance: Acceptance): HeaderMap {
    return {
      ...this.#name.common,
      'x-timestamp': timeOf(acceptance.candidate.id),
      [PROPOSAL_HEADER]: formatAcceptance(acceptance),
    }
  }

  #trip(headers: HeaderMap): BodyTrip {
    const { client, random, placement, path } = this.#name
    return { client, random, placement: placement.only(this.#able()), path, headers, needed: this.#needed }
  }

  /** Those that have said that they take part. */
  #able(): readonly StorageNode[] {
    const { client, placement } = this.#name
    return placement.primaries.filter((node) => client.can(node, PROMISES_CAPABILITY))
  }
}
