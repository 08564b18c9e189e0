/**
 * The background workers of a device: the one list of them, and the loops that run them in the process that owns the
 * device. To be stopped before the device is closed.
 */
import type { Worker } from '#worker/contract.ts'
import { WorkerLoop } from '#worker/loop.ts'
import { observeLoops, observePasses } from '#worker/metrics.ts'
import { heldByClock } from './held-worker.ts'
import { KeptPauses } from './kept-pauses.ts'
import type { MakeWorker, WorkerContext } from './worker-context.ts'
import { auditorWorker, quickAuditorWorker } from './workers/auditor.ts'
import { bucketReplicationWorker } from './workers/bucket-replication.ts'
import { censusWorker } from './workers/census.ts'
import { containerSyncWorker } from './workers/container-sync.ts'
import { databaseAuditorWorker } from './workers/database-auditor.ts'
import { databaseReplicatorWorker } from './workers/database-replicator.ts'
import { expirerWorker } from './workers/expirer.ts'
import { lifecycleWorker } from './workers/lifecycle.ts'
import { listingAuditorWorker } from './workers/listing-auditor.ts'
import { notifierWorker } from './workers/notifier.ts'
import { reaperWorker } from './workers/reaper.ts'
import { reconcilerWorker } from './workers/reconciler.ts'
import { replicatorWorker } from './workers/replicator.ts'
import { updaterWorker } from './workers/updater.ts'

/** Every worker, in the order in which people are shown them. */
const WORKERS: readonly MakeWorker[] = [
  updaterWorker,
  replicatorWorker,
  databaseReplicatorWorker,
  reaperWorker,
  reconcilerWorker,
  censusWorker,
  quickAuditorWorker,
  auditorWorker,
  databaseAuditorWorker,
  listingAuditorWorker,
  expirerWorker,
  lifecycleWorker,
  notifierWorker,
  bucketReplicationWorker,
  containerSyncWorker,
]

/** Those that delete by the clock; the replicators ask before they forget something. */
const BY_THE_CLOCK: ReadonlySet<string> = new Set(['expirer', 'reaper', 'lifecycle'])

/** All workers of the device, but those that are switched off. None of them runs by itself. */
export function makeWorkers(context: WorkerContext): readonly Worker[] {
  const { settings, device, environment } = context
  const off = new Set(settings.workers.off)
  return WORKERS.map((make) => make(context))
    .filter(({ name }) => !off.has(name))
    .map((worker) =>
      BY_THE_CLOCK.has(worker.name) ? heldByClock(worker, device.isClockInDoubt, environment.clock) : worker,
    )
}

export class DeviceWorkers {
  readonly loops: readonly WorkerLoop[]

  private constructor(loops: readonly WorkerLoop[]) {
    this.loops = loops
  }

  /** Makes the workers of the device and their loops; `start` begins to run them. */
  static async open(context: WorkerContext): Promise<DeviceWorkers> {
    const { environment, log, metrics, device } = context
    const { clock, disk } = environment
    const pauses = await KeptPauses.open(disk, device.path, log)
    const observe = observePasses(metrics)
    const loops = makeWorkers(context).map((worker) => {
      return new WorkerLoop({ worker, clock, log: log.child({ worker: worker.name }), pauses, observe })
    })
    observeLoops(metrics, () => loops)
    return new DeviceWorkers(loops)
  }

  /** Begins to run all of them, gently. */
  start(): void {
    for (const loop of this.loops) loop.start()
  }

  /** Resolves when every pass under way has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.stop()))
  }
}
