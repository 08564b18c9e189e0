/**
 * The audit of the objects of a device. Two workers are made of it, with passes, rates and positions of their own:
 *
 *  - `quick-auditor` holds index and files against each other both ways: every entry has its files, with the right length
 *    and a readable record whose name has the hash of its place; every file has an entry; the digests of the index are
 *    those of its entries. No bodies are read.
 *  - `auditor` does the same and reads every byte of every body: CRCs of the blocks and the MD5.
 *
 * A bad copy is taken out of service, kept, and fetched again at once from another replica, then read back. The position
 * survives restarts.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { AuditAccess, AuditedObject, FileFault } from '#object-server/audit-access.ts'
import type { Notes } from '#object-server/device-notes.ts'
import type { DiskFailed } from '#object-server/engine.ts'
import { fileName, filesOf, parseFileName } from '#object-server/layout.ts'
import type { CopyToRepair, ObjectRepairs } from '#object-server/replication/repairs.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import { Gait } from '#worker/gait.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { checkFile, type DataChecker } from './data-checker.ts'
import { KeptPosition, pauseUntilNext } from './position.ts'
import { PassRepairs } from './repairs.ts'

export interface AuditedPolicy {
  readonly policyIndex: number
  readonly access: AuditAccess
}

export interface ObjectAuditorOptions {
  /** `quick`: bodies are not read. */
  readonly depth: 'quick' | 'full'
  readonly clock: Clock
  readonly log: Logger
  readonly foreground: Foreground
  readonly policies: readonly AuditedPolicy[]
  readonly checker: DataChecker
  readonly repairs: ObjectRepairs
  readonly notes: Notes
  /** At most; a device with little on it is gone through more slowly (`unhurried`). `undefined`: no limit. */
  readonly filesPerSecond?: number | undefined
  readonly bytesPerSecond?: number | undefined
  /** From the end of one pass to the beginning of the next, milliseconds. */
  readonly everyMs: number
}

export const AUDITOR_NAMES = { quick: 'quick-auditor', full: 'auditor' } as const

const LEAVES = 256
/** Entries read from the index at a time: nothing of it is held open in between. */
const PAGE = 256
/** The position is kept so often at most, milliseconds. */
const KEEP_EVERY_MS = 10_000
/** Files without an entry that are settled at the end of a pass; with more the next pass goes on. */
const STRAYS_MAX = 10_000
/**
 * Copies given up in one pass because their sectors cannot be read. A few are what disks do; more than these are a disk
 * that dies, and reading it empty is not for the auditor to do.
 */
const UNREADABLE_MAX = 16

/** Makes the worker of one depth. */
export function createObjectAuditor(options: ObjectAuditorOptions): Worker {
  const name = AUDITOR_NAMES[options.depth]
  const kept = new KeptPosition(options.notes, name)
  return passWorker({
    name,
    clock: options.clock,
    log: options.log,
    unit: 'objects',
    pauseMs: () => pauseUntilNext(kept, options.everyMs, options.clock.wallMs()),
    pass: (pass, how) => new ObjectPass(options, kept, pass, how).run(),
  })
}

/** Which part of the time between two passes a pass may take, where its rate allows. */
const SHARE_OF_INTERVAL = 0.1
/** Even where that would be more than enough, files a second. */
const LEAST_FILES_PER_SECOND = { quick: 50, full: 5 } as const

/**
 * As many files a second as are enough: what was written in one go, a minute after the start or before, would otherwise be looked
 * at in one go, by all devices of a machine.
 */
function unhurried({ filesPerSecond, policies, everyMs, depth }: ObjectAuditorOptions): number | undefined {
  if (filesPerSecond === undefined) return undefined
  const enough = objectsIn(policies) / ((everyMs / 1000) * SHARE_OF_INTERVAL)
  return Math.min(filesPerSecond, Math.max(LEAST_FILES_PER_SECOND[depth], enough))
}

function objectsIn(policies: readonly AuditedPolicy[]): number {
  return policies.reduce((sum, { access }) => sum + access.count(''), 0)
}

interface Stray {
  readonly policy: AuditedPolicy
  readonly leaf: string
  readonly name: string
}

class ObjectPass {
  readonly #options: ObjectAuditorOptions
  readonly #kept: KeptPosition
  readonly #pass: Pass
  readonly #how: PassOptions
  readonly #gait: Gait
  readonly #repairs: PassRepairs
  readonly #strays: Stray[] = []
  #done = 0
  #inLeaf = 0
  #keptMs: number
  #unreadable = 0

  constructor(options: ObjectAuditorOptions, kept: KeptPosition, pass: Pass, how: PassOptions) {
    this.#options = options
    this.#kept = kept
    this.#pass = pass
    this.#how = how
    this.#gait = new Gait({ ...options, filesPerSecond: unhurried(options) })
    this.#keptMs = options.clock.monotonicMs()
    const verify = (copy: CopyToRepair): ReturnType<ObjectPass['verify']> => this.verify(copy)
    this.#repairs = new PassRepairs({ clock: options.clock, repairs: options.repairs, verify }, pass)
  }

