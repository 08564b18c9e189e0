/**
 * Many small writes, each to every replica of its partition, those for one node together. A node that does not take its
 * copy is replaced by a handoff, as in `fan-out-write.ts`; nobody is waiting for a single one of them, so all answers are
 * waited for.
 */
import type { HeaderMap } from '#http/message.ts'
import { isFinal } from './fan-out-write.ts'
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'
import { NO_ANSWER } from './quorum.ts'
import { type SmallRequest, sendTogether } from './request-batches.ts'
import type { StorageNode } from './storage-node.ts'
import { WriteTargets } from './write-targets.ts'

export interface BatchedWrite {
  readonly method: 'DELETE'
  /** `/account/container/object`, percent-encoded. */
  readonly path: string
  readonly placement: Placement
  /** The request headers of each copy: as many as there are primaries. A handoff takes over those of the node it replaces. */
  readonly headers: readonly HeaderMap[]
}

/** One copy of one write, and what the node that was asked last said. */
interface Copy {
  readonly write: BatchedWrite
  readonly headers: HeaderMap
  readonly targets: WriteTargets
  status: number
}

/** The status of each copy of each write, in the order of both; 503 where no node was left to ask. Never rejects. */
export async function fanOutBatch(
  client: NodeClient,
  writes: readonly BatchedWrite[],
): Promise<readonly (readonly number[])[]> {
  const copies = writes.map((write) => copiesOf(client, write))
  let open = copies.flat()
  while (open.length > 0) {
    const asked = open.flatMap((copy) => {
      const node = copy.targets.next()
      return node === undefined ? [] : [{ copy, request: requestTo(node, copy) }]
    })
    const answers = await sendTogether(
      client,
      asked.map(({ request }) => request),
      [],
    )
    for (const [at, { copy }] of asked.entries()) copy.status = answers[at]?.status ?? NO_ANSWER
    open = asked.map(({ copy }) => copy).filter(({ status }) => !isFinal(status))
  }
  return copies.map((each) => each.map(({ status }) => status))
}

function copiesOf(client: NodeClient, write: BatchedWrite): readonly Copy[] {
  const targets = new WriteTargets(write.placement, client.errors)
  return write.headers.map((headers) => ({ write, headers, targets, status: NO_ANSWER }))
}

function requestTo(node: StorageNode, { write, headers }: Copy): SmallRequest {
  const { method, path, placement } = write
  return { node, method, partition: placement.partition, path, headers }
}
