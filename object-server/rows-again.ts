/**
 * The rows of an object once more, for whoever the ring names: whoever took the change queued them, and that queue may be
 * lost, with its disk or with the index. Rows merge by their times, so telling one twice changes nothing.
 */
import type { HashPathSalt } from '#base/names.ts'
import type { ContainerUpdate } from './container-update.ts'
import { ExpirerQueue } from './expirer-queue.ts'
import { rowOfDelete, rowOfObject, unaddressed } from './object-rows.ts'
import type { ObjectState } from './object-state.ts'
import { storedObject } from './stored-object.ts'

export interface RowsAgain {
  /** What containers must know of an object in this state; nothing of one whose record its file alone has. */
  of(hash: string, name: string, state: ObjectState): readonly ContainerUpdate[]
}

export function rowsAgain(policyIndex: number, salt: HashPathSalt): RowsAgain {
  const expirerQueue = new ExpirerQueue(salt)
  return {
    of: (hash, name, { data, meta, tombstone }) => {
      const routing = unaddressed(name, policyIndex)
      if (tombstone !== undefined) return [rowOfDelete(tombstone, routing)]
      if (data?.record === undefined) return []
      const object = storedObject(hash, data.record, meta)
      return [rowOfObject(object, routing, [object.headers]), ...expirerQueue.rowsAgain(object)]
    },
  }
}
