/**
 * The audit of the account and container indexes of a device: every database is read back and held against its own
 * counters, digests and change log. One that is not what it says is quarantined whole: its hash is *joining*, durably,
 * a copy is kept in a store of its own, then it is removed, and replication brings it anew. That is done only while another
 * synced replica has it; the last one is left as it is, and reported.
 */
import { rangeOfHash } from '#backend/range-states.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import type { Clock, KvEngine, KvStore } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Index } from '#db/contract.ts'
import { auditDatabase, copyDatabase, type DatabaseVerdict } from '#db/database-audit.ts'
import { afterHash } from '#db/hash-span.ts'
import type { DatabaseName } from '#db/info.ts'
import type { RowForm } from '#db/row-kind.ts'
import type { Notes } from '#object-server/device-notes.ts'
import type { Worker } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import { passWorker } from '#worker/pass.ts'
import { type AuditPass, auditPass, notedBy } from './audit-pass.ts'
import { pauseAfter } from './position.ts'

/** The accounts, or the containers, of a device. */
export interface AuditedIndex<Row> {
  readonly server: 'account' | 'container'
  readonly store: KvStore
  readonly index: Index<Row>
  readonly kind: RowForm<Row>
  readonly states: ReplicaStates
  /** Directory in which a quarantined database gets a store of its own. */
  readonly quarantinePath: string
  /** How many other replicas are synced and have the database. */
  readonly othersWith: (name: DatabaseName) => Promise<number>
}

export interface DatabaseAuditorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly foreground: Foreground
  readonly kv: KvEngine
  readonly indexes: readonly AuditedIndex<unknown>[]
  readonly notes: Notes
  readonly rowsPerSecond?: number | undefined
  /** From the end of one pass to the beginning of the next, milliseconds. */
  readonly everyMs: number
}

interface Position {
  readonly version: number
  /** Which index, and the first hash that is not done; none after a pass that was completed. */
  readonly index?: number | undefined
  readonly first?: string | undefined
  readonly completedMs?: number | undefined
}

const NOTE = 'audit/database-auditor'
const VERSION = 1
const FIRST_HASH = '0'.repeat(32)
const PAGE = 100
/** Times that a database which is being written to is copied before it is left for the next pass. */
const COPIES_MAX = 5

/** Makes the worker of a device. */
export function createDatabaseAuditor(options: DatabaseAuditorOptions): Worker {
  const kept = (): Position => notedBy<Position>(options.notes, NOTE, VERSION) ?? { version: VERSION }
  return passWorker({
    name: 'database-auditor',
    clock: options.clock,
    log: options.log,
    unit: 'databases',
    pauseMs: () => {
      const { first, completedMs } = kept()
      return pauseAfter(
        first === undefined ? completedMs : undefined,
        options.everyMs,
        options.clock.wallMs(),
      )
    },
    pass: (pass, how) =>
      new DatabasePass(auditPass({ options, from: kept(), pass, how }, options.rowsPerSecond)).run(),
  })
}

class DatabasePass {
  readonly #parts: AuditPass<DatabaseAuditorOptions, Position>

  constructor(parts: AuditPass<DatabaseAuditorOptions, Position>) {
    this.#parts = parts
  }

  async run(): Promise<'complete'> {
    const { indexes, notes, clock } = this.#parts.options
    const start = this.#parts.from.index ?? 0
    for (const [at, index] of indexes.entries()) {
      if (at >= start)
        await this.#index(index, at, at === start ? (this.#parts.from.first ?? FIRST_HASH) : FIRST_HASH)
    }
    await notes.set(NOTE, { version: VERSION, completedMs: clock.wallMs() } satisfies Position)
    return 'complete'
  }

  async #index(index: AuditedIndex<unknown>, at: number, from: string): Promise<void> {
    for (let first: string | undefined = from; first !== undefined; ) {
      const page = await index.index.databases({ first, end: undefined }, PAGE)
      for (const { hash } of page) {
        try {
          await this.#database(index, hash)
        } catch (error) {
          await this.#keep(at, hash)
          throw error
        }
        this.#parts.pass.advance()
      }
      const last = page.at(-1)
      first = last === undefined || page.length < PAGE ? undefined : afterHash(last.hash)
      if (first !== undefined) await this.#keep(at, first)
    }
  }

  #keep(index: number, first: string): Promise<void> {
    const { completedMs } = this.#parts.from
    return this.#parts.options.notes.set(NOTE, {
      version: VERSION,
      index,
      first,
      completedMs,
    } satisfies Position)
  }

  async #database(index: AuditedIndex<unknown>, hash: string): Promise<void> {
    const verdict = await this.#read(index, hash)
    this.#parts.pass.count('found', `${index.server}s`)
    switch (verdict.kind) {
      case 'sound':
        return this.#parts.pass.count('found', 'rows', verdict.rows)
      case 'gone':
        return
      case 'nameless':
        this.#parts.options.log.error({ server: index.server, hash }, 'the head of a database cannot be read')
        return this.#parts.pass.count('found', 'unreadable_databases')
      case 'damaged':
        return await this.#quarantine(index, hash, verdict)
    }
  }

  async #read({ store, kind }: AuditedIndex<unknown>, hash: string): Promise<DatabaseVerdict> {
    const before = (rows: number): Promise<void> => this.#parts.gait.before({ files: rows }, this.#parts.how)
    return await auditDatabase({ store, kind, before }, Buffer.from(hash, 'hex'))
  }

  async #quarantine(
    index: AuditedIndex<unknown>,
    hash: string,
    { reason, info }: Extract<DatabaseVerdict, { readonly kind: 'damaged' }>,
  ): Promise<void> {
    const { log } = this.#parts.options
    const { server } = index
    this.#parts.pass.count('found', 'damaged_databases')
    const others = await index.othersWith(info.name)
    log.error({ server, hash, reason, others }, 'a database is not what it says')
    if (others === 0) return this.#parts.pass.count('waiting', 'damaged_and_alone')
    // The replicator may be comparing this very database: what it found before the removal is worth nothing after it.
    const release = await index.states.holdJoining(rangeOfHash(hash))
    try {
      const removed = await this.#removeWithCopy(index, hash, info.name)
      this.#parts.pass.count(removed ? 'repaired' : 'waiting', 'quarantined_databases')
    } finally {
      release()
    }
  }

  /** Nothing that is written meanwhile may go with it: what has changed since the copy is copied again. */
  async #removeWithCopy(index: AuditedIndex<unknown>, hash: string, name: DatabaseName): Promise<boolean> {
    const { kv, clock } = this.#parts.options
    const target = await kv.open(`${index.quarantinePath}/${hash}-${Math.floor(clock.wallMs())}`)
    try {
      for (let copy = 0; copy < COPIES_MAX; copy += 1) {
        const copied = (await index.index.state(name))?.info.sequence
        await copyDatabase(index.store, Buffer.from(hash, 'hex'), target)
        const outcome = await index.index.remove(name, ({ info }) => info.sequence === copied)
        if (outcome === 'removed') return true
      }
      return false
    } finally {
      await target.close()
    }
  }
}
