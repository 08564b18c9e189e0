/** The queue of copies of a device to be made good at once: the auditor fills it, the replicator of objects works it off. */
import { RepairQueue } from '#replicator/repair-queue.ts'
import type { StorageDevice } from './storage-device.ts'

const QUEUES = new WeakMap<StorageDevice, RepairQueue>()

/** The one queue of a device. */
export function repairsOf(device: StorageDevice): RepairQueue {
  let queue = QUEUES.get(device)
  if (queue === undefined) {
    queue = new RepairQueue()
    QUEUES.set(device, queue)
  }
  return queue
}
