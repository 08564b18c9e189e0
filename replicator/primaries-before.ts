/** Whom the ring before the last change gave a partition to. Pure. */

import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'

export interface RingsInTurn {
  readonly ring: Ring
  /** That before the last change, while it is not let go. */
  readonly previous: Ring | undefined
}

/** By the number that the partition has in the ring of now, which may have a larger part power; none when that ring is let go. */
export function primariesBefore({ ring, previous }: RingsInTurn, partition: number): readonly RingDevice[] {
  if (previous === undefined || previous.partPower > ring.partPower) return []
  return previous.primaries(partition >>> (ring.partPower - previous.partPower))
}
