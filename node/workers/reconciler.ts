/** The reconciler of a device: it moves objects of the containers that the device holds to their right storage policy. */
import { hashName } from '#base/names.ts'
import { createReconciler } from '#reconciler/reconciler.ts'
import { StoreMover } from '#reconciler/store-mover.ts'
import type { ContainerName } from '#store/operation.ts'
import { Gait } from '#worker/gait.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const reconcilerWorker: MakeWorker = (context) => {
  const { environment, log, device, foreground } = context
  const { clock } = environment
  const gait = new Gait({ clock, foreground })
  const mover = async (): Promise<StoreMover> => new StoreMover((await workerStoreOf(context)).parts, log)
  return createReconciler({
    clock,
    log,
    index: device.containers.index,
    turn: (name) => turnOf(context, name),
    mover: {
      agrees: async (...asked) => (await mover()).agrees(...asked),
      reconcile: async (...asked) => (await mover()).reconcile(...asked),
    },
    rest: (how) => gait.before({ files: 1 }, how),
  })
}

/** The place of this device among the container's primaries; none while it may not vote. */
function turnOf({ rings, salt, host, device }: WorkerContext, name: ContainerName): number | undefined {
  const { ring } = rings.container
  const { ledger } = device.containers
  const hash = hashName(name, salt)
  const partition = ring.partitionOf(hash)
  if (ledger.voice({ partPower: ring.partPower, partition }) !== 'synced') return undefined
  const at = ring.primaries(partition).findIndex((one) => one.ip === host && one.device === device.name)
  return at < 0 ? undefined : at
}
