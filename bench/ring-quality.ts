/** What a ring is worth, read from its file alone, so that rings of every builder are judged by the same measure. */
import { readFileSync } from 'node:fs'
import { worstBalance } from '#ring/balance.ts'
import { builderFromRing } from '#ring/builder.ts'
import { dispersionOf } from '#ring/dispersion.ts'
import type { Ring } from '#ring/ring.ts'
import { parseRing } from '#ring/ring-file.ts'

export interface RingQuality {
  /** The device that is furthest from its share by weight, per cent. */
  readonly balance: number
  /** Replicas closer together than they could be, per cent. */
  readonly dispersion: number
}

/** Throws when the file is no ring. */
export function readRingFile(file: string): Ring {
  const parsed = parseRing(readFileSync(file))
  if (parsed.kind === 'broken') throw new Error(`${file}: ${parsed.reason}`)
  return parsed.ring
}

/** Both by the definitions of OpenStack Swift (`ring/balance.ts`, `ring/dispersion.ts`). */
export function qualityOf(ring: Ring): RingQuality {
  const builder = builderFromRing(ring, 0)
  return { balance: worstBalance(builder), dispersion: dispersionOf(builder).dispersion }
}

/** Replicas on a device that did not hold their partition before. */
export function movedBetween(before: Ring, after: Ring): number {
  let moved = 0
  for (let partition = 0; partition < after.partitionCount; partition += 1) {
    for (const row of after.assignments) {
      const id = row[partition]
      if (id !== undefined && !before.assignments.some((old) => old[partition] === id)) moved += 1
    }
  }
  return moved
}

/** What must move in any case: the shares by weight of the devices that were not there before. */
export function leastMoved(before: Ring, after: Ring): number {
  const present = after.devices.filter((device) => device !== undefined)
  const weights = present.reduce((sum, { weight }) => sum + weight, 0)
  const added = present.filter(({ id }) => before.devices[id] === undefined)
  const addedWeight = added.reduce((sum, { weight }) => sum + weight, 0)
  return (after.partitionCount * after.replicaCount * addedWeight) / weights
}
