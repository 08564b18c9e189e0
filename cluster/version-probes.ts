/**
 * Looks at the indexes of other nodes: which version do you have? What is asked of a node in one turn of the event loop goes
 * together in one request, and to each node one request is under way at a time: what comes meanwhile goes together into the next one.
 * So under load many looks share a request, its signature and its answer, and who asks alone waits for nobody.
 */
import { PROBES_MAX, PROBES_METHOD, REPLICA_STATE_HEADER, SHORT_PROBES_QUERY } from '#base/extensions.ts'
import { bufferBody, type Response } from '#http/message.ts'
import type { NodeClient } from './node-client.ts'
import type { StorageNode } from './storage-node.ts'
import { toldAnswers } from './told-answers.ts'

/** What one look is at. */
export interface VersionAsked {
  readonly partition: number
  /** `/account/container/object`, percent-encoded. */
  readonly path: string
  readonly policyIndex: number
}

/** Calls back when what this turn of the event loop brings has been looked at. */
export type EndOfTurn = (callback: () => void) => void

/** What was sent so lately is answered soon: a peer that takes longer is avoided. Milliseconds. */
const SOON_MS = 20
/** Looks that may wait for one node; further ones are not made. */
const WAITING_MAX = 4_096
/** Answers to as many looks as a request has are shorter than this, bytes. */
const ANSWER_BYTES_MAX = PROBES_MAX * 1_024

interface Waiting {
  readonly asked: VersionAsked
  readonly answered: (response: Response | undefined) => void
}

interface Line {
  readonly waiting: Waiting[]
  state: 'gathering' | 'under_way'
  /** Of the request that is under way. */
  sentMs: number
}

export class VersionProbes {
  readonly #client: NodeClient
  readonly #endOfTurn: EndOfTurn
  readonly #lines = new Map<StorageNode, Line>()

  constructor(client: NodeClient, endOfTurn: EndOfTurn) {
    this.#client = client
    this.#endOfTurn = endOfTurn
  }

  /** Whether the node takes several looks in one request, and is worth it. */
  canAsk(node: StorageNode): boolean {
    return node.locality === 'elsewhere' && this.#client.can(node, 'probes')
  }

  /**
   * Of several nodes whose word is worth the same, the one with the least is best asked: one that is asked right now anyway,
   * then one whose next request comes soon and has others in it, then one that is free.
   */
  cost(node: StorageNode): number {
    const line = this.#lines.get(node)
    if (line === undefined) return 2
    if (line.state === 'gathering') return 0
    return this.#client.clock.monotonicMs() - line.sentMs < SOON_MS ? 1 : 3
  }

  /** The answer to an index-only HEAD, as far as it says which version is there; `undefined` when none came. Never rejects. */
  ask(node: StorageNode, asked: VersionAsked): Promise<Response | undefined> {
    return new Promise((answered) => {
      const line = this.#lines.get(node)
      if (line === undefined) this.#begin(node, { asked, answered })
      else if (line.waiting.length < WAITING_MAX) line.waiting.push({ asked, answered })
      else answered(undefined)
    })
  }

  #begin(node: StorageNode, first: Waiting): void {
    const line: Line = { waiting: [first], state: 'gathering', sentMs: 0 }
    this.#lines.set(node, line)
    this.#endOfTurn(() => void this.#serve(node, line))
  }

  async #serve(node: StorageNode, line: Line): Promise<void> {
    line.state = 'under_way'
    while (line.waiting.length > 0) {
      const group = line.waiting.splice(0, PROBES_MAX)
      line.sentMs = this.#client.clock.monotonicMs()
      const answers = await this.#send(node, group)
      group.forEach(({ answered }, at) => answered(answers?.[at]))
    }
    this.#lines.delete(node)
  }

  async #send(
    node: StorageNode,
    group: readonly Waiting[],
  ): Promise<readonly (Response | undefined)[] | undefined> {
    const device = encodeURIComponent(node.device)
    const body = group.map(({ asked: { partition, path, policyIndex } }) => [
      `/${device}/${partition}${path}`,
      policyIndex,
    ])
    const outcome = await this.#client.sendTo(node, {
      server: 'object',
      method: PROBES_METHOD,
      path: `/${device}`,
      query: SHORT_PROBES_QUERY,
      body: bufferBody(Buffer.from(JSON.stringify(body))),
    })
    return outcome.kind === 'failed'
      ? undefined
      : await toldAnswers(outcome.response, ANSWER_BYTES_MAX, unchangedSince)
  }
}

/** What the time of the data alone says. */
function unchangedSince(timestamp: string): Response {
  const headers = {
    'x-backend-data-timestamp': timestamp,
    'x-backend-timestamp': timestamp,
    [REPLICA_STATE_HEADER]: 'synced',
  }
  return { status: 200, headers, body: undefined }
}
