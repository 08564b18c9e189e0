/**
 * When may a replica count on what it has learnt from its peers? Pure. The rules, with their reasons, are in
 * `docs/consistency.md`.
 */
import type { ReplicaVoice } from '#backend/sync-ledger.ts'

/** What was reached of one other holder of a partition. */
export interface HolderReached {
  readonly voice: ReplicaVoice
  /** Everything that it has is here now. */
  readonly extent: 'everything' | 'not_everything'
  /** Devices that the operator took out of the ring need not come back. */
  readonly standing: 'in_ring' | 'removed'
}

/** What this replica is before. */
export interface OwnStanding {
  readonly voice: ReplicaVoice
  /** `unbroken`: a primary all the time, without whom no tombstone was forgotten. */
  readonly tenure: 'unbroken' | 'newcomer'
}

export type Verdict =
  /** It may vote. Of a stale replica: what no synced peer has was deleted while it was away. */
  { readonly kind: 'synced'; readonly leftovers: 'set_aside' | 'keep' } | { readonly kind: 'not_yet' }

const NOT_YET: Verdict = { kind: 'not_yet' }

/** More than half. */
export function majorityOf(replicas: number): number {
  return Math.floor(replicas / 2) + 1
}

/**
 * `others`: the other holders, those of the ring before among them; `replicas`: how many the partition has.
 *
 * - A majority of synced holders knows of every acknowledged write and delete.
 * - A stale replica kept its data: with it itself half of that majority may be stale, and still nothing acknowledged is
 *   missed. What it kept was not deleted and forgotten, because without it no tombstone was.
 * - When everybody who can still come back was asked, nothing more can be learnt.
 */
export function judge(own: OwnStanding, others: readonly HolderReached[], replicas: number): Verdict {
  const reached = others.filter(({ extent }) => extent === 'everything')
  const synced = reached.filter(({ voice }) => voice === 'synced').length
  const majority = majorityOf(replicas)
  const isStale = own.voice === 'stale'
  if (synced >= majority) return { kind: 'synced', leftovers: isStale ? 'set_aside' : 'keep' }
  if (own.voice !== 'joining' && own.tenure === 'unbroken') {
    const kept = reached.filter(({ voice }) => voice !== 'joining').length
    if (1 + kept >= majority) return { kind: 'synced', leftovers: 'keep' }
  }
  const isMissing = others.some(({ extent, standing }) => extent !== 'everything' && standing === 'in_ring')
  if (isMissing) return NOT_YET
  const isNewcomer = isStale && own.tenure === 'newcomer' && synced > 0
  return { kind: 'synced', leftovers: isNewcomer ? 'set_aside' : 'keep' }
}

/** May objects be taken from a peer that is stale? Only when too few others could say what was deleted. */
export function takesFromStale(
  own: ReplicaVoice,
  others: readonly Pick<HolderReached, 'voice'>[],
  replicas: number,
): boolean {
  return own !== 'synced' && others.filter(({ voice }) => voice === 'synced').length < majorityOf(replicas)
}
