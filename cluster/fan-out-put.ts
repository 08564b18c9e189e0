/**
 * Streams one body to all replicas of an object at once.
 *
 * - Every node is asked with `Expect: 100-continue` first; one that refuses or is silent is replaced by a handoff, before
 *   a byte of the body is read.
 * - The body is read as fast as the slowest live node takes it; a node that stalls is dropped.
 * - A body that fails, is too long, or does not have the expected MD5 is broken off on every node, so that nothing of it
 *   becomes visible.
 */
import type { Environment } from '#base/environment.ts'
import type { HeaderMap, RequestBody } from '#http/message.ts'
import { BOUNDARY_RANDOM_BYTES } from '#http/mime-writer.ts'
import { BodyBranch } from './body-branch.ts'
import { acceptsFooters, bodyHead, bodyTail, footerRequestHeaders } from './body-footers.ts'
import { type BodyFacts, BodySplitter, type SplitOutcome } from './body-splitter.ts'
import { answerOf, isFinal, statusesOf, type WaitRules, type WriteAnswer } from './fan-out-write.ts'
import { gather } from './gather.ts'
import type { NodeClient, NodeOutcome } from './node-client.ts'
import type { Placement } from './placement.ts'
import { isDecided, quorumSize } from './quorum.ts'
import { awaitReadLeases } from './read-leases.ts'
import type { StorageNode } from './storage-node.ts'
import { WriteTargets } from './write-targets.ts'

export interface FanOutPut {
  readonly path: string
  readonly placement: Placement
  /** The request headers of each copy, as many as there are primaries, without `etag` and lengths. */
  readonly headers: readonly HeaderMap[]
  readonly body: RequestBody
  /** MD5 in hex that the body must have. */
  readonly expectedEtag: string | undefined
  readonly limitBytes: number
  /** What is stored besides, asked when the body was read; nodes must take it behind the body. */
  readonly atEnd?: ((body: Pick<BodyFacts, 'etag'>) => HeaderMap | 'etag_mismatch') | undefined
  readonly rules?: WaitRules | undefined
}

export type PutOutcome =
  /** The body was sent; the answers that came in time, and what is known of the body. */
  | { readonly kind: 'answered'; readonly answers: readonly WriteAnswer[]; readonly facts: BodyFacts }
  /** Refused before a byte of the body was read: it may be tried again. */
  | { readonly kind: 'refused'; readonly answers: readonly WriteAnswer[] }
  /** `md5`: of the body, when that is what differs. */
  | { readonly kind: 'etag_mismatch'; readonly md5?: string | undefined }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly answers: readonly WriteAnswer[] }
  | Extract<SplitOutcome, { readonly kind: 'too_large' | 'client_gone' | 'client_timeout' }>

/** A node that waits for the body, or an answer that came instead. */
type Slot =
  | {
      readonly kind: 'open'
      readonly node: StorageNode
      readonly branch: BodyBranch
      readonly boundary: string | undefined
      readonly outcome: Promise<NodeOutcome>
    }
  | { readonly kind: 'answered'; readonly answer: WriteAnswer }

type OpenSlot = Extract<Slot, { readonly kind: 'open' }>

const BAD_GATEWAY: Omit<WriteAnswer, 'node'> = { status: 502, headers: {}, body: Buffer.alloc(0) }

/** Stores a body on all replicas. Rejects only for our own bugs. */
export async function fanOutPut(
  client: NodeClient,
  random: Environment['random'],
  put: FanOutPut,
): Promise<PutOutcome> {
  return await new FanOut(client, random, put).run()
}

class FanOut {
  readonly #client: NodeClient
  readonly #random: Environment['random']
  readonly #put: FanOutPut
  readonly #targets: WriteTargets
  readonly #splitter: BodySplitter
  readonly #nodeOfBranch = new Map<BodyBranch, StorageNode>()

