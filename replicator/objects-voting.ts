/**
 * When may a replica count on what it has learnt from its peers? Pure. The rules, with their reasons, are in
 * `docs/consistency.md`.
 */
import { hasHeldVoice, isStaleVoice, type ReplicaVoice } from '#backend/sync-ledger.ts'

/** What was reached of one other holder of a partition. */
export interface HolderReached {
  readonly voice: ReplicaVoice
  /** Everything that it has is here now. */
  readonly extent: 'everything' | 'not_everything'
  /** Devices that the operator took out of the ring need not come back. */
  readonly standing: 'in_ring' | 'removed'
  /** `former`: the ring before the last change gave the partition to it. */
  readonly place: 'primary' | 'former'
  /** It does not know of that change yet: what is written by the ring of before counts it as a primary. */
  readonly isUnaware?: boolean
}

/**
 * What a stale replica has that was deleted while it was away:
 * - `before_majority`, `before_everybody`: what no synced peer has, if it is older than the time when a majority, or everybody,
 *   held the same.
 * - `before_given_up`: the only synced one has it no longer by the ring. It has given away what every primary had, so what it
 *   lacks need not be deleted. Only what nobody has who kept its data, and is older than a deletion that one of them gave up.
 */
export type SetAside = 'nothing' | 'before_majority' | 'before_everybody' | 'before_given_up'

export type Verdict =
  /** It may vote. */
  { readonly kind: 'synced'; readonly setAside: SetAside } | { readonly kind: 'not_yet' }

const NOT_YET: Verdict = { kind: 'not_yet' }

/** More than half. */
export function majorityOf(replicas: number): number {
  return Math.floor(replicas / 2) + 1
}

/**
 * `others`: the other holders, those of the ring before among them; `replicas`: how many the partition has.
 *
 * - A majority of synced holders knows of every acknowledged write and delete.
 * - A replica that was away kept its data: with it itself, a majority of the primaries that kept theirs misses nothing
 *   acknowledged, unless others were the primaries meanwhile. What was equal everywhere before, and a synced one has no
 *   more, was deleted. A replica that never held everything has nothing to keep.
 * - When everybody who can still come back was asked, nothing more can be learnt.
 * - What a former holder takes that does not know of the ring yet, it and one more have made acknowledged: its place is taken
 *   when it knows, and has been asked after that.
 */
export function judge(own: ReplicaVoice, others: readonly HolderReached[], replicas: number): Verdict {
  if (others.some(({ isUnaware }) => isUnaware === true)) return NOT_YET
  const reached = others.filter(({ extent }) => extent === 'everything')
  const synced = reached.filter(({ voice }) => voice === 'synced').length
  if (synced >= majorityOf(replicas))
    return { kind: 'synced', setAside: setAside(own, reached, 'before_majority') }
  const missing = others.filter(({ extent, standing }) => extent !== 'everything' && standing === 'in_ring')
  const kept = reached.filter(({ voice, place }) => place === 'primary' && hasHeldVoice(voice)).length
  const isMajority = hasHeldVoice(own) && 1 + kept >= majorityOf(replicas)
  const mayHaveBeenReplaced = missing.some(({ place }) => place === 'former')
  if (missing.length > 0 && (!isMajority || mayHaveBeenReplaced)) return NOT_YET
  return { kind: 'synced', setAside: setAside(own, reached, 'before_everybody') }
}

function setAside(own: ReplicaVoice, reached: readonly HolderReached[], since: SetAside): SetAside {
  const synced = reached.filter(({ voice }) => voice === 'synced')
  if (!isStaleVoice(own) || synced.length === 0) return 'nothing'
  return synced.some(({ place }) => place === 'primary') ? since : 'before_given_up'
}

/** Does what such a peer lacks speak for a deletion? */
export function isWitness(voice: ReplicaVoice, how: SetAside): boolean {
  return how === 'before_given_up' ? hasHeldVoice(voice) : voice === 'synced'
}

/** May objects be taken from a peer that is stale? Only when nobody could say what was deleted. */
export function takesFromStale(own: ReplicaVoice, others: readonly Pick<HolderReached, 'voice'>[]): boolean {
  return own !== 'synced' && !hasSynced(others)
}

function hasSynced(others: readonly Pick<HolderReached, 'voice'>[]): boolean {
  return others.some(({ voice }) => voice === 'synced')
}
