/** The replicator of a device's accounts and containers, by the rings of this moment. */
import { containerRowsBy } from '#db/container-row.ts'
import { objectRows } from '#db/object-row.ts'
import { createDatabaseReplicator } from '#replicator/databases-worker.ts'
import { Gait } from '#worker/gait.ts'
import type { MakeWorker } from '../worker-context.ts'

export const databaseReplicatorWorker: MakeWorker = (context) => {
  const { environment, log, transport, device, host, rings, foreground } = context
  const { clock } = environment
  const { containers, accounts } = device
  const replicator = createDatabaseReplicator({
    clock,
    log,
    transport,
    drive: device.objects.device.drive,
    self: { host, device: device.name },
    gait: () => new Gait({ clock, foreground }),
    isClockInDoubt: device.isClockInDoubt,
    sources: [
      {
        server: 'container',
        index: containers.index,
        kind: objectRows,
        ledger: containers.ledger,
        rings: () => rings.container,
      },
      {
        server: 'account',
        index: accounts.index,
        kind: containerRowsBy(clock),
        ledger: accounts.ledger,
        rings: () => rings.account,
      },
    ],
  })
  // What the ring gave to this device while it was not running is not owned before it is noted.
  const learn = (): void => {
    void replicator.learnRings().catch((error: unknown) => {
      log.error({ err: error }, 'a changed ring could not be noted')
    })
  }
  rings.container.onChange(learn)
  rings.account.onChange(learn)
  learn()
  return replicator
}
