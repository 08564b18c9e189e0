/** Container sync of a device: its containers, read as clients read them, to the clusters of the realms. */
import { NO_REALMS, type Realms } from '#auth/container-sync/realms.ts'
import { RemoteContainer, type RemoteOptions } from '#container-sync/remote-container.ts'
import { type RowSender, StoreRowSender } from '#container-sync/row-sender.ts'
import { createSyncWorker } from '#container-sync/sync-worker.ts'
import { RemoteTransport } from '#http/remote-transport.ts'
import type { Transport } from '#http/transport.ts'
import { ClusterStore } from '#images/data/cluster-store.ts'
import { ownStore } from '#store/features.ts'
import { imageObjects } from '#store/image-objects/image-objects.ts'
import { symlinks } from '#store/symlinks/symlinks.ts'
import { Gait } from '#worker/gait.ts'
import { turnOf } from '../container-turn.ts'
import { openEncryption } from '../encryption.ts'
import { openRealms } from '../realms-file.ts'
import { readPem } from '../tls-files.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const containerSyncWorker: MakeWorker = (context) => {
  const { environment, log, device, foreground, settings } = context
  const { clock } = environment
  const { intervalMs, containerTimeMs } = settings.container_sync
  const gait = new Gait({ clock, foreground })
  const parts = openLater(context)
  return createSyncWorker({
    clock,
    log,
    index: device.containers.index,
    realms: () => parts.realms(),
    turn: (name) => turnOf(context, name),
    remote: (target, userKey) =>
      new RemoteContainer(remoteOptions(context, parts.transport), target, userKey),
    sender: parts.sender,
    rest: (how) => gait.before({ files: 1 }, how),
    pauseMs: intervalMs,
    containerMs: containerTimeMs,
  })
}

interface Parts {
  readonly realms: () => Realms
  readonly transport: (secure: boolean) => Transport
  readonly sender: RowSender
}

/** Files are read and the store is opened meanwhile; until then there are no realms, and nothing is sent. */
function openLater(context: WorkerContext): Parts {
  const { environment, log, settings } = context
  const { clock, disk } = environment
  const { realmsFile, tlsAuthority } = settings.container_sync
  const plain = new RemoteTransport({ clock })
  let secure: Transport = plain
  let realms: () => Realms = () => NO_REALMS
  const opened = async (): Promise<void> => {
    if (realmsFile === undefined) return
    const authority = tlsAuthority === undefined ? undefined : await readPem(disk, tlsAuthority)
    secure = new RemoteTransport({ clock, tls: { authority } })
    realms = await openRealms({ clock, disk, log, path: realmsFile })
  }
  opened().catch((error: unknown) => log.error({ err: error }, 'containers are not synced'))
  let sender: Promise<RowSender> | undefined
  return {
    realms: () => realms(),
    transport: (isSecure) => (isSecure ? secure : plain),
    sender: {
      send: async (...row) => {
        sender ??= senderOf(context)
        return (await sender).send(...row)
      },
    },
  }
}

async function senderOf(context: WorkerContext): Promise<RowSender> {
  const { environment, log, settings } = context
  const { random } = environment
  const { store } = await workerStoreOf(context)
  const encryption = await openEncryption(environment, settings)
  const plain = ownStore(store, { environment, encryption })
  const whole = imageObjects({ random, bytes: new ClusterStore(plain) })(plain)
  return new StoreRowSender(symlinks(whole).objects, { txId: 'container-sync', signal: undefined, log })
}

function remoteOptions(
  { environment, settings }: WorkerContext,
  transport: Parts['transport'],
): RemoteOptions {
  const { clock, random } = environment
  const { connectTimeoutMs, responseTimeoutMs } = settings.container_sync
  return { clock, random, transport, connectTimeoutMs, responseTimeoutMs }
}
