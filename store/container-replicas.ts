/** Which of a container's replicas are there: those that share its work (`worker/share.ts`). */
import { timestampNow } from '#backend/timestamp-header.ts'
import type { StorageNode } from '#cluster/storage-node.ts'
import { discard, EMPTY_BODY } from '#http/message.ts'
import type { ContainerName } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'

export interface ReplicasThere {
  /** Position of the device that asks. */
  readonly own: number
  readonly replicas: number
  /** Positions of those that do not answer. */
  readonly away: ReadonlySet<number>
}

/** `undefined` when the device that asks has no replica. */
export async function replicasThere(
  parts: StoreParts,
  name: ContainerName,
  isSelf: (node: StorageNode) => boolean,
): Promise<ReplicasThere | undefined> {
  const placement = parts.containerPlacement(name.account, name.container)
  const own = placement.primaries.findIndex(isSelf)
  if (own < 0) return undefined
  const there = await Promise.all(
    placement.primaries.map(async (node, at) => {
      if (at === own) return true
      const outcome = await parts.client.send(node, {
        server: 'container',
        method: 'HEAD',
        partition: placement.partition,
        path: pathOnWire(name),
        query: '',
        headers: {
          'x-timestamp': timestampNow(parts.clock),
          'x-backend-replication': 'True',
          'x-backend-allow-reserved-names': 'true',
        },
        body: EMPTY_BODY,
        signal: undefined,
      })
      if (outcome.kind === 'failed') return false
      await discard(outcome.response)
      return outcome.response.status < 500
    }),
  )
  const away = new Set(there.flatMap((isThere, at) => (isThere ? [] : [at])))
  return { own, replicas: placement.primaries.length, away }
}
