/** The engine over a real device: one storage policy, its files and its index. */
import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import { type AuditAccess, DiskAuditAccess } from './audit-access.ts'
import { ConditionalWrites } from './conditional-writes.ts'
import { DamageMark } from './damage-mark.ts'
import { DiskConditionalStore } from './disk-conditional-store.ts'
import type {
  DeleteRequest,
  Lookup,
  LookupOptions,
  ObjectEngine,
  ObjectWriter,
  Opened,
  PostRequest,
  Probe,
  UpdateQueue,
  WriteOptions,
} from './engine.ts'
import { type DiskEngineOptions, EngineCore } from './engine-core.ts'
import { type PolicyPaths, policyPaths } from './layout.ts'
import type { ObjectCache } from './object-cache.ts'
import { ObjectIndex } from './object-index.ts'
import { ObjectReads } from './object-reads.ts'
import { ObjectWrites } from './object-writes.ts'
import { PromiseStore } from './promise-store.ts'
import type { RangeDigest } from './range-digests.ts'
import type { RecoveryReport } from './recovery.ts'
import { DiskReplicaAccess, type ReplicaAccess } from './replica-access.ts'

/** How long a stop waits for changes under way, milliseconds. */
const CHANGES_WAIT_MS = 5_000

export class DiskEngine implements ObjectEngine {
  readonly updates: UpdateQueue
  /** The same objects as replication sees them. */
  readonly replica: ReplicaAccess
  readonly conditional: ConditionalWrites
  /** The same objects as the auditor sees them. */
  readonly audit: AuditAccess
  readonly #core: EngineCore
  readonly #reads: ObjectReads
  readonly #writes: ObjectWrites

  /** Use `open`. */
  constructor(core: EngineCore, writes: ObjectWrites, conditional: ConditionalWrites) {
    this.#core = core
    this.#reads = new ObjectReads(core)
    this.#writes = writes
    this.conditional = conditional
    this.replica = new DiskReplicaAccess(core, this.#reads, this.#writes)
    this.audit = new DiskAuditAccess(core)
    this.updates = {
      list: (limit, after) => core.index.updates(limit, after),
      count: () => core.index.countUpdates(),
      figures: () => core.index.updateFigures(),
      settle: (delivered, changed) => core.index.settleUpdates(delivered, changed),
    }
  }

  /**
   * Opens one policy of a device whose directory `tmp` exists and is empty. Does not resolve before index and files
   * agree. Rejects with the errors of disk and index (`LEVEL_LOCKED` among them).
   */
  static async open(
    options: DiskEngineOptions,
  ): Promise<{ readonly engine: DiskEngine; readonly report: RecoveryReport }> {
    const paths = policyPaths(options.devicePath, options.policyIndex)
    await options.disk.mkdir(paths.objects, { recursive: true })
    await options.disk.mkdir(paths.pending, { recursive: true })
    await options.disk.syncDirectory(options.devicePath)
    const mark = new DamageMark(options.disk, options.devicePath, paths.index)
    try {
      if (await mark.isSet()) await setIndexAside(options, paths)
      return await openSound(options, paths, mark)
    } catch (error) {
      if (codeOf(error) !== 'LEVEL_CORRUPTION') throw error
      await setIndexAside(options, paths)
      return await openSound(options, paths, mark)
    }
  }

  lookUp(name: string, options: LookupOptions): Promise<Lookup> {
    return this.#reads.lookUp(name, options)
  }

  expect(names: readonly string[]): Promise<void> {
    return this.#reads.expect(names)
  }

  open(object: Parameters<ObjectEngine['open']>[0]): Promise<Opened> {
    return this.#reads.open(object)
  }

  probe(name: string): Promise<Probe> {
    return this.#reads.probe(name)
  }

  beginWrite(name: string, options: WriteOptions): ObjectWriter {
    return this.#writes.beginWrite(name, options)
  }

  post(name: string, request: PostRequest): ReturnType<ObjectEngine['post']> {
    return this.#writes.post(name, request)
  }

  delete(name: string, request: DeleteRequest): ReturnType<ObjectEngine['delete']> {
    return this.#writes.delete(name, request)
  }

  digestBelow(prefix: string): RangeDigest {
    return this.#core.index.digestBelow(prefix)
  }

  get cacheFigures(): ObjectCache['figures'] {
    return this.#core.cache.figures
  }

  /**
   * Waits for changes whose client has gone: one between its files and its index would leave what a clean start never looks
   * at. After a failure of the device, or when a change does not end, the index is left as it is, to be reconciled at the
   * next start.
   */
  async close(): Promise<void> {
    const { clock, health } = this.#core.options
    this.conditional.close()
    this.#core.bodies.close()
    const changes = await endedInTime(this.#core.locks.close(), clock)
    const removals = await this.#writes.settle()
    this.#core.cache.clear()
    const clean = changes === 'ended' && removals === 'settled' && health.failure === undefined
    if (clean) await this.#core.index.closeClean()
    else await this.#core.index.close()
    await this.#core.syncs.close()
  }
}

async function endedInTime(changes: Promise<void>, clock: Clock): Promise<'ended' | 'under_way'> {
  const waiting = new AbortController()
  const tooLong = clock.sleep(CHANGES_WAIT_MS, waiting.signal).catch(() => {})
  const outcome = await Promise.race([
    changes.then(() => 'ended' as const),
    tooLong.then(() => 'under_way' as const),
  ])
  waiting.abort()
  return outcome
}

async function openSound(
  options: DiskEngineOptions,
  paths: PolicyPaths,
  mark: DamageMark,
): Promise<{ readonly engine: DiskEngine; readonly report: RecoveryReport }> {
  const index = await ObjectIndex.open(options.kv, paths.index)
  try {
    const core = new EngineCore(options, index, paths, mark)
    if (index.digestsAre === 'of_an_earlier_rule') await core.renewDigests()
    const promises = await PromiseStore.open(index)
    // What was promised is not known any more: to be noted before the index counts as complete.
    if (index.condition === 'incomplete') await promises.forgetAllUntil(timestampNow(options.clock))
    const report = await core.recovery.run()
    const writes = new ObjectWrites(core)
    const kept = await DiskConditionalStore.open(core, writes, promises)
    await mark.clear()
    return {
      engine: new DiskEngine(core, writes, new ConditionalWrites(kept, core.pending, options.clock)),
      report,
    }
  } catch (error) {
    await index.close()
    throw error
  }
}

/** An index that cannot be read is kept for whoever wants to look, and built anew from the files. */
async function setIndexAside(options: DiskEngineOptions, paths: PolicyPaths): Promise<void> {
  const { kv, clock, log } = options
  const movedTo = `${paths.quarantined}-index-${Math.floor(clock.wallMs())}`
  log.error({ index: paths.index, movedTo }, 'the object index is damaged; it is rebuilt from the files')
  await kv.move(paths.index, movedTo).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
}
