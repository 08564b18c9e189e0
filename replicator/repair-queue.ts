/**
 * What cannot wait for the next sweep of the replicator: single copies to be made good, and partitions to be done first.
 * Held in memory and bounded; what is lost with the process, or does not fit, is found again by the sweeps, because the
 * digests differ.
 */
import type { CopyToRepair, ObjectRepairs, RepairOutcome } from '#object-server/replication/repairs.ts'

/** Copies that wait at most, to be made good and to be spread; beyond, the sweep finds them. */
const COPIES_MAX = 10_000

interface WaitingCopy extends CopyToRepair {
  readonly promise: Promise<RepairOutcome>
  readonly settle: (outcome: RepairOutcome) => void
}

/** Why a pass is wanted soon: a bad copy, a partition that changed, a new ring. */
export type Urgency = 'copy' | 'partition' | 'ring'

export class RepairQueue implements ObjectRepairs {
  readonly #copies = new Map<string, WaitingCopy>()
  readonly #partitions = new Map<number, Set<number>>()
  readonly #spreads = new Map<string, CopyToRepair>()
  #wake: (urgency: Urgency) => void = () => {}

  /** Whom to tell that something waits; the last one told counts. */
  onUrgent(wake: (urgency: Urgency) => void): void {
    this.#wake = wake
    if (this.#copies.size + this.#spreads.size > 0) wake('copy')
    else if (this.#partitions.size > 0) wake('partition')
  }

  /** Asks for a pass soon: the ring has changed. */
  nudge(): void {
    this.#wake('ring')
  }

  /** Copies that wait or are being made good. */
  get waiting(): number {
    return this.#copies.size
  }

  repair(copy: CopyToRepair): Promise<RepairOutcome> {
    const key = keyOf(copy)
    const known = this.#copies.get(key)
    if (known !== undefined) return known.promise
    if (this.#copies.size >= COPIES_MAX) return Promise.resolve('failed')
    const { promise, resolve } = Promise.withResolvers<RepairOutcome>()
    this.#copies.set(key, { policyIndex: copy.policyIndex, hash: copy.hash, promise, settle: resolve })
    this.#wake('copy')
    return promise
  }

  hurry(policyIndex: number, partition: number): void {
    const known = this.#partitions.get(policyIndex)
    if (known?.has(partition) === true) return
    if (known === undefined) this.#partitions.set(policyIndex, new Set([partition]))
    else known.add(partition)
    this.#wake('partition')
  }

  spread(copy: CopyToRepair): void {
    if (this.#spreads.size >= COPIES_MAX || this.#spreads.has(keyOf(copy))) return
    this.#spreads.set(keyOf(copy), copy)
    this.#wake('copy')
  }

  /** Objects of a policy to be brought to others, oldest first; they count as taken. */
  takeSpreads(policyIndex: number): readonly CopyToRepair[] {
    const taken = [...this.#spreads.values()].filter((copy) => copy.policyIndex === policyIndex)
    for (const copy of taken) this.#spreads.delete(keyOf(copy))
    return taken
  }

  /** Copies of a policy that wait, oldest first. They stay until they are settled. */
  copies(policyIndex: number): readonly CopyToRepair[] {
    return [...this.#copies.values()]
      .filter((copy) => copy.policyIndex === policyIndex)
      .map(({ hash }) => ({ policyIndex, hash }))
  }

  /** Tells whoever asked what became of a copy. */
  settle(copy: CopyToRepair, outcome: RepairOutcome): void {
    const key = keyOf(copy)
    const waiting = this.#copies.get(key)
    if (waiting === undefined) return
    this.#copies.delete(key)
    waiting.settle(outcome)
  }

  /** Partitions of a policy to be done first; they count as taken. */
  takePartitions(policyIndex: number): ReadonlySet<number> {
    const taken = this.#partitions.get(policyIndex)
    this.#partitions.delete(policyIndex)
    return taken ?? new Set()
  }
}

function keyOf(copy: CopyToRepair): string {
  return `${copy.policyIndex} ${copy.hash}`
}
