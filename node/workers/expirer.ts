/** The expirer of a device. */
import { createExpirer } from '#expirer/expirer.ts'
import { PartsChecker } from '#expirer/parts-checker.ts'
import { StoreQueue, type TaskQueue } from '#expirer/queue.ts'
import { type ObjectRemover, StoreRemover } from '#expirer/remover.ts'
import { encryptionLayer } from '#store/encryption/encryption-layer.ts'
import { openEncryption } from '../encryption.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const expirerWorker: MakeWorker = (context) => {
  const { environment, log, foreground, settings } = context
  const { concurrency, tasksPerSecond, intervalMs } = settings.expirer
  const parts = partsOf(context)
  return createExpirer({
    clock: environment.clock,
    log,
    foreground,
    queue: {
      containers: async (nowSeconds) => (await parts()).queue.containers(nowSeconds),
      page: async (...asked) => (await parts()).queue.page(...asked),
      away: async (container) => (await parts()).queue.away(container),
      settle: async (tasks) => (await parts()).queue.settle(tasks),
      removeContainer: async (container) => (await parts()).queue.removeContainer(container),
    },
    remover: { remove: async (tasks) => (await parts()).remover.remove(tasks) },
    concurrency,
    tasksPerSecond,
    intervalMs,
  })
}

interface Parts {
  readonly queue: TaskQueue
  readonly remover: ObjectRemover
}

/** What the expirer works with, made at its first pass. */
function partsOf(context: WorkerContext): () => Promise<Parts> {
  let made: Promise<Parts> | undefined
  return () => {
    made ??= open(context)
    return made
  }
}

async function open(context: WorkerContext): Promise<Parts> {
  const { environment, log, device, host, settings } = context
  const { store, parts } = await workerStoreOf(context)
  const queue = new StoreQueue({
    clock: environment.clock,
    log,
    parts,
    store,
    index: device.containers.index,
    isSelf: (node) => node.host === host && node.device === device.name,
  })
  const encryption = await openEncryption(environment, settings)
  const decrypted = encryption && encryptionLayer({ random: environment.random, ...encryption })(store)
  const others = new StoreRemover({ parts, containers: store.containers, log })
  return { queue, remover: new PartsChecker({ store: decrypted ?? store, others, log }) }
}
