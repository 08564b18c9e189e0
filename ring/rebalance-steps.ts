/**
 * The steps that change an existing ring, each moving as little as it can. No step moves a second replica of a partition
 * (`PartitionLocks`): a partition keeps most of its replicas where they were until the moved one has arrived.
 */
import { NOWHERE, type Placement } from './placement.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Devices in a chain of moves between the full one and the wanting one. */
const MAX_LINKS = 2
/** Random replicas tried for the next link of a chain. */
const LINKS_TRIED = 32
/** Random replicas tried in a whole rebalance: about a second. */
const CHAIN_SAMPLES = 4_000_000

/**
 * Which replicas may move. Once one replica of a partition has moved, the others stay; the moved one may still be sent
 * somewhere else, for no data has followed it yet.
 */
export class PartitionLocks {
  readonly #locked: Uint8Array
  readonly #movedNow: Uint8Array

  constructor(partitionCount: number, slotCount: number) {
    this.#locked = new Uint8Array(partitionCount)
    this.#movedNow = new Uint8Array(slotCount)
  }

  lock(partition: number): void {
    this.#locked[partition] = 1
  }

  isLocked(partition: number): boolean {
    return this.#locked[partition] === 1
  }

  /** Notes that a replica moved in this rebalance. */
  moved(slot: number): void {
    this.#movedNow[slot] = 1
    this.lock(slot % this.#locked.length)
  }

  mayMove(slot: number): boolean {
    return this.#locked[slot % this.#locked.length] === 0 || this.#movedNow[slot] === 1
  }
}

export interface Step {
  readonly placement: Placement
  readonly locks: PartitionLocks
  readonly random: SeededRandom
  /** All partitions in random order. */
  readonly order: Uint32Array
}

/** Gives every replica without a device a home, the lock notwithstanding: data that is nowhere cannot wait. */
export function placeUnassigned({ placement, locks, random }: Step): void {
  const slots = slotsWhere(placement, (id) => id === placement.unassigned)
  random.shuffle(slots)
  for (const slot of slots) {
    const place = firstPlace(placement, slot)
    if (place === NOWHERE) throw new Error(`no device can take slot ${slot}`)
    placement.assign(slot, place)
    locks.moved(slot)
  }
}

function firstPlace(placement: Placement, slot: number): number {
  const wanting = placement.findPlace(slot, 'wanting')
  if (wanting !== NOWHERE) return wanting
  const planned = placement.findPlace(slot, 'planned')
  return planned === NOWHERE ? placement.findPlace(slot, 'distinct') : planned
}

function slotsWhere(placement: Placement, matches: (id: number) => boolean): Uint32Array {
  const found: number[] = []
  const { table } = placement
  for (let slot = 0; slot < table.length; slot += 1) if (matches(table[slot] as number)) found.push(slot)
  return Uint32Array.from(found)
}

/** Moves one replica of each partition whose replicas are closer together, or otherwise spread, than the plan says. */
export function spreadCrowded(step: Step): void {
  for (const partition of step.order) {
    if (step.locks.isLocked(partition) || !step.placement.isMisplaced(partition)) continue
    const slots = step.placement.slotsBySurplus(partition)
    if (!spreadOne(step, slots, 'wanting')) spreadOne(step, slots, 'planned')
  }
}

function spreadOne(
  { placement, locks }: Step,
  slots: readonly number[],
  choice: 'wanting' | 'planned',
): boolean {
  for (const slot of slots) {
    const place = placement.findBetterPlace(slot, choice)
    if (place === NOWHERE || placement.effectOfMove(slot, place) >= 0) continue
    placement.move(slot, place)
    locks.moved(slot)
    return true
  }
  return false
}

/**
 * Empties devices without quota, before anything else: each of their partitions must move, so none may be locked for the
 * sake of another device. A replica that no device wants is put where the plan allows, and balance is restored later.
 */
export function drain(step: Step): void {
  const { placement, locks } = step
  for (const partition of step.order) {
    const slot = placement.slotsBySurplus(partition)[0] as number
    if (placement.surplusShare(slot) < 1 || !locks.mayMove(slot)) continue
    const place = drainTarget(placement, slot)
    if (place === NOWHERE) continue
    placement.move(slot, place)
    locks.moved(slot)
  }
}

function drainTarget(placement: Placement, slot: number): number {
  const wanting = placement.findBetterPlace(slot, 'wanting')
  if (wanting !== NOWHERE) return wanting
  const planned = placement.findBetterPlace(slot, 'planned')
  return planned === NOWHERE ? placement.findPlace(slot, 'distinct') : planned
}

/** Moves replicas from devices above their quota straight to devices below theirs. */
export function shedSurplus(step: Step): void {
  for (const partition of step.order) {
    if (step.placement.wanted === 0) return
    shedOne(step, step.placement.slotsBySurplus(partition))
  }
}

function shedOne({ placement, locks }: Step, slots: readonly number[]): void {
  for (const slot of slots) {
    if (placement.surplusShare(slot) <= 0) return
    if (!locks.mayMove(slot)) continue
    const place = placement.findBetterPlace(slot, 'wanting')
    if (place === NOWHERE) continue
    placement.move(slot, place)
    locks.moved(slot)
    return
  }
}

/**
 * Where no replica of a full device fits a device that wants one, others help: one takes the full device's replica and
 * passes on one of its own, and so on in a chain of up to three moves. A link that had just moved is no extra move.
 */
export function shedByChains(step: Step): void {
  const budget = { left: CHAIN_SAMPLES }
  for (let links = 1; links <= MAX_LINKS; links += 1) {
    if (step.placement.wanted === 0) return
    const slots = slotsWhere(step.placement, (id) => (step.placement.surplus[id] as number) > 0)
    step.random.shuffle(slots)
    for (const slot of slots) {
      if (step.placement.wanted === 0 || budget.left <= 0) return
      if (step.placement.surplusShare(slot) > 0) passOn(step, slot, links, budget)
    }
  }
}

/** Sends a replica to a device that wants one, or to one that can pass on one of its own. Answers whether it did. */
function passOn(step: Step, slot: number, links: number, budget: { left: number }): boolean {
  const { placement, locks, random } = step
  if (!locks.mayMove(slot)) return false
  const place = placement.findBetterPlace(slot, 'wanting')
  if (place !== NOWHERE) {
    placement.move(slot, place)
    locks.moved(slot)
    return true
  }
  for (let count = 0; links > 0 && count < LINKS_TRIED; count += 1) {
    budget.left -= 1
    const viaSlot = random.below(placement.table.length)
    const via = placement.table[viaSlot] as number
    if (!canLink(step, slot, viaSlot) || !passOn(step, viaSlot, links - 1, budget)) continue
    if (!locks.mayMove(slot) || !placement.canTake(slot, via)) return true
    placement.move(slot, via)
    locks.moved(slot)
    return true
  }
  return false
}

function canLink({ placement, locks }: Step, slot: number, viaSlot: number): boolean {
  if (slot % placement.partitionCount === viaSlot % placement.partitionCount || !locks.mayMove(viaSlot))
    return false
  const via = placement.table[viaSlot] as number
  return placement.surplus[via] === 0 && placement.canTake(slot, via)
}
