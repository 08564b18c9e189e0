/**
 * In which order the primaries are asked to read: the one of this process first unless its disk hangs, then the fastest by
 * what was measured and by what has been waiting for an answer, those set aside last. Nodes about as fast as each other take turns, so that no replica gets all the reads.
 */
import type { NodeClient } from './node-client.ts'
import type { Placement } from './placement.ts'
import type { StorageNode } from './storage-node.ts'

/** Latencies are compared in steps of this, milliseconds: smaller differences are noise. */
const LATENCY_STEP_MS = 5

/**
 * A read that waits for longer than this in this very process waits for a disk in trouble, and not only for a process that is
 * busy: then the others would be no quicker. Milliseconds.
 */
const LOCAL_WAIT_MAX_MS = 200

export function readOrder(client: NodeClient, placement: Placement): readonly StorageNode[] {
  const nodes = placement.primariesLocalFirst
  const [first] = nodes
  if (first?.locality === 'same_process' && isWell(client, first)) return nodes
  const turn = client.takeTurn()
  const rotated = nodes.map((_, at) => nodes[(at + turn) % nodes.length] as StorageNode)
  return rotated
    .map((node) => ({ node, cost: costOf(client, node) }))
    .toSorted((left, right) => left.cost - right.cost)
    .map(({ node }) => node)
}

function isWell(client: NodeClient, node: StorageNode): boolean {
  return !client.errors.isSetAside(node) && !client.keepsWaiting(node, LOCAL_WAIT_MAX_MS)
}

function costOf(client: NodeClient, node: StorageNode): number {
  const step = Math.floor(client.latencyMs(node) / LATENCY_STEP_MS)
  return client.errors.isSetAside(node) ? Number.MAX_SAFE_INTEGER : step
}
