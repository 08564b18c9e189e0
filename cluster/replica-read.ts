/**
 * Reads one thing from whichever replica has it.
 *
 * One primary is asked, the one of this process first. When it is slow, the next is asked too; when it fails, at once.
 * When it says 404, all others and the handoffs are asked together, because only they can tell a miss from an absence.
 * Absence is the answer only if a strict majority of votes says so; else nothing is known.
 *
 * Copies of joining replicas are given when nobody better answers.
 */
import type { Timer } from '#base/environment.ts'
import { LEASE_NAMES_HEADER } from '#base/extensions.ts'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { discard, EMPTY_BODY, type HeaderMap, type Response } from '#http/message.ts'
import type { NodeClient, NodeOutcome } from './node-client.ts'
import type { Placement } from './placement.ts'
import { majoritySize } from './quorum.ts'
import { type Evidence, evidenceOf, isOutdated } from './read-evidence.ts'
import { readOrder } from './read-order.ts'
import type { ServerType, StorageNode } from './storage-node.ts'

/** A replica that has not begun to answer after this long gets a rival, milliseconds (Swift `concurrency_timeout`). */
export const CONCURRENCY_TIMEOUT_MS = 500

export interface ReplicaRead {
  readonly server: ServerType
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly query: string
  readonly headers: HeaderMap
  readonly placement: Placement
  readonly signal: AbortSignal | undefined
  /**
   * What it takes to say that it is absent. `agreed`: it is only ever written by agreement (`conditional-write.ts`), which a
   * majority of the primaries has; so a majority says enough, and nobody waits for the others or asks handoffs.
   */
  readonly absence?: 'agreed' | undefined
  /** `asked`: whoever can is to say by whose lease it is new (`LEASE_NAMES_HEADER`). */
  readonly lease?: 'asked' | undefined
}

export type ReadOutcome =
  | { readonly kind: 'found'; readonly node: StorageNode; readonly response: Response }
  /** `response` carries the tombstone's headers when there is one. */
  | { readonly kind: 'absent'; readonly tombstone: Timestamp; readonly response: Response }
  | { readonly kind: 'refused'; readonly response: Response }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Reads from the first good replica. Rejects only for our own bugs. */
export function readReplica(client: NodeClient, read: ReplicaRead): Promise<ReadOutcome> {
  return new Promise((resolve, reject) => {
    new ReadRace(client, read, resolve, reject).start()
  })
}

/** Sends the read to one node; `undefined` when no answer came. */
export async function askNode(
  client: NodeClient,
  { server, method, path, query, headers, placement, signal }: ReplicaRead,
  node: StorageNode,
): Promise<Response | undefined> {
  const { partition } = placement
  const body = EMPTY_BODY
  const outcome = await client.send(node, { server, method, partition, path, query, headers, body, signal })
  return outcome.kind === 'answered' ? outcome.response : undefined
}

function leaseHeaders({ headers, placement }: ReplicaRead, node: StorageNode): HeaderMap {
  return { ...headers, [LEASE_NAMES_HEADER]: placement.namesFrom(node) }
}

interface Candidate {
  readonly node: StorageNode
  readonly response: Response
  readonly timestamp: Timestamp
}

class ReadRace {
  readonly #client: NodeClient
  readonly #read: ReplicaRead
  readonly #resolve: (outcome: ReadOutcome) => void
  readonly #reject: (error: unknown) => void
  readonly #nodes: readonly StorageNode[]
  #next = 0
  #inFlight = 0
  #primariesToAsk: number
  /** Or need not be. */
  #handoffsAsked: boolean
  #settled = false
  #timer: Timer | undefined
  #votesForAbsence = 0
  #tombstone: Timestamp = ZERO_TIMESTAMP
  #absence: Response | undefined
  #fallback: Candidate | undefined

  constructor(
    client: NodeClient,
    read: ReplicaRead,
    resolve: (outcome: ReadOutcome) => void,
    reject: (error: unknown) => void,
  ) {
    this.#client = client
    this.#read = read
    this.#resolve = resolve
    this.#reject = reject
    this.#nodes = readOrder(client, read.placement)
    this.#primariesToAsk = this.#nodes.length
    this.#handoffsAsked = read.absence === 'agreed'
  }

