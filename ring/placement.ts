/**
 * The table of a ring while it is being changed. Keeps, for every tier, how much more or less it holds than it should,
 * and finds places for replicas. A *slot* is one replica of one partition: replica * partitionCount + partition.
 *
 * Invariants: a device never holds a partition twice; `surplus` and the sums by node always agree with the table.
 */
import type { ReplicaPlan } from './replica-plan.ts'
import type { AssignmentRow } from './ring.ts'
import { DEVICE_LEVEL, LEVELS, ROOT, type Topology } from './topology.ts'

export interface PlacementInput {
  readonly topology: Topology
  readonly plan: ReplicaPlan
  readonly partitionCount: number
  /** By slot: device id, or `unassigned`. Changed in place. */
  readonly table: AssignmentRow
  /** By device id: how many partitions it is to hold. */
  readonly quotas: Int32Array
  readonly unassigned: number
}

/**
 * Which devices may take a replica. `wanting`: only those below their quota, within the plan. `planned`: any, within the
 * plan. `distinct`: any that does not hold the partition yet.
 */
export type Choice = 'wanting' | 'planned' | 'distinct'

/** No device at all. */
export const NOWHERE = -1
function nodesWhere(figures: Int32Array, matches: (figure: number) => boolean): number[] {
  return [...figures.keys()].filter((node) => matches(figures[node] as number))
}

/** Outweighs every difference in room: a tier that should have a replica of this partition and has none comes first. */
const NEEDED = 2 ** 40

export class Placement {
  readonly partitionCount: number
  readonly table: AssignmentRow
  readonly unassigned: number
  /** By device id: partitions held above (or, negative, below) the quota. */
  readonly surplus: Int32Array
  /** By node: what the devices below it still want; what they have too much is not set off against it. */
  readonly #room: Int32Array
  /** By node: quota less held, surplus of some devices set off against the wants of others. */
  readonly #slack: Int32Array
  readonly #quotas: Int32Array
  readonly #topology: Topology
  readonly #plan: ReplicaPlan
  readonly #slots: number[] = []
  /** Tiers in which every partition should have a replica; few, since a partition has few. */
  readonly #neededTiers: readonly number[]

  constructor(input: PlacementInput) {
    this.#quotas = input.quotas
    this.#topology = input.topology
    this.#plan = input.plan
    this.#neededTiers = nodesWhere(input.plan.least, (least) => least > 0).filter((node) => node !== ROOT)
    this.partitionCount = input.partitionCount
    this.table = input.table
    this.unassigned = input.unassigned
    this.surplus = input.quotas.map((quota) => -quota)
    for (const id of input.table)
      if (id !== input.unassigned) this.surplus[id] = (this.surplus[id] as number) + 1
    this.#room = new Int32Array(input.topology.nodeCount)
    this.#slack = new Int32Array(input.topology.nodeCount)
    for (let id = 0; id < this.surplus.length; id += 1) this.#addToSums(id)
  }