  async run(): Promise<'complete'> {
    const { policies, clock } = this.#options
    const from = this.#kept.position
    this.#done = from?.done ?? 0
    this.#pass.resumeAfter(this.#done)
    this.#pass.expect(objectsIn(policies))
    for (const policy of policies) {
      if (from !== undefined && policy.policyIndex < from.policyIndex) continue
      const first = from?.policyIndex === policy.policyIndex ? from.leaf : 0
      const inUse = expectDisk(await policy.access.leaves())
      for (let leaf = first; leaf < LEAVES; leaf += 1)
        if (inUse.has(nameOf(leaf))) await this.#leafOrStop(policy, leaf)
    }
    await this.#settleStrays()
    await this.#repairs.settle(this.#how.signal)
    await this.#kept.completed(clock.wallMs())
    return 'complete'
  }

  /** A copy that was made good, read whole. */
  async verify({ policyIndex, hash }: CopyToRepair): Promise<'good' | 'bad' | 'gone'> {
    const access = this.#options.policies.find((policy) => policy.policyIndex === policyIndex)?.access
    const object = await access?.entry(hash)
    if (access === undefined || object === undefined || isFailure(object)) return 'bad'
    if (object.state.data === undefined) return object.state.lost === undefined ? 'gone' : 'bad'
    const faults = await access.inspect(object)
    if (isFailure(faults) || faults.length > 0) return 'bad'
    const data = await access.dataOf(object)
    if (data === undefined || isFailure(data)) return 'bad'
    const file = { path: data.path, fileBytes: data.version.fileBytes, record: data.object.data }
    const outcome = await checkFile(this.#options.checker, file, async () => {})
    return outcome.kind === 'good' ? 'good' : 'bad'
  }

  async #leafOrStop(policy: AuditedPolicy, leaf: number): Promise<void> {
    const { policyIndex } = policy
    try {
      await this.#leaf(policy, nameOf(leaf))
    } catch (error) {
      await this.#kept.keep({ policyIndex, leaf, done: this.#done })
      throw error
    }
    this.#done += this.#inLeaf
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#keptMs < KEEP_EVERY_MS) return
    this.#keptMs = nowMs
    await this.#kept.keep({ policyIndex, leaf: leaf + 1, done: this.#done })
  }

