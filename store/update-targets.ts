/**
 * Who is told by whom: each copy of a write names servers of the level above that its storage server must tell. The
 * servers are dealt out over the copies in turn (OpenStack Swift, `_backend_requests` of the container and object
 * controllers).
 */
import type { Placement } from '#cluster/placement.ts'
import { hostOf, type StorageNode } from '#cluster/storage-node.ts'
import type { HeaderMap } from '#http/message.ts'

/** `x-container`, `x-account` or `x-delete-at`: the prefix of the three headers. */
export type TargetPrefix = 'x-container' | 'x-account' | 'x-delete-at'

export interface Dealing {
  readonly prefix: TargetPrefix
  readonly placement: Placement
  /** How many namings there are in all; servers are named again from the start when there are more than servers. */
  readonly namings: number
  /** The first copies are named first, or the last: so that two dealings load different copies. */
  readonly from: 'first' | 'last'
  /** By how many copies each naming is done, so that it is done when some of them are not written. Default: 1. */
  readonly copiesEach?: number
}

/** Host, partition and device headers for each of `copies` copies; empty for a copy that names nobody. */
export function dealTargets(
  copies: number,
  { prefix, placement, namings, from, copiesEach = 1 }: Dealing,
): readonly HeaderMap[] {
  const { primaries, partition } = placement
  const named: StorageNode[][] = Array.from({ length: copies }, () => [])
  for (let at = 0; at < namings && primaries.length > 0; at += 1) {
    const server = primaries[at % primaries.length] as StorageNode
    for (let turn = at; turn < at + Math.min(copiesEach, copies); turn += 1) {
      named[from === 'first' ? turn % copies : copies - 1 - (turn % copies)]?.push(server)
    }
  }
  return named.map((nodes) => (nodes.length === 0 ? {} : headersNaming(prefix, partition, nodes)))
}

function headersNaming(prefix: TargetPrefix, partition: number, nodes: readonly StorageNode[]): HeaderMap {
  return {
    [`${prefix}-partition`]: String(partition),
    [`${prefix}-host`]: nodes.map(hostOf).join(','),
    [`${prefix}-device`]: nodes.map((node) => node.device).join(','),
  }
}
