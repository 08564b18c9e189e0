/**
 * The audit of listings against objects, both ways: *dark* objects that no listing tells of, and *ghosts*, rows whose
 * object is gone from all its replicas. Each object is looked at by its first primary, each container by its own. What was
 * written lately may still be on its way and is left alone.
 *
 * Repair never loses anything: a dark object's row is queued again, as after its PUT; of a ghost exactly the version
 * of the row goes that no replica has an object for, so that a later PUT stands.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Index } from '#db/contract.ts'
import { afterHash } from '#db/hash-span.ts'
import type { DatabaseState } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { AuditedObject } from '#object-server/audit-access.ts'
import type { Notes } from '#object-server/device-notes.ts'
import { partsOfName } from '#object-server/object-rows.ts'
import type { Worker } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import { passWorker } from '#worker/pass.ts'
import { type AuditPass, auditPass, notedBy } from './audit-pass.ts'
import type { ListingWitness } from './listing-witness.ts'
import type { AuditedPolicy } from './object-auditor.ts'
import { pauseAfter } from './position.ts'

export interface ListingAuditorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly foreground: Foreground
  readonly policies: readonly AuditedPolicy[]
  readonly containers: Index<ObjectRow>
  readonly witness: ListingWitness
  readonly notes: Notes
  readonly namesPerSecond?: number | undefined
  /** What was written later than so long ago is left alone, milliseconds. */
  readonly graceMs: number
  readonly action: 'report' | 'repair'
  /** From the end of one pass to the beginning of the next, milliseconds. */
  readonly everyMs: number
}

/** Where a pass is: at a leaf of a policy, or at a container. */
interface Position {
  readonly version: number
  readonly policy?: number | undefined
  readonly leaf?: number | undefined
  readonly container?: string | undefined
  readonly completedMs?: number | undefined
}

const NOTE = 'audit/listing-auditor'
const VERSION = 1
const LEAVES = 256
const PAGE = 200
const FIRST_HASH = '0'.repeat(32)

/** Makes the worker of a device. */
export function createListingAuditor(options: ListingAuditorOptions): Worker {
  const kept = (): Position => notedBy<Position>(options.notes, NOTE, VERSION) ?? { version: VERSION }
  return passWorker({
    name: 'listing-auditor',
    clock: options.clock,
    log: options.log,
    unit: 'names',
    pauseMs: () => {
      const { leaf, container, completedMs } = kept()
      const isUnderWay = leaf !== undefined || container !== undefined
      return pauseAfter(isUnderWay ? undefined : completedMs, options.everyMs, options.clock.wallMs())
    },
    pass: (pass, how) =>
      new ListingPass(auditPass({ options, from: kept(), pass, how }, options.namesPerSecond)).run(),
  })
}

class ListingPass {
  readonly #parts: AuditPass<ListingAuditorOptions, Position>
  readonly #before: Timestamp

  constructor(parts: AuditPass<ListingAuditorOptions, Position>) {
    this.#parts = parts
    const { options } = parts
    const seconds = Math.max(0, (options.clock.wallMs() - options.graceMs) / 1000)
    this.#before = seconds.toFixed(5).padStart(16, '0') as Timestamp
  }

  async run(): Promise<'complete'> {
    const { notes, clock } = this.#parts.options
    if (this.#parts.from.container === undefined) await this.#objects()
    await this.#containers(this.#parts.from.container ?? FIRST_HASH)
    await notes.set(NOTE, { version: VERSION, completedMs: clock.wallMs() } satisfies Position)
    return 'complete'
  }

  async #objects(): Promise<void> {
    const first = this.#parts.from.policy ?? 0
    for (const [at, policy] of this.#parts.options.policies.entries()) {
      if (at < first) continue
      for (let leaf = at === first ? (this.#parts.from.leaf ?? 0) : 0; leaf < LEAVES; leaf += 1) {
        await this.#keep({ policy: at, leaf })
        await this.#leaf(policy, leaf.toString(16).padStart(2, '0'))
      }
    }
  }

  async #leaf(policy: AuditedPolicy, leaf: string): Promise<void> {
    if (policy.access.count(leaf) === 0) return
    for (let after: string | undefined; ; ) {
      await this.#parts.gait.before({ files: 0 }, this.#parts.how)
      const page = await policy.access.entries(leaf, after, PAGE)
      if ('kind' in page) throw new Error(`the device failed: ${page.reason}`)
      for (const object of page) await this.#object(policy, object)
      if (page.length < PAGE) return
      after = page.at(-1)?.hash
    }
  }

