/** The queue of copies of a device to be made good at once: the auditor fills it, the replicator of objects works it off. */
import type { RepairQueue } from '#replicator/repair-queue.ts'
import type { StorageDevice } from './storage-device.ts'

/** The one queue of a device. */
export function repairsOf(device: StorageDevice): RepairQueue {
  return device.repairs
}