  constructor(client: NodeClient, random: Environment['random'], put: FanOutPut) {
    this.#client = client
    this.#random = random
    this.#put = put
    this.#targets = new WriteTargets(put.placement, client.errors)
    this.#splitter = new BodySplitter({
      clock: client.clock,
      stallMs: client.nodeTimeoutMs,
      limitBytes: put.limitBytes,
      branchesMin: quorumSize(put.headers.length),
      onStall: (branch) => this.#blameStall(branch),
    })
  }

  async run(): Promise<PutOutcome> {
    const slots = await Promise.all(this.#put.headers.map((headers) => this.#openSlot(headers)))
    const open = slots.filter((slot) => slot.kind === 'open')
    const answers = slots.flatMap((slot) => (slot.kind === 'answered' ? [slot.answer] : []))
    if (answers.some(({ status }) => status < 500) || open.length < quorumSize(slots.length)) {
      this.#splitter.giveUp()
      return { kind: 'refused', answers: [...answers, ...open.map(({ node }) => ({ ...BAD_GATEWAY, node }))] }
    }
    for (const { branch, boundary } of open) if (boundary !== undefined) branch.push(bodyHead(boundary))
    const outcome = await this.#split()
    if (outcome.kind === 'too_few_branches') return await this.#tooFew(open, answers)
    if (outcome.kind !== 'whole') return this.#breakOff(outcome)
    const { expectedEtag } = this.#put
    if (expectedEtag !== undefined && expectedEtag !== outcome.facts.etag) {
      return this.#breakOff({ kind: 'etag_mismatch', md5: outcome.facts.etag })
    }
    const more = this.#put.atEnd?.(outcome.facts) ?? {}
    if (more === 'etag_mismatch') return this.#breakOff({ kind: 'etag_mismatch' })
    for (const { branch, boundary } of open) {
      if (boundary !== undefined) branch.push(bodyTail(boundary, outcome.facts, more))
      branch.end()
    }
    return { kind: 'answered', answers: await this.#collect(open, answers), facts: outcome.facts }
  }

  /** Reads the body to its end; whatever is thrown on the way, no node may take what it has for the whole. */
  async #split(): Promise<SplitOutcome> {
    try {
      return await this.#splitter.run(this.#put.body)
    } catch (error) {
      this.#splitter.giveUp()
      throw error
    }
  }

  /** Finds a node that wants the body. */
  async #openSlot(headers: HeaderMap): Promise<Slot> {
    let last: Slot = { kind: 'answered', answer: { ...BAD_GATEWAY, status: 503, node: undefined } }
    for (let node = this.#targets.next(); node !== undefined; node = this.#targets.next()) {
      const slot = await this.#ask(node, headers)
      if (slot.kind === 'open' || isFinal(slot.answer.status)) return slot
      last = slot
    }
    return last
  }

  async #ask(node: StorageNode, headers: HeaderMap): Promise<Slot> {
    const boundary = this.#random.bytes(BOUNDARY_RANDOM_BYTES).toString('hex')
    const slot = await this.#send(node, headers, boundary)
    if (slot.kind === 'answered' || slot.boundary !== undefined) return slot
    slot.branch.giveUp()
    // Without what follows the body nobody could read it.
    if (this.#put.atEnd !== undefined) return { kind: 'answered', answer: { ...BAD_GATEWAY, node } }
    return await this.#send(node, headers, undefined)
  }

  /** Opens one exchange. A slot that comes back without the boundary it was asked with takes no footers. */
  async #send(node: StorageNode, headers: HeaderMap, boundary: string | undefined): Promise<Slot> {
    const { body, expectedEtag, placement, path } = this.#put
    const plain = boundary === undefined
    const branch = new BodyBranch(plain ? body.lengthBytes : undefined, this.#splitter.onBranchChange)
    const announced = plain ? { etag: expectedEtag } : footerRequestHeaders(boundary, body.lengthBytes)
    const outcome = this.#client.send(node, {
      server: 'object',
      method: 'PUT',
      partition: placement.partition,
      path,
      query: '',
      headers: { ...headers, ...announced, ...lengthHeaders(branch.lengthBytes), expect: '100-continue' },
      body: branch,
      signal: undefined,
    })
    const first = await Promise.race([continuation(branch), outcome])
    if (first.kind !== 'continued') return { kind: 'answered', answer: await finalAnswer(first) }
    const accepted = plain || acceptsFooters(first.headers)
    this.#nodeOfBranch.set(branch, node)
    if (accepted) this.#splitter.add(branch)
    return { kind: 'open', node, branch, boundary: accepted ? boundary : undefined, outcome }
  }

  async #collect(open: readonly OpenSlot[], early: readonly WriteAnswer[]): Promise<readonly WriteAnswer[]> {
    const replicas = this.#put.headers.length
    const { rules } = this.#put
    const parts = open.map(({ outcome }) => outcome.then(finalAnswer))
    const answers = await gather(parts, {
      clock: this.#client.clock,
      isSettled: rules?.isSettled ?? ((some) => isDecided(statusesOf(some), replicas)),
      isDecided: rules?.isDecided,
      patienceMs: rules?.patienceMs,
    })
    await awaitReadLeases(this.#client, { method: 'PUT', placement: this.#put.placement }, answers)
    return [...early, ...answers]
  }

  /** Nodes that stopped taking the body have answered, or will not. */
  async #tooFew(open: readonly OpenSlot[], early: readonly WriteAnswer[]): Promise<PutOutcome> {
    this.#splitter.giveUp()
    await this.#put.body.cancel()
    const answers = await Promise.all(open.map(({ outcome }) => outcome.then(finalAnswer)))
    return {
      kind: 'unavailable',
      reason: 'too few object servers took the body to its end',
      answers: [...early, ...answers],
    }
  }

  #breakOff<Failure extends PutOutcome>(failure: Failure): Failure {
    this.#splitter.giveUp()
    void this.#put.body.cancel()
    return failure
  }

  #blameStall(branch: BodyBranch): void {
    const node = this.#nodeOfBranch.get(branch)
    if (node !== undefined) this.#client.errors.recordError(node)
  }
}

/** As they stand on the wire; a server of this process sees them too. */
function lengthHeaders(lengthBytes: number | undefined): HeaderMap {
  if (lengthBytes === undefined) return { 'transfer-encoding': 'chunked' }
  return { 'content-length': String(lengthBytes) }
}

async function continuation(
  branch: BodyBranch,
): Promise<{ readonly kind: 'continued'; readonly headers: HeaderMap }> {
  return { kind: 'continued', headers: await branch.continued }
}

async function finalAnswer(outcome: NodeOutcome): Promise<WriteAnswer> {
  if (outcome.kind === 'failed') return { ...BAD_GATEWAY, node: outcome.node }
  return await answerOf(outcome.node, outcome.response)
}
