/**
 * The side of a replica that lets others read without asking it (`docs/decisions/0021-read-leases.md`). A grant says: who had
 * this digest of a range misses nothing that is here; and until the lease is over, whoever writes here is told who reads,
 * so that a write that the reader missed is not acknowledged before.
 *
 * In memory: a replica that starts anew says for a while that others may still read by what it granted before.
 */
import type { Clock, Random } from '#base/environment.ts'
import { ANY_HOLDER } from '#base/extensions.ts'
import type { ObjectState } from '../object-state.ts'
import type { ReplicaAccess } from '../replica-access.ts'
import type { AskedRange, LeaseAnswer, LeaseRequest } from './lease-messages.ts'
import type { LeaseTerms } from './lease-terms.ts'

/** Holders that did not ask for so long are forgotten, milliseconds. */
const FORGOTTEN_AFTER_MS = 60_000
/** Entries that are looked at for one request. */
const LOOKED_AT_MAX = 2_000
const EPOCH_BYTES = 8

export interface LeaseGrantsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly replica: ReplicaAccess
  /** May this replica vote on everything that it has? Nothing is granted otherwise. */
  readonly isVoter: () => boolean
  /** Does the ring give the range to this replica? Of what it gives to others it may not hear. */
  readonly owns: (range: number) => boolean
  readonly terms: Pick<LeaseTerms, 'leaseMs'>
}

/** Who may read a range for how long, milliseconds from now; `ANY_HOLDER` for who was granted it before this one started. */
export interface ReadLease {
  readonly holder: string
  readonly leftMs: number
}

interface Holder {
  readonly session: string
  readonly epoch: string
  untilMs: number
  readonly granted: Set<number>
  /** By the number under which the holder is told. */
  readonly revoked: Map<number, number>
  number: number
}

export class LeaseGrants {
  readonly #options: LeaseGrantsOptions
  readonly #startedMs: number
  readonly #holders = new Map<string, Holder>()
  /** Ranges in which nothing was lost. */
  readonly #whole = new Set<number>()

  constructor(options: LeaseGrantsOptions) {
    this.#options = options
    this.#startedMs = options.clock.monotonicMs()
    options.replica.ranges.onChange((range, state) => this.#changed(range, state))
  }

  /** `undefined` while this replica may not vote. Rejects with the errors of the index. */
  async grant({ holder: name, session, seen, asked }: LeaseRequest): Promise<LeaseAnswer | undefined> {
    const { clock, isVoter, terms } = this.#options
    await this.#lookForLosses(asked)
    if (!isVoter()) return undefined
    // From here on nothing waits: what is granted, and until when, is of one moment.
    const holder = this.#holderOf(name, session)
    holder.untilMs = clock.monotonicMs() + terms.leaseMs
    for (const [range, number] of holder.revoked) if (number <= seen) holder.revoked.delete(range)
    for (const range of holder.granted) if (!this.#options.owns(range)) revoke(holder, range)
    const granted = asked.filter((one) => this.#isEqual(one)).map(([range]) => range)
    for (const range of granted) holder.granted.add(range)
    return { epoch: holder.epoch, number: holder.number, revoked: [...holder.revoked.keys()], granted }
  }

  /** Does nobody read by a lease? */
  get isIdle(): boolean {
    return this.#holders.size === 0 && this.#startingLeftMs() <= 0
  }

  /** Who may read this range by itself without knowing what was just written here. */
  on(range: number): readonly ReadLease[] {
    const nowMs = this.#options.clock.monotonicMs()
    const leases: ReadLease[] = []
    for (const [holder, { untilMs, granted, revoked }] of this.#holders) {
      const isHeld = untilMs > nowMs && (granted.has(range) || revoked.has(range))
      if (isHeld) leases.push({ holder, leftMs: untilMs - nowMs })
    }
    const leftMs = this.#startingLeftMs()
    if (leftMs > 0) leases.push({ holder: ANY_HOLDER, leftMs })
    return leases
  }

  /** How long somebody may yet read by what was granted before this replica started, milliseconds. */
  #startingLeftMs(): number {
    const { clock, terms } = this.#options
    return this.#startedMs + terms.leaseMs - clock.monotonicMs()
  }

  #changed(range: number, { lost }: ObjectState): void {
    if (lost !== undefined) this.#whole.delete(range)
    for (const holder of this.#holders.values()) revoke(holder, range)
  }

  #holderOf(name: string, session: string): Holder {
    const known = this.#holders.get(name)
    if (known?.session === session) return known
    this.#forgetIdle()
    const epoch = this.#options.random.bytes(EPOCH_BYTES).toString('hex')
    const holder = { session, epoch, untilMs: 0, granted: new Set<number>(), revoked: new Map(), number: 0 }
    this.#holders.set(name, holder)
    return holder
  }

  #forgetIdle(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [name, { untilMs }] of this.#holders) {
      if (untilMs + FORGOTTEN_AFTER_MS < nowMs) this.#holders.delete(name)
    }
  }

  /** Of what was lost here nothing says any more how new it was: who has the same may miss it. */
  #isEqual([range, digest]: AskedRange): boolean {
    const { replica, owns } = this.#options
    return this.#whole.has(range) && owns(range) && replica.sum(range)?.digest.toString('hex') === digest
  }

  /** Each range once, a few at a time. */
  async #lookForLosses(asked: readonly AskedRange[]): Promise<void> {
    const { replica } = this.#options
    let left = LOOKED_AT_MAX
    for (const [range, digest] of asked) {
      const sum = replica.sum(range)
      if (this.#whole.has(range) || sum?.digest.toString('hex') !== digest) continue
      left -= sum.count
      if (left < 0) return
      await this.#look(range)
    }
  }

  async #look(range: number): Promise<void> {
    // What is lost while it is looked at takes it out again.
    this.#whole.add(range)
    for await (const { state } of this.#options.replica.below(range.toString(16).padStart(4, '0'))) {
      if (state.lost !== undefined) this.#whole.delete(range)
    }
  }
}

function revoke(holder: Holder, range: number): void {
  if (!holder.granted.delete(range)) return
  holder.number += 1
  holder.revoked.set(range, holder.number)
}
