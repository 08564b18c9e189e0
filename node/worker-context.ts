/** What the workers of a device are made from. Each worker takes what it needs; `workers/<name>.ts` makes one. */
import type { KeySecret } from '#auth/key-ring.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { HashPathSalt } from '#base/names.ts'
import type { Transport } from '#http/transport.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { Worker } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import type { Settings } from './options.ts'
import type { StorageDevice } from './storage-device.ts'

export interface WorkerContext {
  readonly environment: Environment
  /** Says which device it is. */
  readonly log: Logger
  readonly metrics: Metrics
  /** The engines that workers read, and through which alone they write. */
  readonly device: StorageDevice
  /** Address of this host in the rings. */
  readonly host: string
  readonly devicesPath: string
  readonly salt: HashPathSalt
  /** Of the cluster: what clients asked to have encrypted is encrypted under keys derived from them. */
  readonly clusterSecrets: readonly KeySecret[]
  readonly policies: StoragePolicies
  /** The rings of this moment. */
  readonly rings: RingDirectory
  /** Reaches all servers of the cluster, those of this process too. */
  readonly transport: Transport
  readonly settings: Settings
  /** How busy clients keep this process. */
  readonly foreground: Foreground
}

export type MakeWorker = (context: WorkerContext) => Worker
