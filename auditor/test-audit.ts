/** An auditor over an engine in memory, with a good replica elsewhere, for tests. */
import type { KvStore } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { MemoryDiskOptions } from '#disk/memory-disk.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { memoryNotes, type Notes } from '#object-server/device-notes.ts'
import { putObject, second } from '#object-server/engine-contract.ts'
import type { CopyToRepair, ObjectRepairs, RepairOutcome } from '#object-server/replication/repairs.ts'
import { newMachine, startEngine, type TestEngine } from '#object-server/test-engine.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { type DataChecker, inlineChecker } from './data-checker.ts'
import { createObjectAuditor, type ObjectAuditorOptions } from './object-auditor.ts'

export interface AuditScene extends TestEngine {
  /** The store of the index itself. */
  readonly index: KvStore
  readonly clock: VirtualClock
  readonly notes: Notes
  readonly checker: DataChecker
  /** Copies that were asked for. */
  readonly asked: CopyToRepair[]
  /** What another replica would bring. */
  readonly goodCopies: Map<string, () => Promise<unknown>>
  auditor(depth: 'quick' | 'full', options?: Partial<ObjectAuditorOptions>): Worker
  /** One pass at full pace. */
  audit(depth: 'quick' | 'full', options?: Partial<ObjectAuditorOptions>): Promise<PassReport>
  /** Puts an object here, and remembers how to fetch it again. */
  put(name: string, body: Buffer | string, seconds?: number): Promise<void>
}

/** Stores that a test can reach into behind the engine's back. */
export class OpenKv extends MemoryKv {
  readonly stores = new Map<string, KvStore>()

  override async open(path: string): Promise<KvStore> {
    const store = await super.open(path)
    this.stores.set(path, store)
    return store
  }
}

/** Late enough that what tests put is older than nothing that matters, and younger than reclaim age. */
const NOW_MS = 1_700_100_000_000

export async function auditScene(
  options?: MemoryDiskOptions,
  reclaimAgeSeconds?: number,
): Promise<AuditScene> {
  const clock = new VirtualClock({ startMs: NOW_MS })
  const kv = new OpenKv()
  const started = await startEngine({ ...newMachine(options), kv }, { clock, reclaimAgeSeconds })
  const notes = memoryNotes()
  const asked: CopyToRepair[] = []
  const goodCopies = new Map<string, () => Promise<unknown>>()
  const repairs: ObjectRepairs = {
    repair: async (copy): Promise<RepairOutcome> => {
      asked.push(copy)
      const fetch = goodCopies.get(copy.hash)
      if (fetch === undefined) return 'nobody_has_it'
      await fetch()
      return 'healed'
    },
    spread: () => {},
    hurry: () => {},
  }
  const checker = inlineChecker(started.disk.remount())
  const auditor: AuditScene['auditor'] = (depth, more = {}) =>
    createObjectAuditor({
      depth,
      clock,
      log: silentLogger,
      foreground: new Foreground(clock),
      policies: [{ policyIndex: 0, access: started.engine.audit }],
      checker,
      repairs,
      notes,
      everyMs: 1000,
      ...more,
    })
  return {
    ...started,
    index: kv.stores.get('/sda/index') as KvStore,
    clock,
    notes,
    checker,
    asked,
    goodCopies,
    auditor,
    audit: (depth, more) =>
      finished(clock, auditor(depth, more).runOnce({ pace: 'full', signal: new AbortController().signal })),
    put: async (name, body, seconds = 1) => {
      const store = (): Promise<unknown> => putObject(started.engine, second(seconds), body, { name })
      await store()
      goodCopies.set(started.engine.replica.hashOf(name), store)
    },
  }
}

/** Lets virtual time run until it is done. */
export async function finished<Result>(clock: VirtualClock, work: Promise<Result>): Promise<Result> {
  let done = false
  void work.finally(() => {
    done = true
  })
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(10)
  }
  return work
}