  #addToSums(id: number): void {
    const surplus = this.surplus[id] as number
    const leaf = this.#topology.paths[id * LEVELS] as number
    if (leaf < 0) return
    this.#addAlong(id, Math.max(0, -surplus), -surplus)
  }

  #addAlong(id: number, room: number, slack: number): void {
    const paths = this.#topology.paths
    this.#room[ROOT] = (this.#room[ROOT] as number) + room
    this.#slack[ROOT] = (this.#slack[ROOT] as number) + slack
    for (let at = id * LEVELS; at < (id + 1) * LEVELS; at += 1) {
      const node = paths[at] as number
      this.#room[node] = (this.#room[node] as number) + room
      this.#slack[node] = (this.#slack[node] as number) + slack
    }
  }

  /** What devices below their quota still want, all together. */
  get wanted(): number {
    return this.#room[ROOT] as number
  }

  /** Takes the replica away from its device. */
  clear(slot: number): void {
    const id = this.table[slot] as number
    this.table[slot] = this.unassigned
    const surplus = (this.surplus[id] as number) - 1
    this.surplus[id] = surplus
    this.#addAlong(id, surplus < 0 ? 1 : 0, 1)
  }

  /** Gives an unassigned replica to a device. */
  assign(slot: number, id: number): void {
    this.table[slot] = id
    const surplus = (this.surplus[id] as number) + 1
    this.surplus[id] = surplus
    this.#addAlong(id, surplus <= 0 ? -1 : 0, -1)
  }

  move(slot: number, id: number): void {
    this.clear(slot)
    this.assign(slot, id)
  }

  /** The part of what the slot's device holds that it is to give up: 1 for a device to be emptied, 0 or less for none. */
  surplusShare(slot: number): number {
    const id = this.table[slot] as number
    const surplus = this.surplus[id] as number
    return surplus <= 0 ? surplus : surplus / ((this.#quotas[id] as number) + surplus)
  }

  /**
   * The replicas of a partition, those on devices that are to give up the largest part of what they hold first. The list is
   * the caller's until the next call.
   */
  slotsBySurplus(partition: number): readonly number[] {
    const slots = this.#slots
    slots.length = 0
    for (let slot = partition; slot < this.table.length; slot += this.partitionCount) {
      const share = this.surplusShare(slot)
      let at = slots.length
      for (; at > 0 && this.surplusShare(slots[at - 1] as number) < share; at -= 1)
        slots[at] = slots[at - 1] as number
      slots[at] = slot
    }
    return slots
  }

  /** Replicas of the slot's partition in the tier `node`, the slot itself left out. */
  othersAt(slot: number, level: number, node: number): number {
    const paths = this.#topology.paths
    let count = 0
    for (let other = slot % this.partitionCount; other < this.table.length; other += this.partitionCount) {
      const id = this.table[other] as number
      if (other !== slot && id !== this.unassigned && paths[id * LEVELS + level] === node) count += 1
    }
    return count
  }

  /** How far the partition is from the plan in the tiers of one device, were the slot's replica there. */
  #misplacement(slot: number, level: number, node: number, here: 0 | 1): number {
    const count = this.othersAt(slot, level, node) + here
    return (
      Math.max(0, count - (this.#plan.most[node] as number)) +
      Math.max(0, (this.#plan.least[node] as number) - count)
    )
  }

  /** Change of the partition's distance from the plan if the slot's replica moved to `target`. Negative is better. */
  effectOfMove(slot: number, target: number): number {
    const paths = this.#topology.paths
    const source = this.table[slot] as number
    let effect = 0
    for (let level = 0; level < LEVELS; level += 1) {
      const from = paths[source * LEVELS + level] as number
      const to = paths[target * LEVELS + level] as number
      if (from === to) continue
      effect += this.#misplacement(slot, level, from, 0) - this.#misplacement(slot, level, from, 1)
      effect += this.#misplacement(slot, level, to, 1) - this.#misplacement(slot, level, to, 0)
    }
    return effect
  }

  /** Whether the partition's replicas lie otherwise than the plan says: too many in some tier, or too few. */
  isMisplaced(partition: number): boolean {
    for (let slot = partition; slot < this.table.length; slot += this.partitionCount) {
      if (this.#isCrowded(slot)) return true
    }
    return this.#neededTiers.some(
      (node) =>
        this.#countAt(partition, this.#topology.levels[node] as number, node) <
        (this.#plan.least[node] as number),
    )
  }

  #isCrowded(slot: number): boolean {
    const id = this.table[slot] as number
    for (let level = 0; level < LEVELS; level += 1) {
      const node = this.#topology.paths[id * LEVELS + level] as number
      if (this.othersAt(slot, level, node) >= (this.#plan.most[node] as number)) return true
    }
    return false
  }

  #countAt(partition: number, level: number, node: number): number {
    const id = this.table[partition] as number
    return (
      this.othersAt(partition, level, node) + (this.#topology.paths[id * LEVELS + level] === node ? 1 : 0)
    )
  }

  /** Whether the device does not hold the partition yet and the move brings it no further from the plan. */
  canTake(slot: number, id: number): boolean {
    const leaf = this.#topology.paths[id * LEVELS + DEVICE_LEVEL] as number
    if (this.table[slot] === id || this.othersAt(slot, DEVICE_LEVEL, leaf) > 0) return false
    return this.effectOfMove(slot, id) <= 0
  }

  /** A device for an unassigned replica, or a better one for an assigned replica that need not stay in any tier. */
  findPlace(slot: number, choice: Choice): number {
    return this.#descend(slot, ROOT, choice)
  }

  /** A device to which the replica can move without leaving a tier in which the plan needs it. */
  findBetterPlace(slot: number, choice: Choice): number {
    const id = this.table[slot] as number
    let within = ROOT
    for (let level = DEVICE_LEVEL; level >= 0 && within === ROOT; level -= 1) {
      const node = this.#topology.paths[id * LEVELS + level] as number
      if (this.othersAt(slot, level, node) < (this.#plan.least[node] as number)) within = node
    }
    return this.#descend(slot, within, choice)
  }

  /** The roomiest device below `node` that may take the replica, trying the next best tier where one leads nowhere. */
  #descend(slot: number, node: number, choice: Choice): number {
    const id = this.#topology.deviceOf[node] as number
    if (id >= 0) return id === this.table[slot] ? NOWHERE : id
    const triedInVain: number[] = []
    for (;;) {
      const child = this.#roomiestChild(slot, node, choice, triedInVain)
      if (child === NOWHERE) return NOWHERE
      const found = this.#descend(slot, child, choice)
      if (found !== NOWHERE) return found
      triedInVain.push(child)
    }
  }

  #roomiestChild(slot: number, node: number, choice: Choice, excluded: readonly number[]): number {
    const level = (this.#topology.levels[node] as number) + 1
    const room = choice === 'wanting' ? this.#room : this.#slack
    let best = NOWHERE
    let bestScore = choice === 'wanting' ? 0 : -Infinity
    for (const child of this.#topology.children[node] as readonly number[]) {
      const most = this.#plan.most[child] as number
      if (most === 0 || excluded.includes(child)) continue
      const least = this.#plan.least[child] as number
      let score = room[child] as number
      if (choice === 'wanting' && score <= 0) continue
      if (least === 0 && score <= bestScore) continue
      const count = this.othersAt(slot, level, child)
      if (count >= most && (choice !== 'distinct' || level === DEVICE_LEVEL)) continue
      if (count < least) score += NEEDED
      if (score > bestScore) {
        best = child
        bestScore = score
      }
    }
    return best
  }

  /** Exchanges the devices of two replicas if both partitions stay within the plan. Answers whether it did. */
  exchange(first: number, second: number): boolean {
    const [a, b] = [this.table[first] as number, this.table[second] as number]
    if (a === b || first % this.partitionCount === second % this.partitionCount) return false
    for (let level = 0; level < LEVELS; level += 1) {
      const tierA = this.#topology.paths[a * LEVELS + level] as number
      const tierB = this.#topology.paths[b * LEVELS + level] as number
      if (tierA === tierB) continue
      if (!this.#fits(first, level, tierA, tierB) || !this.#fits(second, level, tierB, tierA)) return false
    }
    this.table[first] = b
    this.table[second] = a
    return true
  }

  /** Whether the slot's partition may have one replica less in `left` and one more in `entered`. */
  #fits(slot: number, level: number, left: number, entered: number): boolean {
    if (this.othersAt(slot, level, entered) >= (this.#plan.most[entered] as number)) return false
    return this.othersAt(slot, level, left) >= (this.#plan.least[left] as number)
  }
}
