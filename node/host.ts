/**
 * One host of a cluster of several: its storage devices (`martlet node`), or its proxies (`martlet proxy`). Who the cluster
 * is and where everything lives comes from files that all hosts share.
 */
import { resolve } from 'node:path'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import { type ClusterFile, readClusterFile } from './cluster-file.ts'
import { deviceNamesOn } from './device-endpoints.ts'
import type { Settings } from './options.ts'

/** Why a host cannot start, for a person. */
export interface NoHost {
  readonly failed: string
}

export interface HostFiles {
  readonly cluster: ClusterFile
  readonly ringsPath: string
}

/** Reads the files that make the host a part of its cluster. */
export async function readHostFiles(
  environment: Environment,
  settings: Settings,
): Promise<HostFiles | NoHost> {
  const { file, rings } = settings.cluster
  if (file === undefined)
    return { failed: 'cluster.file is missing: the cluster file of `martlet cluster create`' }
  if (rings === undefined) return { failed: 'cluster.rings is missing: the directory with the ring files' }
  const cluster = await readClusterFile(environment.disk, resolve(file))
  if (cluster === undefined) return { failed: `there is no cluster file ${file}` }
  if ('broken' in cluster) return { failed: cluster.broken }
  return { cluster, ringsPath: resolve(rings) }
}

export interface StorageHost extends HostFiles {
  /** Address of the host in the rings. */
  readonly host: string
  readonly devicesPath: string
  /** Names of its devices in the rings. */
  readonly devices: readonly string[]
}

/** What this host stores, by the rings. */
export async function readStorageHost(
  environment: Environment,
  log: Logger,
  settings: Settings,
  policies: StoragePolicies,
): Promise<StorageHost | NoHost> {
  const files = await readHostFiles(environment, settings)
  if ('failed' in files) return files
  const { host, devices: devicesPath } = settings.storage
  if (host === undefined) return { failed: 'storage.host is missing: the address of this host in the rings' }
  if (devicesPath === undefined)
    return { failed: 'storage.devices is missing: the directory with the devices' }
  const indexes = policies.all.map(({ index }) => index)
  const rings = await RingDirectory.open({ environment, log, directory: files.ringsPath, policies: indexes })
  if (!(rings instanceof RingDirectory))
    return { failed: `ring ${rings.path} cannot be used: ${rings.reason}` }
  rings.close()
  const devices = deviceNamesOn(rings, host)
  if (devices.length === 0) return { failed: `the rings have no device on ${host}` }
  return { ...files, host, devicesPath: resolve(devicesPath), devices }
}