  start(): void {
    if (this.#nodes.length === 0) this.#finish({ kind: 'unavailable', reason: 'the ring has no devices' })
    else this.#askNext()
  }

  #askNext(): void {
    const node = this.#nodes[this.#next]
    if (node === undefined) return
    this.#next += 1
    this.#primariesToAsk -= 1
    this.#ask(node, 'primary')
    if (this.#primariesToAsk > 0) this.#startTimer()
  }

  #askEverybody(): void {
    this.#stopTimer()
    while (this.#next < this.#nodes.length) {
      this.#ask(this.#nodes[this.#next] as StorageNode, 'primary')
      this.#next += 1
    }
    this.#primariesToAsk = 0
    if (this.#handoffsAsked) return
    this.#handoffsAsked = true
    for (const node of this.#read.placement.handoffs) {
      if (!this.#client.errors.isSetAside(node)) this.#ask(node, 'handoff')
    }
  }

  #ask(node: StorageNode, role: 'primary' | 'handoff'): void {
    const { server, method, path, query, placement, signal, lease } = this.#read
    const headers =
      lease === 'asked' && role === 'primary' ? leaseHeaders(this.#read, node) : this.#read.headers
    this.#inFlight += 1
    this.#client
      .send(node, {
        server,
        method,
        partition: placement.partition,
        path,
        query,
        headers,
        body: EMPTY_BODY,
        signal,
      })
      .then((outcome) => this.#take(outcome, role))
      .catch(this.#reject)
  }

  #take(outcome: NodeOutcome, role: 'primary' | 'handoff'): void {
    this.#inFlight -= 1
    if (outcome.kind === 'failed') {
      if (!this.#settled) this.#goOn()
      return
    }
    const { node, response } = outcome
    if (this.#settled) {
      void discard(response)
      return
    }
    this.#judge(node, response, evidenceOf(response, { server: this.#read.server, role }))
  }

  #judge(node: StorageNode, response: Response, evidence: Evidence): void {
    switch (evidence.kind) {
      case 'found':
        this.#takeFound({ node, response, timestamp: evidence.timestamp }, evidence.voter)
        break
      case 'absent':
        this.#takeAbsent(response, evidence)
        break
      case 'refused':
        this.#finish({ kind: 'refused', response })
        break
      case 'none':
        void discard(response)
        this.#goOn()
        break
    }
  }

  #takeFound(candidate: Candidate, voter: boolean): void {
    const better = this.#fallback?.timestamp ?? ZERO_TIMESTAMP
    if (isOutdated(candidate.timestamp, this.#tombstone) || candidate.timestamp < better) {
      void discard(candidate.response)
      this.#goOn()
    } else if (voter) {
      this.#finish({ kind: 'found', node: candidate.node, response: candidate.response })
    } else {
      if (this.#fallback !== undefined) void discard(this.#fallback.response)
      this.#fallback = candidate
      this.#goOn()
    }
  }

  #takeAbsent(response: Response, evidence: Extract<Evidence, { readonly kind: 'absent' }>): void {
    void discard(response)
    if (evidence.voter) this.#votesForAbsence += 1
    if (this.#absence === undefined || evidence.timestamp > this.#tombstone) this.#absence = response
    if (evidence.timestamp > this.#tombstone) this.#tombstone = evidence.timestamp
    if (this.#read.absence === 'agreed' && this.#isVotedAbsent()) return this.#conclude()
    this.#askEverybody()
    this.#goOn()
  }

  #isVotedAbsent(): boolean {
    return this.#votesForAbsence >= majoritySize(this.#read.placement.primaries.length)
  }

  /** One answer did not decide: ask on, wait for those under way, or conclude. */
  #goOn(): void {
    if (this.#primariesToAsk > 0) this.#askNext()
    else if (!this.#handoffsAsked && this.#inFlight === 0 && this.#fallback === undefined)
      this.#askEverybody()
    if (this.#inFlight === 0) this.#conclude()
  }

  #conclude(): void {
    const { primaries } = this.#read.placement
    const fallback = this.#fallback
    if (fallback !== undefined && !isOutdated(fallback.timestamp, this.#tombstone)) {
      this.#fallback = undefined
      this.#finish({ kind: 'found', node: fallback.node, response: fallback.response })
    } else if (this.#absence !== undefined && this.#isVotedAbsent()) {
      this.#finish({ kind: 'absent', tombstone: this.#tombstone, response: this.#absence })
    } else {
      const reason = `${this.#votesForAbsence} of ${primaries.length} replicas could tell that it is absent`
      this.#finish({ kind: 'unavailable', reason })
    }
  }

  #finish(outcome: ReadOutcome): void {
    this.#settled = true
    this.#stopTimer()
    if (this.#fallback !== undefined) void discard(this.#fallback.response)
    this.#resolve(outcome)
  }

  #startTimer(): void {
    this.#stopTimer()
    this.#timer = this.#client.clock.setTimer(CONCURRENCY_TIMEOUT_MS, () => {
      if (!this.#settled) this.#askNext()
    })
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
