/** The notifier of a device: it sends the events that wait in the containers that the device has a replica of. */
import { outsideClient } from '#http/outside-client.ts'
import { createNotifier, type NotifierQueue } from '#notifier/notifier.ts'
import { webhookSender } from '#notifier/webhook.ts'
import { replicasThere } from '#store/container-replicas.ts'
import { EventQueue, eventShards } from '#store/notifications/event-queue.ts'
import type { OperationContext } from '#store/operation.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

/** Policy of the cluster's own account. */
const POLICY = 0

export const notifierWorker: MakeWorker = (context) => {
  const { environment, log, device, settings } = context
  const { intervalMs, allowedHosts, timeoutMs } = settings.notifier
  const { clock } = environment
  let opened: Promise<Pick<NotifierQueue, 'sharing' | 'read' | 'remove'>> | undefined
  const parts = () => {
    opened ??= open(context)
    return opened
  }
  return createNotifier({
    clock,
    log,
    intervalMs,
    send: webhookSender({
      fetch: outsideClient(clock),
      log,
      allowedHosts: allowedHosts.map((host) => host.toLowerCase()),
      silenceMs: timeoutMs,
    }),
    queue: {
      shards: eventShards(),
      page: async (shard, after, limit) => {
        // Most devices have no replica of most of them, and all are looked at every other second.
        if ((await device.containers.index.state(shard)) === undefined) return []
        const query = { marker: after, limit, direction: 'forward', reservedNames: 'shown' } as const
        const entries = await device.containers.index.list(shard, POLICY, query)
        return entries.flatMap((entry) => (entry.kind === 'row' ? [entry.row.name] : []))
      },
      sharing: async (shard) => (await parts()).sharing(shard),
      read: async (name) => (await parts()).read(name),
      remove: async (name) => (await parts()).remove(name),
    },
  })
}

async function open(context: WorkerContext): Promise<Pick<NotifierQueue, 'sharing' | 'read' | 'remove'>> {
  const { log, host, device } = context
  const { store, parts } = await workerStoreOf(context)
  const queue = new EventQueue(store, parts.timestamps)
  const asker: OperationContext = { txId: 'notifier', signal: undefined, log }
  return {
    sharing: (shard) =>
      replicasThere(parts, shard, (node) => node.host === host && node.device === device.name),
    read: (name) => queue.read(asker, name),
    remove: (name) => queue.remove(asker, name),
  }
}
