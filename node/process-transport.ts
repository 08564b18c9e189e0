/**
 * How a process talks to the cluster's servers: those it runs itself are called directly, all others over signed
 * requests, and over TLS where the cluster's servers speak it.
 */
import { signedTransport } from '#backend/node-auth.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { LocalTransport } from '#http/local-transport.ts'
import { RemoteTransport } from '#http/remote-transport.ts'
import type { ClusterFile } from './cluster-file.ts'
import type { Settings } from './options.ts'
import { storageClientTls } from './tls-files.ts'

export interface ProcessTransportOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly cluster: ClusterFile
  readonly storage: Settings['storage']
}

/** Rejects when a file of the TLS settings cannot be read. */
export async function openProcessTransport(options: ProcessTransportOptions): Promise<LocalTransport> {
  const { environment, log, cluster, storage } = options
  const { clock, disk } = environment
  const remote = new RemoteTransport({
    clock,
    tls: await storageClientTls(disk, storage),
    links: 'offered',
  })
  const inner = signedTransport(remote, nodeSecretOf(cluster), environment)
  return new LocalTransport({ inner, clock, log })
}

/** The secret under which requests between processes are signed; `undefined` when they are not. */
export function nodeSecretOf(cluster: ClusterFile): Buffer | undefined {
  return cluster.nodeSecret === '' ? undefined : Buffer.from(cluster.nodeSecret)
}
