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

export type Verdict =
  /**
   * It may vote. Of a stale replica, what no synced peer has was deleted while it was away, if it is older than the time
   * when a majority, or everybody, held the same.
   */
  | { readonly kind: 'synced'; readonly setAside: 'nothing' | 'before_majority' | 'before_everybody' }
  | { readonly kind: 'not_yet' }

const NOT_YET: Verdict = { kind: 'not_yet' }

/** More than half. */
export function majorityOf(replicas: number): number {
  return Math.floor(replicas / 2) + 1
}

/**
 * `others`: the other holders, those of the ring before among them; `replicas`: how many the partition has.
 *
 * - A majority of synced holders knows of every acknowledged write and delete.
 * - A replica that was away kept its data: with it itself, a majority that kept theirs misses nothing acknowledged. What
 *   was equal everywhere before, and a synced one has no more, was deleted.
 * - When everybody who can still come back was asked, nothing more can be learnt.
 */
export function judge(own: ReplicaVoice, others: readonly HolderReached[], replicas: number): Verdict {
  const reached = others.filter(({ extent }) => extent === 'everything')
  const synced = reached.filter(({ voice }) => voice === 'synced').length
  const isStale = own === 'stale'
  if (synced >= majorityOf(replicas)) {
    return { kind: 'synced', setAside: isStale ? 'before_majority' : 'nothing' }
  }
  const kept = reached.filter(({ voice }) => voice !== 'joining').length
  const isMajority = own !== 'joining' && 1 + kept >= majorityOf(replicas)
  const isMissing = others.some(({ extent, standing }) => extent !== 'everything' && standing === 'in_ring')
  if (isMissing && !isMajority) return NOT_YET
  return { kind: 'synced', setAside: isStale && synced > 0 ? 'before_everybody' : 'nothing' }
}

/** May objects be taken from a peer that is stale? Only when nobody could say what was deleted. */
export function takesFromStale(own: ReplicaVoice, others: readonly Pick<HolderReached, 'voice'>[]): boolean {
  return own !== 'synced' && !hasSynced(others)
}

function hasSynced(others: readonly Pick<HolderReached, 'voice'>[]): boolean {
  return others.some(({ voice }) => voice === 'synced')
}
