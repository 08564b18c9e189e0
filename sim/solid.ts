/** Which attempts every majority of primaries must know of. */
import type { Cluster } from './cluster.ts'
import type { Attempt, ObjectHistory } from './history.ts'
import { nameOfPath } from './object-names.ts'

const MAJORITY = 2

/**
 * An attempt is solid when a majority of the primaries said that they have it: so every quorum, and every majority that
 * proves something, has one of them. What lies on handoffs is not.
 */
export function isSolid(cluster: Cluster, { path }: ObjectHistory): (attempt: Attempt) => boolean {
  const primaries = cluster.primaries('object', nameOfPath(path))
  return ({ holders }) => primaries.filter(({ ip }) => holders.has(ip)).length >= MAJORITY
}