  async #leaf(policy: AuditedPolicy, leaf: string): Promise<void> {
    const { access } = policy
    this.#inLeaf = 0
    await this.#gait.before({ files: 0 }, this.#how)
    const present = new Set(expectDisk(await access.namesIn(leaf)))
    const ranges = new Set<string>()
    for (let after: string | undefined; ; ) {
      const page = expectDisk(await access.entries(leaf, after, PAGE))
      for (const object of page) {
        for (const file of filesOf(object.hash, object.state)) present.delete(fileName(file))
        ranges.add(object.hash.slice(0, 4))
        await this.#object(policy, object)
        this.#inLeaf += 1
        this.#pass.advance()
      }
      if (page.length < PAGE) break
      after = page.at(-1)?.hash
    }
    this.#noteStrays(policy, leaf, present)
    await this.#digests(policy, leaf, ranges)
  }

  async #object(policy: AuditedPolicy, object: AuditedObject): Promise<void> {
    const { access } = policy
    await this.#gait.before({ files: 1 }, this.#how)
    this.#pass.count('found', 'objects')
    if (object.state.lost !== undefined) {
      this.#pass.count('found', 'lost')
      this.#ask(policy, object.hash)
    }
    const faults = await access.inspect(object)
    if (isFailure(faults)) return this.#pass.count('waiting', 'disk_failures')
    if (faults.length > 0) await this.#mend(policy, object, faults)
    else if (this.#options.depth === 'full') await this.#body(policy, object)
  }

  /** What was seen without the lock may have been a write under way. */
  async #mend(policy: AuditedPolicy, object: AuditedObject, faults: readonly FileFault[]): Promise<void> {
    if (faults.some(({ kind }) => kind === 'unreadable')) return await this.#unreadableTwice(policy, object)
    const mended = await policy.access.mend(object.hash)
    if (typeof mended !== 'string') return this.#pass.count('waiting', 'disk_failures')
    if (mended === 'sound') return
    this.#options.log.error(
      { policy: policy.policyIndex, hash: object.hash, faults, mended },
      'a copy was not what it should be',
    )
    this.#pass.count('found', mended === 'lost' ? 'missing_files' : 'damaged_files')
    if (mended === 'restored') this.#pass.count('repaired', 'restored')
    else this.#ask(policy, object.hash)
  }

  async #body(policy: AuditedPolicy, object: AuditedObject): Promise<void> {
    const { access } = policy
    const data = await access.dataOf(object)
    if (data === undefined) return
    if (isFailure(data)) return this.#pass.count('waiting', 'disk_failures')
    const file = { path: data.path, fileBytes: data.version.fileBytes, record: data.object.data }
    const check = (): ReturnType<typeof checkFile> =>
      checkFile(this.#options.checker, file, async (bytes) => {
        await this.#gait.before({ files: 0, bytes }, this.#how)
        this.#pass.moveBytes(bytes)
      })
    let outcome = await check()
    // Nothing is given up for what one reading said: memory and buses err too.
    if (outcome.kind === 'damaged' || outcome.kind === 'unreadable') outcome = await check()
    switch (outcome.kind) {
      case 'good':
        return
      case 'damaged':
        await access.quarantine(object.hash, data.version, outcome.reason)
        this.#pass.count('found', 'damaged_files')
        return this.#ask(policy, object.hash)
      case 'missing':
        return await this.#mend(policy, object, [])
      case 'unreadable':
        // Too many open files, say, tell nothing about sectors.
        if (outcome.code !== 'EIO') return this.#pass.count('waiting', 'not_checked')
        return await this.#giveUpUnreadable(policy, object)
      case 'forgotten':
        return this.#pass.count('waiting', 'not_checked')
    }
  }

  /** Nothing is given up for one reading of a record either, nor a body because of what a POST left. */
  async #unreadableTwice(policy: AuditedPolicy, object: AuditedObject): Promise<void> {
    const faults = await policy.access.inspect(object)
    if (isFailure(faults)) return this.#pass.count('waiting', 'disk_failures')
    const unreadable = faults.filter(({ kind }) => kind === 'unreadable')
    if (unreadable.some(({ file }) => file.kind === 'data'))
      return await this.#giveUpUnreadable(policy, object)
    if (unreadable.length > 0) return this.#pass.count('found', 'unreadable_files')
    if (faults.length > 0) await this.#mend(policy, object, faults)
  }

  async #giveUpUnreadable(policy: AuditedPolicy, object: AuditedObject): Promise<void> {
    this.#pass.count('found', 'unreadable_files')
    this.#unreadable += 1
    const { data } = object.state
    if (data === undefined || this.#unreadable > UNREADABLE_MAX) return
    await policy.access.quarantine(object.hash, data, 'sectors of the file cannot be read')
    this.#ask(policy, object.hash)
  }

  /** They may be obsolete files about to be removed: settled at the end of the pass. */
  #noteStrays(policy: AuditedPolicy, leaf: string, names: ReadonlySet<string>): void {
    for (const name of names) {
      if (parseFileName(name) === undefined) this.#pass.count('found', 'foreign_files')
      else if (this.#strays.length < STRAYS_MAX) this.#strays.push({ policy, leaf, name })
    }
  }

  async #settleStrays(): Promise<void> {
    for (const { policy, leaf, name } of this.#strays.splice(0)) {
      await this.#gait.before({ files: 1 }, this.#how)
      const outcome = await policy.access.settleStray(leaf, name)
      if (typeof outcome !== 'string') this.#pass.count('waiting', 'disk_failures')
      else if (outcome !== 'gone') this.#strayed(policy, name, outcome)
    }
  }

  #strayed(policy: AuditedPolicy, name: string, outcome: 'leftover' | 'adopted' | 'quarantined'): void {
    if (outcome === 'leftover') return this.#pass.count('repaired', 'leftover_files')
    this.#options.log.error({ file: name, outcome }, 'a file that the index did not know')
    this.#pass.count('found', 'unknown_files')
    if (outcome === 'adopted') this.#pass.count('repaired', 'adopted')
    const hash = parseFileName(name)?.hash
    if (hash !== undefined) this.#ask(policy, hash)
  }

  /** Of the ranges that have entries, or whose digest says so. */
  async #digests({ access }: AuditedPolicy, leaf: string, ranges: ReadonlySet<string>): Promise<void> {
    for (const prefix of new Set([...ranges, ...access.occupiedRanges(leaf)])) {
      await this.#gait.before({ files: 0 }, this.#how)
      const verdict = await access.checkDigest(prefix, 'correct')
      if (verdict !== 'wrong') continue
      this.#options.log.error({ range: prefix }, 'the digest of a range was not that of its entries')
      this.#pass.count('found', 'wrong_digests')
      this.#pass.count('repaired', 'digests')
    }
  }

  #ask({ policyIndex }: AuditedPolicy, hash: string): void {
    this.#repairs.ask({ policyIndex, hash })
  }
}

function nameOf(leaf: number): string {
  return leaf.toString(16).padStart(2, '0')
}

function isFailure(outcome: unknown): outcome is DiskFailed {
  return (outcome as DiskFailed).kind === 'disk_failed'
}

/** A leaf that cannot be listed ends the pass: it goes on there when the device is well again. */
function expectDisk<Result extends object>(outcome: Result | DiskFailed): Result {
  if (isFailure(outcome)) throw new Error(`the device failed: ${outcome.reason}`)
  return outcome
}
