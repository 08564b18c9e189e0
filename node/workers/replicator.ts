/** The replicator of a device's objects, by the object rings of this moment. */
import type { SyncLedger } from '#backend/sync-ledger.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import type { PolicySource } from '#replicator/objects-parts.ts'
import { createObjectReplicator } from '#replicator/objects-worker.ts'
import { Gait } from '#worker/gait.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'

/** A PUT of a small object reaches the last of its replicas well within this, milliseconds. */
const SETTLE_MS = 5_000

export const replicatorWorker: MakeWorker = (context) => {
  const { environment, log, transport, device, host, rings, foreground, settings } = context
  const { clock, random } = environment
  const { partitions } = settings.replicator
  const policies = policiesOf(context)
  const replicator = createObjectReplicator({
    clock,
    random,
    log,
    transport,
    drive: device.objects.device.drive,
    policies,
    self: { host, device: device.name },
    repairs: device.repairs,
    gait: () => new Gait({ clock, foreground }),
    partitionsUnderWay: partitions,
    settleMs: SETTLE_MS,
    admit: device.admitReplication,
    isClockInDoubt: device.isClockInDoubt,
  })
  const learn = (): void => {
    void replicator.learnRings().then(
      () => device.repairs.nudge(),
      (error: unknown) => log.error({ err: error }, 'a changed ring could not be noted'),
    )
  }
  for (const { index } of policies) rings.object(index)?.onChange(learn)
  // What the ring gave to this device while it was not running is not owned before it is noted.
  void replicator.learnRings().catch((error: unknown) => {
    log.error({ err: error }, 'the rings could not be noted')
  })
  return replicator
}

function policiesOf({ device, rings, policies }: WorkerContext): readonly PolicySource[] {
  const objects = device.objects.device
  return policies.all.flatMap(({ index }) => {
    const [replica, ledger, watcher] = [objects.replica(index), objects.ledger(index), rings.object(index)]
    return replica === undefined || ledger === undefined || watcher === undefined
      ? []
      : [sourceOf(index, replica, ledger, watcher)]
  })
}

function sourceOf(
  index: number,
  replica: ReplicaAccess,
  ledger: SyncLedger,
  watcher: ReturnType<PolicySource['rings']>,
): PolicySource {
  return { index, replica, ledger, rings: () => ({ ring: watcher.ring, previous: watcher.previous }) }
}
