/** What every process of a cluster has, whatever it serves: environment, log, figures, rings, a way to talk to others. */
import { type PolicyOptions, parsePolicies, StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import { createLogger, type Logger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import type { LocalTransport } from '#http/local-transport.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import type { ClusterFile } from './cluster-file.ts'
import { realEnvironment } from './environment.ts'
import type { Settings } from './options.ts'
import { openProcessTransport } from './process-transport.ts'

/** What every process is told. */
export interface ProcessAssignment {
  readonly ringsPath: string
  readonly cluster: ClusterFile
  readonly settings: Settings
  readonly policyOptions: readonly PolicyOptions[]
  readonly version: string
}

export interface ProcessParts {
  readonly environment: Environment
  readonly log: Logger
  readonly metrics: Metrics
  readonly policies: StoragePolicies
  readonly rings: RingDirectory
  readonly transport: LocalTransport
}

/** Rejects with an `Error` whose message is a sentence for a person. */
export async function openProcess(program: string, assignment: ProcessAssignment): Promise<ProcessParts> {
  const { settings, cluster, ringsPath, policyOptions } = assignment
  const environment = realEnvironment()
  const log = createLogger({ level: settings.log.level, clock: environment.clock }).child({
    process: program,
  })
  const policies = parsePolicies(policyOptions)
  if (!(policies instanceof StoragePolicies)) throw new Error(policies.message)
  const indexes = policies.all.map(({ index }) => index)
  const rings = await RingDirectory.open({ environment, log, directory: ringsPath, policies: indexes })
  if (!(rings instanceof RingDirectory)) throw new Error(`ring ${rings.path} cannot be used: ${rings.reason}`)
  const metrics = new Metrics()
  metrics.includeProcess()
  const transport = await openProcessTransport({ environment, log, cluster, storage: settings.storage })
  return { environment, log, metrics, policies, rings, transport }
}
