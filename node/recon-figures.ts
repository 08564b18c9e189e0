/**
 * What `swift-recon` and monitoring made for OpenStack Swift see of a device: the figures of our workers in the fields of
 * theirs (`/recon/…`, `backend/recon.ts`). Where ours count something else, the nearest is given and `docs/operations.md` says which.
 */
import type { ClockWatch } from '#backend/clock-watch.ts'
import {
  type QuarantinedCounts,
  type ReconProviders,
  recon,
  type WorkerFigures,
  type WorkerName,
} from '#backend/recon.ts'
import type { Clock } from '#base/environment.ts'
import type { Layer } from '#http/message.ts'
import type { Figures, PassReport, Worker } from '#worker/contract.ts'
import type { ClockAnswer } from './device-clock.ts'
import { countNames, RingFiles } from './device-figures.ts'
import type { ServerType } from './rings.ts'
import type { WorkerContext } from './worker-context.ts'

/** Where `swift-recon` looks for the file that is the same on all hosts; ours is another, so there is nothing to compare. */
const SWIFT_CONF = '/etc/swift/swift.conf'
const MINUTE_SECONDS = 60

export interface ReconOptions extends WorkerContext {
  readonly version: string
  readonly workers: readonly Worker[]
  /** That of the machine, and what the device makes of it. */
  readonly wall: Clock
  readonly watch: ClockWatch
}

/** Answers `/recon/…` of one device. */
export function reconLayer(options: ReconOptions): Layer {
  const { environment, devicesPath, device, rings, version, workers, wall, watch } = options
  const ringFiles = new RingFiles(rings, environment.disk)
  const providers: ReconProviders = {
    version,
    clock: wall,
    clockStanding: (): ClockAnswer => {
      const { clock, standing } = watch
      return { time: clock.wallMs() / 1000, wall: wall.wallMs() / 1000, standing }
    },
    disk: environment.disk,
    devicesPath,
    drives: [device.objects.device.drive],
    ringMd5: async () => {
      const digests: Record<string, string | null> = {}
      for (const [, { path }] of rings.all()) digests[path] = (await ringFiles.md5(path)) ?? null
      return digests
    },
    configMd5: async () => ({ [SWIFT_CONF]: null }),
    asyncPending: async () => (await named(workers, 'updater')?.live?.())?.['object_rows'] ?? 0,
    quarantined: () => quarantinedCounts(options),
    worker: (worker, type) => RECON_FIGURES[worker]?.(workers, type, device.name),
  }
  return recon(providers)
}

async function quarantinedCounts({ device, environment }: ReconOptions): Promise<QuarantinedCounts> {
  const files = await device.objects.device.quarantinedFiles()
  const quarantine = `${device.path}/quarantined`
  return {
    accounts: await countNames(environment.disk, `${quarantine}/accounts`),
    containers: await countNames(environment.disk, `${quarantine}/containers`),
    objects: [...files.values()].reduce((sum, count) => sum + count, 0),
    policies: Object.fromEntries([...files].map(([index, objects]) => [String(index), { objects }])),
  }
}

type FiguresOf = (workers: readonly Worker[], type: ServerType, device: string) => WorkerFigures | undefined

/** OpenStack Swift's names of what each worker leaves in its recon cache. */
export const RECON_FIGURES: Partial<Record<WorkerName, FiguresOf>> = {
  replication: replicationFigures,
  updater: (workers, type) => {
    const last = named(workers, 'updater')?.lastPass()
    return last && { [`${type}_updater_sweep`]: last.durationMs / 1000 }
  },
  auditor: auditorFigures,
  expirer: (workers) => {
    const last = named(workers, 'expirer')?.lastPass()
    if (last === undefined) return undefined
    const expired = last.repaired['deleted'] ?? 0
    return { object_expiration_pass: last.durationMs / 1000, expired_last_pass: expired }
  },
}

/** Swift's object replicator counts minutes, those of databases seconds. */
function replicationFigures(workers: readonly Worker[], type: ServerType): WorkerFigures | undefined {
  const last = named(workers, type === 'object' ? 'replicator' : 'database-replicator')?.lastPass()
  if (last === undefined) return undefined
  const endedSeconds = (last.startedMs + last.durationMs) / 1000
  const seconds = last.durationMs / 1000
  const minutes = seconds / MINUTE_SECONDS
  return {
    replication_time: type === 'object' ? minutes : seconds,
    replication_last: endedSeconds,
    replication_stats: {
      attempted: last.found['partitions'] ?? totalOf(last.repaired) + totalOf(last.waiting),
      success: totalOf(last.repaired),
      failure: totalOf(last.waiting),
    },
    ...(type === 'object' ? { object_replication_time: minutes, object_replication_last: endedSeconds } : {}),
  }
}

function auditorFigures(
  workers: readonly Worker[],
  type: ServerType,
  device: string,
): WorkerFigures | undefined {
  if (type !== 'object') return databaseAuditFigures(workers, type)
  const stats = (worker: string): object | null => {
    const last = named(workers, worker)?.lastPass()
    return last === undefined ? null : { [device]: auditStats(last) }
  }
  return {
    object_auditor_stats_ALL: stats('auditor'),
    object_auditor_stats_ZBF: stats('quick-auditor'),
  }
}

function auditStats({ startedMs, durationMs, found, bytes = 0 }: PassReport): object {
  const bad = sumOf(found, ['damaged_files', 'missing_files'])
  return {
    audit_time: durationMs / 1000,
    bytes_processed: bytes,
    passes: found['objects'] ?? 0,
    errors: 0,
    quarantined: bad,
    start_time: startedMs / 1000,
  }
}

function databaseAuditFigures(workers: readonly Worker[], type: ServerType): WorkerFigures | undefined {
  const last = named(workers, 'database-auditor')?.lastPass()
  if (last === undefined) return undefined
  return {
    [`${type}_audits_passed`]: last.found[`${type}s`] ?? 0,
    // One index holds all of a kind; which of them a damaged one belongs to is not told apart.
    [`${type}_audits_failed`]: sumOf(last.found, ['damaged_databases', 'unreadable_databases']),
    [`${type}_audits_since`]: last.startedMs / 1000,
    [`${type}_auditor_pass_completed`]: last.durationMs / 1000,
  }
}

function named(workers: readonly Worker[], name: string): Worker | undefined {
  return workers.find((worker) => worker.name === name)
}

function totalOf(figures: Figures): number {
  return Object.entries(figures)
    .filter(([name]) => !name.startsWith('bytes') && !name.endsWith('_seconds'))
    .reduce((sum, [, value]) => sum + value, 0)
}

function sumOf(figures: Figures, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (figures[name] ?? 0), 0)
}
