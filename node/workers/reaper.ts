/** The reaper of a device: it empties the deleted accounts of which the device is the first primary. */
import { hashName } from '#base/names.ts'
import { StoredContent } from '#reaper/account-content.ts'
import { createReaper } from '#reaper/reaper.ts'
import { Gait } from '#worker/gait.ts'
import type { MakeWorker } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const reaperWorker: MakeWorker = (context) => {
  const { environment, log, device, host, rings, salt, foreground, settings } = context
  const { clock } = environment
  const content = async (): Promise<StoredContent> =>
    new StoredContent((await workerStoreOf(context)).parts, log)
  return createReaper({
    clock,
    log,
    index: device.accounts.index,
    isFirst: (account) => {
      const { ring } = rings.account
      const partition = ring.partitionOf(hashName({ account }, salt))
      const [first] = ring.primaries(partition)
      const isOurs = first !== undefined && first.ip === host && first.device === device.name
      // One that was away may not know that the account was made anew.
      return isOurs && device.accounts.ledger.voice({ partPower: ring.partPower, partition }) === 'synced'
    },
    content: {
      isDeletedSince: async (...asked) => (await content()).isDeletedSince(...asked),
      objects: async (...asked) => (await content()).objects(...asked),
      deleteObject: async (...asked) => (await content()).deleteObject(...asked),
      deleteContainer: async (...asked) => (await content()).deleteContainer(...asked),
    },
    delaySeconds: settings.reaper.delayMs / 1000,
    concurrency: settings.reaper.concurrency,
    rests: () => {
      const gait = new Gait({ clock, foreground })
      return (how) => gait.before({ files: 1 }, how)
    },
  })
}