  async #object({ policyIndex, access }: AuditedPolicy, object: AuditedObject): Promise<void> {
    const { data, meta } = object.state
    if (data === undefined || (meta?.timestamp ?? data.timestamp) >= this.#before) return
    const told = await access.dataOf(object)
    if (told === undefined || 'kind' in told) return
    const name = partsOfName(told.object.name)
    const { witness } = this.#parts.options
    if (!witness.looksAfterObject(name, policyIndex)) return
    await this.#look()
    const answer = await witness.rowOf(name, policyIndex, data.timestamp)
    if (answer === 'told') return
    if (answer === 'unknown') return this.#parts.pass.count('waiting', 'unknown')
    const figure = answer === 'no_container' ? 'dark_without_container' : 'dark_objects'
    this.#parts.pass.count('found', figure)
    this.#parts.options.log.warn(
      { ...name, policy: policyIndex, figure },
      'an object that no listing tells of',
    )
    // Without its container the row would find no place.
    if (this.#parts.options.action === 'report' || answer === 'no_container') return
    const queued = await access.tellContainerAgain(object.hash)
    if (queued === true) this.#parts.pass.count('repaired', 'rows_queued')
  }

  async #containers(from: string): Promise<void> {
    const { containers, witness } = this.#parts.options
    for (let first: string | undefined = from; first !== undefined; ) {
      const page = await containers.databases({ first, end: undefined }, PAGE)
      for (const { hash, state } of page) {
        await this.#keep({ container: hash })
        const { account, container = '' } = state.info.name
        // Hidden accounts hold work lists, whose rows are no objects.
        if (account.startsWith('.') || !witness.looksAfterContainer(account, container)) continue
        await this.#container(state)
      }
      const last = page.at(-1)
      first = last === undefined || page.length < PAGE ? undefined : afterHash(last.hash)
    }
  }

  async #container(state: DatabaseState): Promise<void> {
    const { containers } = this.#parts.options
    for (const policyIndex of state.info.stats.keys()) {
      for (let marker = ''; ; ) {
        await this.#parts.gait.before({ files: 0 }, this.#parts.how)
        const query = { marker, limit: PAGE, direction: 'forward', reservedNames: 'shown' } as const
        const entries = await containers.list(state.info.name, policyIndex, query)
        const rows = entries.flatMap((entry) => (entry.kind === 'row' ? [entry.row] : []))
        for (const row of rows) await this.#row(state, policyIndex, row)
        const last = rows.at(-1)
        if (last === undefined || rows.length < PAGE) break
        marker = last.name
      }
    }
  }

  async #row({ info }: DatabaseState, policyIndex: number, row: ObjectRow): Promise<void> {
    const { witness } = this.#parts.options
    if (row.dataTimestamp >= this.#before || row.metaTimestamp >= this.#before) return
    await this.#look()
    const name = { account: info.name.account, container: info.name.container ?? '', object: row.name }
    const answer = await witness.objectOf(name, policyIndex)
    if (answer === 'exists') return
    if (answer === 'unknown') return this.#parts.pass.count('waiting', 'unknown')
    this.#parts.pass.count('found', 'ghost_rows')
    this.#parts.options.log.warn({ ...name, policy: policyIndex }, 'a row whose object is gone')
    if (this.#parts.options.action === 'report') return
    const removed = await witness.removeRow(name, policyIndex, row.dataTimestamp)
    this.#parts.pass.count(removed === 'removed' ? 'repaired' : 'waiting', 'rows_removed')
  }

  async #look(): Promise<void> {
    await this.#parts.gait.before({ files: 1 }, this.#parts.how)
    this.#parts.pass.count('found', 'names')
    this.#parts.pass.advance()
  }

  #keep(position: Omit<Position, 'version'>): Promise<void> {
    const { completedMs } = this.#parts.from
    return this.#parts.options.notes.set(NOTE, {
      version: VERSION,
      ...position,
      completedMs,
    } satisfies Position)
  }
}
