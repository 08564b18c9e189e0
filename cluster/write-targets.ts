/**
 * The nodes a write goes to, one after the other: healthy primaries in the ring's order, then handoffs, then, when there
 * is nobody else, the primaries that were set aside. Shared by the parallel parts of one write, so that no node gets it
 * twice.
 */
import type { ErrorLimiter } from './error-limit.ts'
import type { Placement } from './placement.ts'
import type { StorageNode } from './storage-node.ts'

export class WriteTargets {
  readonly #nodes: Iterator<StorageNode>

  constructor(placement: Placement, errors: ErrorLimiter) {
    this.#nodes = targets(placement, errors)
  }

  next(): StorageNode | undefined {
    const { done, value } = this.#nodes.next()
    return done === true ? undefined : value
  }
}

function* targets(placement: Placement, errors: ErrorLimiter): Generator<StorageNode, undefined> {
  const setAside: StorageNode[] = []
  for (const node of placement.primaries) {
    if (errors.isSetAside(node)) setAside.push(node)
    else yield node
  }
  for (const node of placement.handoffs) if (!errors.isSetAside(node)) yield node
  yield* setAside
  return undefined
}
