import t from 'tap'
import type { PassReport, Worker } from '#worker/contract.ts'
import { RECON_FIGURES } from './recon-figures.ts'

const ENDED_SECONDS = 1_700_000_120

/** A worker whose last pass took two minutes. */
function worker(name: string, parts: Partial<PassReport>): Worker {
  const none = { found: {}, repaired: {}, waiting: {} }
  const report: PassReport = {
    worker: name,
    startedMs: 1_700_000_000_000,
    durationMs: 120_000,
    ended: 'complete',
    ...none,
    ...parts,
  }
  return {
    name,
    runOnce: async () => report,
    progress: () => undefined,
    lastPass: () => report,
    pauseMs: () => 1,
  }
}

t.test('a worker that never ran has nothing to tell', async (t) => {
  for (const figures of Object.values(RECON_FIGURES)) {
    const told = figures([], 'object', 'd1')
    t.ok(told === undefined || Object.values(told).every((value) => value === null))
  }
})

t.test(
  'replication is told in minutes for objects and in seconds for databases, as Swift does',
  async (t) => {
    const found = { partitions: 768 }
    const workers = [
      worker('replicator', { found, repaired: { objects_fetched: 3, bytes_fetched: 1000 } }),
      worker('database-replicator', { waiting: { databases_unreachable: 2 } }),
    ]
    t.same(RECON_FIGURES.replication?.(workers, 'object', 'd1'), {
      replication_time: 2,
      replication_last: ENDED_SECONDS,
      replication_stats: { attempted: 768, success: 3, failure: 0 },
      object_replication_time: 2,
      object_replication_last: ENDED_SECONDS,
    })
    t.same(RECON_FIGURES.replication?.(workers, 'container', 'd1'), {
      replication_time: 120,
      replication_last: ENDED_SECONDS,
      replication_stats: { attempted: 2, success: 0, failure: 2 },
    })
  },
)

t.test('auditors, updater and expirer are told under the names of Swift’s', async (t) => {
  const workers = [
    worker('auditor', { found: { objects: 100, damaged_files: 1, missing_files: 1 } }),
    worker('database-auditor', { found: { containers: 7, damaged_databases: 1 } }),
    worker('updater', {}),
    worker('expirer', { repaired: { deleted: 5 } }),
  ]
  t.match(RECON_FIGURES.auditor?.(workers, 'object', 'd1'), {
    object_auditor_stats_ALL: { d1: { passes: 100, quarantined: 2, audit_time: 120 } },
    object_auditor_stats_ZBF: null,
  })
  t.match(RECON_FIGURES.auditor?.(workers, 'container', 'd1'), {
    container_audits_passed: 7,
    container_audits_failed: 1,
    container_auditor_pass_completed: 120,
  })
  t.same(RECON_FIGURES.updater?.(workers, 'container', 'd1'), { container_updater_sweep: 120 })
  t.same(RECON_FIGURES.expirer?.(workers, 'object', 'd1'), {
    object_expiration_pass: 120,
    expired_last_pass: 5,
  })
})
