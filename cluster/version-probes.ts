/**
 * Looks at the indexes of other nodes: which version do you have? To each node one request of such looks is under way at a
 * time; what comes meanwhile goes together into the next one, so that under load many share a request, its signature and
 * its answer. Nothing waits for company: the first goes alone and at once.
 */
import { PROBES_MAX, PROBES_METHOD } from '#base/extensions.ts'
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

/** Looks that may wait for one node; further ones are not made. */
const WAITING_MAX = 4_096
/** Answers to as many looks as a request has are shorter than this, bytes. */
const ANSWER_BYTES_MAX = PROBES_MAX * 1_024

interface Waiting {
  readonly asked: VersionAsked
  readonly answered: (response: Response | undefined) => void
}

export class VersionProbes {
  readonly #client: NodeClient
  /** What waits for each node that has a request under way. */
  readonly #lines = new Map<StorageNode, Waiting[]>()

  constructor(client: NodeClient) {
    this.#client = client
  }

  /** Whether the node takes several looks in one request, and is worth it. */
  canAsk(node: StorageNode): boolean {
    return node.locality === 'elsewhere' && this.#client.can(node, 'probes')
  }

  /** The answer to an index-only HEAD, as far as it says which version is there; `undefined` when none came. Never rejects. */
  ask(node: StorageNode, asked: VersionAsked): Promise<Response | undefined> {
    return new Promise((answered) => {
      const line = this.#lines.get(node)
      if (line === undefined) {
        const fresh: Waiting[] = [{ asked, answered }]
        this.#lines.set(node, fresh)
        void this.#serve(node, fresh)
      } else if (line.length < WAITING_MAX) line.push({ asked, answered })
      else answered(undefined)
    })
  }

  async #serve(node: StorageNode, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const group = line.splice(0, PROBES_MAX)
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
      body: bufferBody(Buffer.from(JSON.stringify(body))),
    })
    return outcome.kind === 'failed' ? undefined : await toldAnswers(outcome.response, ANSWER_BYTES_MAX)
  }
}
